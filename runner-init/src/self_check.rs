//! `runner-init --self-check`: whether an image has what a task needs. A build runs it once in each new image, before
//! any task uses that image.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::config::{HOOKS, TaskConfig, User};

/// The programs that steps and actions call, anywhere on the PATH.
const TOOLS: [&str; 9] = ["bash", "curl", "git", "jq", "python3", "sudo", "tar", "unzip", "zstd"];

/// In the runner program's folder: its two halves, and the Node.js that each version has (`hashFiles()` runs on it).
const PROGRAMS: [&str; 3] = ["bin/Runner.Listener", "bin/Runner.Worker", "externals/node20/bin/node"];

/// The settings of an image by itself. Stand-ins replace those that come with `RunTask`.
pub fn config(lookup: impl Fn(&str) -> Option<String>) -> Result<TaskConfig, String> {
    let with_stand_ins = |name: &str| match name {
        fleet::launch::TICKET_VARIABLE => Some("none".to_owned()),
        fleet::launch::REGISTRAR_URL_VARIABLE => Some("https://registrar.invalid".to_owned()),
        _ => lookup(name),
    };
    TaskConfig::read(with_stand_ins).map_err(|problems| problems.iter().collect::<Vec<_>>().join("; "))
}

/// The first thing that a task needs and that is missing or wrong. `path` is the PATH; `hooks` are [`HOOKS`], except in a test.
pub fn check(config: &TaskConfig, path: &str, hooks: &[PathBuf]) -> Result<(), String> {
    let day = config.runner_current_on.map(drop);
    day.ok_or("MAYFLY_RUNNER_CURRENT_ON is not set: an alarm counts the days since then")?;
    let folder = config.program.parent().unwrap_or(Path::new("/"));
    let programs = PROGRAMS.iter().map(|name| folder.join(name));
    for file in programs.chain([config.program.clone()]).chain(hooks.iter().cloned()) {
        executable(config.user, &file)?;
    }
    for owned in [config.home.clone(), config.home.join("_work"), config.home.join("externals")] {
        owned_by(config.user, &owned)?;
    }
    is_folder(&config.tool_cache)?;
    for tool in TOOLS {
        let found =
            path.split(':').any(|folder| executable(config.user, &Path::new(folder).join(tool)).is_ok());
        found.then_some(()).ok_or_else(|| format!("{tool} is not on the PATH"))?;
    }
    Ok(())
}

/// The hooks of Mayfly's images.
pub fn hooks() -> [PathBuf; 2] {
    HOOKS.map(PathBuf::from)
}

fn look(path: &Path) -> Result<Metadata, String> {
    std::fs::metadata(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Checks that the runner's user may run it.
fn executable(user: User, path: &Path) -> Result<(), String> {
    let it = look(path)?;
    let bit = if it.uid() == user.uid {
        0o100
    } else if it.gid() == user.gid {
        0o010
    } else {
        0o001
    };
    let User { uid, gid } = user;
    let is = it.is_file() && it.mode() & bit != 0;
    is.then_some(()).ok_or_else(|| format!("{}: {uid}:{gid} may not run it", path.display()))
}

fn is_folder(path: &Path) -> Result<Metadata, String> {
    let it = look(path)?;
    if it.is_dir() { Ok(it) } else { Err(format!("{}: is not a folder", path.display())) }
}

fn owned_by(user: User, path: &Path) -> Result<(), String> {
    let it = is_folder(path)?;
    let User { uid, gid } = user;
    let is = (it.uid(), it.gid()) == (uid, gid);
    is.then_some(()).ok_or_else(|| {
        format!("{}: belongs to {}:{}, but must belong to {uid}:{gid}", path.display(), it.uid(), it.gid())
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use rustix::process::{getgid, getuid};
    use tempfile::TempDir;

    use super::*;

    const HOOK_FILES: [&str; 2] = ["started.sh", "completed.sh"];

    /// An image in a folder that belongs to the test's user.
    struct Image(TempDir);

    impl Image {
        fn whole() -> Self {
            let image = Self(tempfile::tempdir().unwrap());
            let home = ["run.sh", PROGRAMS[0], PROGRAMS[1], PROGRAMS[2]].map(|it| format!("home/{it}"));
            let tools = TOOLS.map(|it| format!("bin/{it}"));
            for program in home.iter().chain(&tools).chain(&HOOK_FILES.map(str::to_owned)) {
                let file = image.path(program);
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::write(&file, "").unwrap();
                fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
            }
            for folder in ["home/_work", "tools"] {
                fs::create_dir_all(image.path(folder)).unwrap();
            }
            image
        }

        fn path(&self, below: &str) -> PathBuf {
            self.0.path().join(below)
        }

        fn checked(&self, user: User, current_on: Option<&str>) -> Result<(), String> {
            let shown = |below: &str| Some(self.path(below).display().to_string());
            let mut config = config(|name| match name {
                "MAYFLY_RUNNER_HOME" => shown("home"),
                "MAYFLY_RUNNER_CURRENT_ON" => current_on.map(str::to_owned),
                "RUNNER_TOOL_CACHE" => shown("tools"),
                _ => None,
            })?;
            // No setting may name root, but the test may run as root.
            config.user = user;
            check(&config, &shown("bin").unwrap(), &HOOK_FILES.map(|it| self.path(it)))
        }
    }

    fn own() -> User {
        User { uid: getuid().as_raw(), gid: getgid().as_raw() }
    }

    #[test]
    fn a_complete_image_has_no_problem() {
        assert_eq!(Image::whole().checked(own(), Some("2026-11-01")), Ok(()));
    }

    #[test]
    fn what_is_missing_is_named() {
        for (gone, said) in [
            ("home/run.sh", "home/run.sh: No such file or directory (os error 2)"),
            (
                "home/externals/node20/bin/node",
                "home/externals/node20/bin/node: No such file or directory (os error 2)",
            ),
            ("started.sh", "started.sh: No such file or directory (os error 2)"),
            ("completed.sh", "completed.sh: No such file or directory (os error 2)"),
            ("home/_work", "home/_work: No such file or directory (os error 2)"),
            ("tools", "tools: No such file or directory (os error 2)"),
            ("bin/git", "git is not on the PATH"),
        ] {
            let image = Image::whole();
            let path = image.path(gone);
            if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.unwrap();
            let found = image.checked(own(), Some("2026-11-01")).unwrap_err();
            assert_eq!(found.trim_start_matches(&*format!("{}/", image.0.path().display())), said);
        }
    }

    #[test]
    fn a_program_without_execute_bits_and_a_home_of_another_user_are_found() {
        let image = Image::whole();
        let others = User { uid: own().uid + 1, gid: own().gid };
        let found = image.checked(others, Some("2026-11-01")).unwrap_err();
        assert!(found.ends_with(&format!("must belong to {}:{}", others.uid, others.gid)), "{found}");
        let whose = format!("{}:{} may not run it", own().uid, own().gid);
        // Only the owner's bit counts for the owner.
        for mode in [0o644, 0o655] {
            fs::set_permissions(image.path("home/run.sh"), fs::Permissions::from_mode(mode)).unwrap();
            let found = image.checked(own(), Some("2026-11-01")).unwrap_err();
            assert!(found.ends_with(&format!("home/run.sh: {whose}")), "{found}");
        }
    }

    #[test]
    fn a_missing_or_unreadable_day_is_found() {
        let image = Image::whole();
        let found = image.checked(own(), None).unwrap_err();
        assert_eq!(found, "MAYFLY_RUNNER_CURRENT_ON is not set: an alarm counts the days since then");
        let found = image.checked(own(), Some("soon")).unwrap_err();
        assert_eq!(found, "MAYFLY_RUNNER_CURRENT_ON: must be a day, for example 2026-11-30");
    }
}
