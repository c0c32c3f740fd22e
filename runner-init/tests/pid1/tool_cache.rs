//! The tool cache: what images/runtimes publishes is restored, whole or not at all, and the job begins in any case.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use fleet::launch::exit_code::JOB_DONE;
use serde_json::Value;
use tempfile::TempDir;

use crate::registrar::{ScriptedAnswer, ScriptedRegistrar};
use crate::task::{Ended, command, is_root, open_folder, to_the_end};

/// The architecture of this machine, in the words of the tool cache.
const ARCH: &str = if cfg!(target_arch = "aarch64") { "arm64" } else { "x64" };

/// A folder with what the publisher has published of stand-ins.
struct Published(TempDir);

impl Published {
    /// Node 22 with this many files, which all say this.
    fn node(mark: &str, files: u32) -> Self {
        let published = Self(open_folder());
        published.publish(mark, files);
        published
    }

    fn publish(&self, mark: &str, files: u32) {
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../images/runtimes");
        let folder = |name: &str| {
            let folder = self.0.path().join(name);
            fs::create_dir_all(&folder).unwrap();
            folder
        };
        let write = format!(
            "import pathlib, sys, stand_in; \
             stand_in.write(pathlib.Path(sys.argv[1]), {{'node': [('22.1.0', True)]}}, '{ARCH}', '{mark}', {files})"
        );
        let python = || {
            let mut python = Command::new("python3");
            python.env("PYTHONDONTWRITEBYTECODE", "1").current_dir(&scripts).stdout(Stdio::null());
            python
        };
        assert!(python().args(["-c", &write]).arg(folder("sources")).status().unwrap().success());
        let mut publish = python();
        publish.args(["publish.py", "--architecture", ARCH, "--sources"]);
        publish.arg(format!("file://{}", folder("sources").display()));
        for name in ["tools", "trees", "bundles"] {
            publish.arg(format!("--{name}")).arg(folder(name));
        }
        assert!(publish.arg("node@22").status().unwrap().success());
    }

    fn tree(&self) -> PathBuf {
        self.0.path().join("trees").join(ARCH).join("current")
    }

    /// The newest bundle, and its digest.
    fn bundle(&self) -> (PathBuf, String) {
        let folder = self.0.path().join("bundles").join(ARCH);
        let digest = fs::read_to_string(folder.join("current")).unwrap().trim().to_owned();
        (folder.join("versions").join(&digest).join("bundle.tar.zst"), digest)
    }

    /// Both ways in, as variables of a task.
    fn ways(&self) -> [Vec<(&'static str, String)>; 2] {
        let (bundle, digest) = self.bundle();
        [from_archive(&bundle, &digest), vec![("MAYFLY_TOOL_CACHE_TREE", self.tree().display().to_string())]]
    }
}

fn from_archive(archive: &Path, digest: &str) -> Vec<(&'static str, String)> {
    let place = archive.display().to_string();
    vec![("MAYFLY_TOOL_CACHE_ARCHIVE", place), ("MAYFLY_TOOL_CACHE_SHA256", digest.to_owned())]
}

/// A task with a job of these steps, whose tool cache is restored into this folder. The job is done, whatever
/// becomes of the tool cache.
fn task(way: &[(&'static str, String)], folder: &Path, steps: &str) -> Ended {
    let steps = format!("say Running job: build; {steps}; sleep 1");
    let registrar =
        ScriptedRegistrar::start(vec![ScriptedAnswer::config(&steps)], vec![ScriptedAnswer::wait(60)]);
    let mut task = command(&registrar);
    task.envs(way.iter().cloned()).env("RUNNER_TOOL_CACHE", folder);
    let ended = to_the_end(task);
    assert_eq!(i64::from(ended.code), JOB_DONE, "{}", ended.log);
    ended
}

/// The lines about the tool cache.
fn told(ended: &Ended) -> Vec<Value> {
    ended.lines().filter(|line| line["message"].as_str().unwrap().starts_with("tool cache")).collect()
}

/// All that is below a folder.
fn below(folder: &Path) -> Vec<PathBuf> {
    let here: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let deeper = here.iter().filter(|path| path.is_dir() && !path.is_symlink()).flat_map(|path| below(path));
    here.iter().cloned().chain(deeper).collect()
}

#[test]
fn both_ways_restore_what_was_published_for_everybody_to_read_and_nobody_to_write() {
    let published = Published::node("a", 5);
    for way in published.ways() {
        let folder = open_folder();
        let ended = task(&way, folder.path(), "");
        let lines = told(&ended);
        assert_eq!(lines.len(), 1, "{}", ended.log);
        assert_eq!((&lines[0]["message"], &lines[0]["versions"]), (&"tool cache restored".into(), &1.into()));
        let version = folder.path().join("node/22.1.0");
        assert!(version.join(format!("{ARCH}.complete")).exists());
        assert_eq!(fs::read_to_string(version.join(ARCH).join("lib/4")).unwrap(), "22.1.0 a");
        assert_eq!(fs::metadata(version.join(ARCH).join("lib/4")).unwrap().mtime(), 1_700_000_000);
        assert!(
            Command::new(version.join(ARCH).join("bin/node"))
                .stdout(Stdio::null())
                .status()
                .unwrap()
                .success()
        );
        for path in below(&version).into_iter().chain([version.clone()]) {
            let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o7777;
            let starts = path.is_dir() || path.ends_with("bin/node");
            assert_eq!(mode, if starts { 0o755 } else { 0o644 }, "{}", path.display());
        }
        let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
        assert_eq!(names, ["node"], "nothing else is left behind");
    }
}

#[test]
fn a_jobs_user_adds_versions_and_changes_none() {
    if !is_root() {
        return;
    }
    for way in Published::node("a", 1).ways() {
        let folder = open_folder();
        task(&way, folder.path(), "");
        let as_user = |script: &str| {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=1001", "--regid=1001", "--clear-groups", "sh", "-c", script]);
            command.current_dir(folder.path().join("node")).stderr(Stdio::null()).status().unwrap().success()
        };
        for script in [
            format!("echo x > 22.1.0/{ARCH}/bin/node"),
            format!("touch 22.1.0/{ARCH}/bin/other"),
            format!("rm -f 22.1.0/{ARCH}.complete"),
            "touch 22.1.0/other.complete".to_owned(),
            "mv 22.1.0 22.1.1".to_owned(),
            "rm -rf 22.1.0".to_owned(),
        ] {
            assert!(!as_user(&script), "{script}");
        }
        assert!(as_user(&format!("22.1.0/{ARCH}/bin/node && mkdir -p 23.0.0/{ARCH}")));
    }
}

#[test]
fn the_last_line_names_what_the_job_has_added() {
    let published = Published::node("a", 1);
    let [way, _] = published.ways();
    let folder = open_folder();
    for version in ["node/23.0.0", "Python/3.13.1", "node/strange sign"] {
        let folder = folder.path().join(version);
        fs::create_dir_all(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
    }
    let adds = |path: &str| format!("status {}", folder.path().join(path).display());
    let steps = [
        adds("node/23.0.0/x64.complete"),
        adds("Python/3.13.1/arm64.complete"),
        adds("node/strange sign/x64.complete"),
        adds("node/23.0.0/other"),
    ];
    let ended = task(&way, folder.path(), &steps.join("; "));
    let last = ended.lines().last().unwrap();
    assert_eq!(last["message"], "done");
    assert_eq!(
        (&last["pool"], &last["added"]),
        (&"ec2-x64".into(), &"Python/3.13.1/arm64 node/23.0.0/x64".into())
    );
}

#[test]
fn whatever_is_wrong_with_it_the_job_begins_and_one_line_says_so() {
    let published = Published::node("a", 3);
    let (bundle, digest) = published.bundle();
    let folder = open_folder();
    let file = |name: &str| folder.path().join(name);
    let sha256 = |file: &Path| {
        let output = Command::new("sha256sum").arg(file).output().unwrap();
        String::from_utf8(output.stdout).unwrap().split(' ').next().unwrap().to_owned()
    };
    let script = "mkdir in; echo x > outside; cd in; tar cf ../escapes ../outside -P; mkfifo pipe; tar cf ../special pipe; \
                  cd ..; mkdir -p tree/node/1.0.0; mkfifo tree/node/1.0.0/pipe slow; echo no tar at all >garbage; rm outside";
    assert!(Command::new("sh").args(["-ec", script]).current_dir(folder.path()).status().unwrap().success());
    let half = fs::read(&bundle).unwrap();
    fs::write(file("half"), &half[..half.len() / 2]).unwrap();
    let archive = |name: &str| from_archive(&file(name), &sha256(&file(name)));
    let tree = |path: &Path| vec![("MAYFLY_TOOL_CACHE_TREE", path.display().to_string())];
    let slow = [from_archive(&file("slow"), &digest), vec![("MAYFLY_TOOL_CACHE_SECONDS", "0.2".to_owned())]];
    let closed = "https://127.0.0.1:9/bundle.tar.zst";
    for (way, error, why) in [
        (
            from_archive(&bundle, &digest.replace(['1', '2', '3'], "4")),
            "it has the wrong SHA-256",
            "another digest",
        ),
        (from_archive(&file("nowhere"), &digest), "No such file", "no archive"),
        (from_archive(Path::new(closed), &digest), "Connection refused", "nobody answers"),
        (slow.concat(), "it is not complete in time", "a source that says nothing"),
        (archive("half"), "", "an archive that was published in half"),
        (archive("garbage"), "", "no archive at all"),
        (archive("escapes"), "it has an entry outside its folder", "a way out of the folder"),
        (archive("special"), "it has an entry of kind Fifo", "no file"),
        (tree(&file("nowhere")), "No such file", "no tree"),
        (tree(&file("tree")), "it has something other than files, folders and links", "no file"),
    ] {
        let cache = open_folder();
        let ended = task(&way, cache.path(), "");
        let lines = told(&ended);
        assert_eq!(lines.len(), 1, "{why}: {}", ended.log);
        assert_eq!(lines[0]["message"], "tool cache not restored", "{why}");
        assert!(lines[0]["error"].as_str().unwrap().contains(error), "{why}: {}", lines[0]);
        let left: Vec<PathBuf> = below(cache.path()).into_iter().filter(|it| it.ends_with("node")).collect();
        assert_eq!(left, Vec::<PathBuf>::new(), "{why}");
    }
    assert!(!file("outside").exists());
}

#[test]
fn a_restore_takes_half_of_the_free_disk_at_most() {
    if !is_root() {
        return;
    }
    let published = Published::node("a", 200);
    for way in published.ways() {
        let cache = open_folder();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=1m", "none"]).arg(cache.path());
        if !mount.status().unwrap().success() {
            eprintln!("no file system can be mounted here: a full disk is not tried");
            return;
        }
        let ended = task(&way, cache.path(), "");
        let left = below(cache.path());
        assert!(Command::new("umount").arg(cache.path()).status().unwrap().success());
        let lines = told(&ended);
        assert_eq!(lines.len(), 1, "{}", ended.log);
        assert!(lines[0]["error"].as_str().unwrap().contains("half of the free disk"), "{}", lines[0]);
        assert_eq!(left, Vec::<PathBuf>::new(), "what it wrote is gone");
    }
}

#[test]
fn a_restore_during_a_publish_sees_one_version_whole() {
    let published = Published::node("0", 150);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut number = 0;
            while !is_over.load(Ordering::Relaxed) {
                number += 1;
                published.publish(&number.to_string(), 150);
            }
        });
        let restored = || {
            let cache = open_folder();
            let way = vec![("MAYFLY_TOOL_CACHE_TREE", published.tree().display().to_string())];
            let ended = task(&way, cache.path(), "");
            let files = below(&cache.path().join("node/22.1.0").join(ARCH).join("lib"));
            let marks = files.iter().map(|file| fs::read_to_string(file).unwrap()).collect::<BTreeSet<_>>();
            (told(&ended), files.len(), marks)
        };
        // Until it has seen three publishes, but not for ever.
        let (mut seen, mut all) = (BTreeSet::new(), Vec::new());
        while seen.len() < 4 && all.len() < 200 {
            let (told, files, marks) = restored();
            seen.extend(marks.clone());
            all.push((told, files, marks));
        }
        is_over.store(true, Ordering::Relaxed);
        for (told, files, marks) in all {
            assert_eq!(told[0]["message"], "tool cache restored", "{told:?}");
            assert_eq!((files, marks.len()), (150, 1), "one version: {marks:?}");
        }
        assert!(seen.len() > 3, "they were published meanwhile: {seen:?}");
    });
}
