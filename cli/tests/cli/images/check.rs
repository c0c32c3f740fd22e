//! `mayfly images check`: a line a pin, and what is wrong with the way out.

use std::fs;

use super::{LOCK, err, images, out};

fn checked(args: &[&str]) -> (Option<i32>, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let lock = folder.path().join("versions.lock");
    fs::write(&lock, LOCK).unwrap();
    let output = images(&[&["check", "--lock", lock.to_str().unwrap()], args].concat());
    (output.status.code(), out(&output), err(&output))
}

#[test]
fn the_runner_fails_at_day_20_of_the_version_after_it() {
    let newer = |today| ["--newer", "runner=2.339.0:2026-11-05", "--today", today];
    let (code, said, wrong) = checked(&newer("2026-11-24"));
    assert_eq!((code, wrong.as_str()), (Some(0), ""), "day 19");
    assert!(said.starts_with("runner 2.338.0: 2.339.0 has been out for 19 days; unknown: sha256.arm64\n"));
    let (code, _, wrong) = checked(&newer("2026-11-25"));
    assert_eq!(code, Some(1), "day 20");
    assert_eq!(
        wrong,
        "mayfly: runner 2.338.0: 2.339.0 has been out for 20 days, and it is not to be 20 days behind; \
         `mayfly images update`, where the internet is, then `make images` and `make deploy`\n"
    );
}

#[test]
fn a_lock_that_nobody_has_looked_after_fails_too() {
    let (code, said, _) = checked(&["--today", "2026-10-25"]);
    assert_eq!(code, Some(0));
    assert!(said.contains("came out 19 days ago, and nobody has looked for a newer one since"), "{said}");
    assert_eq!(checked(&["--today", "2026-10-26"]).0, Some(1));
}

#[test]
fn a_build_is_refused_while_a_pin_is_unknown() {
    let (code, said, wrong) = checked(&["--for-build", "--today", "2026-10-07"]);
    assert_eq!(code, Some(1));
    assert_eq!(said.lines().count(), 4, "{said}");
    let lines: Vec<&str> = wrong.lines().collect();
    let way = "not known; `mayfly images update` looks it up, where the internet is";
    assert_eq!(
        lines,
        [
            format!("mayfly: runner: sha256.arm64 {way}"),
            format!("mayfly: docker: sha256.amd64, sha256.arm64 {way}"),
            format!("mayfly: debian: digest {way}"),
            format!("mayfly: checkout: commit {way}"),
        ]
    );
}

#[test]
fn what_is_no_hash_and_what_is_no_pin_is_said() {
    let (code, _, wrong) = checked(&["--newer", "runer=1:2026-10-06", "--today", "2026-10-07"]);
    assert_eq!(code, Some(1));
    assert!(wrong.contains("runer: is not a pin; the pins are runner, docker, debian, checkout"), "{wrong}");

    let folder = tempfile::tempdir().unwrap();
    let lock = folder.path().join("versions.lock");
    for (text, says) in [
        (LOCK.replace("af4b794c", "AF4B794C"), "runner.sha256.amd64: has to be 64 hexadecimal digits"),
        (
            LOCK.replace("commit = \"unknown\"", "commit = \"v7\""),
            "checkout.commit: has to be 40 hexadecimal",
        ),
        (
            LOCK.replace("digest =", "digests ="),
            "image.debian.digests: is not a field; the fields here are repository, version",
        ),
        (LOCK.replace("repository = \"actions/runner\"\n", ""), "runner.repository: is missing"),
    ] {
        fs::write(&lock, text).unwrap();
        let output = images(&["check", "--lock", lock.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(2), "{says}");
        assert!(err(&output).contains(says), "{}", err(&output));
    }
}

/// The file of the repository: it reads, and `variables` gives nothing while a pin is unknown.
#[test]
fn the_repositorys_lock_reads() {
    let output = images(&["check", "--today", "2026-10-07"]);
    assert!(output.status.success(), "{}", err(&output));
    assert!(out(&output).contains("runner 2.338.0: came out 1 day ago"), "{}", out(&output));
    let variables = images(&["variables"]);
    let is_whole = !out(&output).contains("unknown: ");
    assert_eq!(variables.status.success(), is_whole, "{}", err(&variables));
}

#[test]
fn a_rollback_is_no_work_of_this_command_and_it_says_whose() {
    let output = images(&["rollback"]);
    assert_eq!(output.status.code(), Some(2));
    let expected =
        "mayfly: `make images-rollback`, in the project's folder, goes back to the images before\n";
    assert_eq!(err(&output), expected);
}
