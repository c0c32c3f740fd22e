//! The scripts that build the images, on files of this machine.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use images::root;
use tempfile::TempDir;

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// A script of the runner's image.
fn script(name: &str) -> Command {
    Command::new(root().join("images/runner/bin").join(name))
}

fn output_text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn write(file: &Path, text: &str, mode: u32) {
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(mode)).unwrap();
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let identity = ["-c", "user.name=n", "-c", "user.email=n@example.com", "-c", "init.defaultBranch=main"];
    let output = Command::new("git").current_dir(folder).args(identity).args(arguments).output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", output_text(&output));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn a_file_is_kept_only_with_its_hash() {
    let folder = folder();
    let (source, kept) = (folder.path().join("source"), folder.path().join("kept"));
    fs::write(&source, "hello\n").unwrap();
    let url = format!("file://{}", source.display());
    // The SHA-256 of "hello" and a line's end, by coreutils' sha256sum.
    let right = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
    for (hash, says, why) in [
        (&*"0".repeat(64), "hashes to 5891b5b5", "another file"),
        ("unknown", "has no known SHA-256", "nobody has looked it up"),
        ("", "has no known SHA-256", "the build was not told"),
    ] {
        let output = script("fetch").args([&url, hash]).arg(&kept).output().unwrap();
        assert!(
            !output.status.success() && output_text(&output).contains(says),
            "{why}: {}",
            output_text(&output)
        );
        assert!(!kept.exists(), "{why}");
    }
    let output = script("fetch").args([&url, right]).arg(&kept).output().unwrap();
    assert!(output.status.success(), "{}", output_text(&output));
    assert_eq!(fs::read_to_string(kept).unwrap(), "hello\n");
}

/// A runner program as its tarball has it, in small.
fn runner(folder: &Path) {
    for program in [
        "run.sh",
        "run-helper.sh.template",
        "bin/Runner.Listener",
        "bin/Runner.Worker",
        "externals/node20/bin/node",
        "externals/node24/bin/node",
        "externals/node20_alpine/bin/node",
    ] {
        write(&folder.join(program), "", 0o755);
    }
    for ballast in [
        "externals/node20/include/node/node.h",
        "externals/node24/lib/node_modules/npm/index.js",
        "externals/node24/share/man/man1/node.1",
        "externals/node20/README.md",
        "externals/node20/bin/npm",
        "bin/Runner.Worker.pdb",
        "k8s/index.js",
        "k8s-novolume/index.js",
    ] {
        write(&folder.join(ballast), "", 0o644);
    }
}

fn files(folder: &Path) -> Vec<String> {
    let output = Command::new("find").current_dir(folder).args([".", "-type", "f"]).output().unwrap();
    let mut files: Vec<String> = output_text(&output).lines().map(str::to_owned).collect();
    files.sort();
    files
}

#[test]
fn what_the_runner_never_reads_goes_and_all_else_stays() {
    let folder = folder();
    runner(folder.path());
    let output = script("trim").arg(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", output_text(&output));
    let stay = [
        "./bin/Runner.Listener",
        "./bin/Runner.Worker",
        "./externals/node20/bin/node",
        "./externals/node24/bin/node",
        "./run-helper.sh.template",
        "./run.sh",
    ];
    assert_eq!(files(folder.path()), stay);
}

#[test]
fn a_release_that_is_laid_out_otherwise_is_refused() {
    for gone in ["externals/node20/bin/node", "run.sh", "bin/Runner.Listener"] {
        let folder = folder();
        runner(folder.path());
        fs::remove_file(folder.path().join(gone)).unwrap();
        let output = script("trim").arg(folder.path()).output().unwrap();
        assert!(
            !output.status.success() && output_text(&output).contains(gone),
            "{gone}: {}",
            output_text(&output)
        );
    }
    let folder = folder();
    runner(folder.path());
    write(&folder.path().join("run-helper.sh.template"), "", 0o644);
    let output = script("trim").arg(folder.path()).output().unwrap();
    assert!(
        !output.status.success() && output_text(&output).contains("is not a program"),
        "{}",
        output_text(&output)
    );
}

/// A repository's archive, served as GitHub serves it, and its commit.
fn archive(api: &Path, name: &str, archived_as: &str) -> String {
    let work = folder();
    git(work.path(), &["init", "--quiet"]);
    fs::write(work.path().join("action.yml"), name).unwrap();
    git(work.path(), &["add", "."]);
    git(work.path(), &["commit", "--quiet", "--message", name]);
    let commit = git(work.path(), &["rev-parse", "HEAD"]);
    let place = api.join(name).join("tarball");
    fs::create_dir_all(&place).unwrap();
    let called = if archived_as.is_empty() { &commit } else { archived_as };
    let file = format!("--output={}", place.join(called).display());
    git(work.path(), &["archive", "--format=tar.gz", "--prefix=one-folder/", &file, "HEAD"]);
    commit
}

fn fetched(api: &Path, into: &Path, most_mb: &str, actions: &[String]) -> Output {
    let url = format!("file://{}", api.display());
    script("fetch-actions").env("ACTIONS_URL", url).arg(into).arg(most_mb).args(actions).output().unwrap()
}

#[test]
fn archives_of_actions_lie_where_the_runner_looks_and_are_what_they_are_called() {
    let (api, into) = (folder(), folder());
    let commit = archive(api.path(), "acme/build", "");
    let action = format!("acme/build@{commit}");
    let output = fetched(api.path(), into.path(), "30", std::slice::from_ref(&action));
    assert!(output.status.success(), "{}", output_text(&output));
    assert_eq!(files(into.path()), [format!("./acme_build/{commit}.tar.gz")]);

    // An archive of another commit; and a budget of nothing.
    let other = "f".repeat(40);
    archive(api.path(), "acme/other", &other);
    let output = fetched(api.path(), into.path(), "30", &[format!("acme/other@{other}")]);
    assert!(
        !output.status.success() && output_text(&output).contains("is of the commit"),
        "{}",
        output_text(&output)
    );
    let output = fetched(api.path(), folder().path(), "0", &[action]);
    assert!(
        !output.status.success() && output_text(&output).contains("over their budget"),
        "{}",
        output_text(&output)
    );
}

/// A folder for the PATH with programs that write down how they were called; these fail.
fn stand_ins(programs: &[&str], failing: &str) -> (TempDir, PathBuf) {
    let folder = folder();
    let calls = folder.path().join("calls");
    for program in programs {
        let code = i32::from(*program == failing);
        let text = format!(
            "#!/bin/sh\necho \"{program} $*\" >>{}\n[ \"$1\" != --version ] || echo 1.170.0\nexit {code}\n",
            calls.display()
        );
        write(&folder.path().join(program), &text, 0o755);
    }
    (folder, calls)
}

/// It asks `mayfly images check --for-build` before it does anything, and ends with it. `make deploy` asks
/// too: infra/tests has that.
#[test]
fn no_build_goes_on_with_a_pin_that_is_unknown() {
    let (folder, calls) = stand_ins(&["aws", "cargo", "cargo-lambda", "docker"], "cargo");
    let system = std::env::join_paths(["/usr/bin", "/bin"].map(Path::new)).unwrap();
    let search = format!("{}:{}", folder.path().display(), system.to_str().unwrap());
    let output = Command::new("bash").arg(root().join("images/build")).env("PATH", search).output().unwrap();
    assert!(!output.status.success(), "{}", output_text(&output));
    let calls = fs::read_to_string(calls).unwrap();
    assert!(calls.contains("cargo run --quiet -p mayfly -- images check --for-build"), "{calls}");
    for later in ["docker buildx bake", "cargo lambda"] {
        assert!(!calls.contains(later), "{calls}");
    }
}
