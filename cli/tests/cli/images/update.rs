//! `mayfly images update`, with peers on this machine in the internet's place.

use std::fs;

use serde_json::json;

use super::peers::{Bodies, DIGEST, Peers};
use super::{LOCK, err, images, out};

const COMMIT: &str = "3d3c42e5aac5ba805825da76410c181273ba90b1";

/// Of the bytes `amd64 engine`, by coreutils' sha256sum.
const ENGINE_AMD64: &str = "089ff4a8de31a664a84244bf59e2446e2a2a65b050223c067f3a03ae76068239";

/// GitHub's answer to the newest release: one file with a digest, one that only the text has.
fn release(version: &str) -> String {
    let name = |arch: &str| format!("actions-runner-linux-{arch}-{version}.tar.gz");
    let marked = format!(
        "- {0} <!-- BEGIN SHA linux-arm -->{1}<!-- END SHA linux-arm -->\r\n\
         - {2} <!-- BEGIN SHA linux-arm64 -->{3}<!-- END SHA linux-arm64 -->\r\n",
        name("arm"),
        "d".repeat(64),
        name("arm64"),
        "c".repeat(64)
    );
    json!({
        "tag_name": format!("v{version}"),
        "published_at": "2026-11-30T09:00:00Z",
        "body": marked,
        "assets": [
            {"name": name("x64"), "digest": format!("sha256:{}", "b".repeat(64))},
            {"name": name("arm64"), "digest": null},
        ],
    })
    .to_string()
}

fn all() -> Bodies {
    [
        ("/repos/actions/runner/releases/latest", release("2.339.0")),
        ("/repos/actions/checkout/commits/v7", COMMIT.to_owned()),
        ("/token?service=registry.example&scope=repository%3Alibrary%2Fdebian%3Apull", token()),
        ("/x86_64/docker-29.7.1.tgz", "amd64 engine".to_owned()),
        ("/aarch64/docker-29.7.1.tgz", "arm64 engine".to_owned()),
        ("registry", String::new()),
    ]
    .into()
}

fn token() -> String {
    json!({"token": "one-pull"}).to_string()
}

/// Exit code, the lock afterwards, standard output and error.
fn updated(answers: Bodies, lock: &str) -> (Option<i32>, String, String, String) {
    let peers = Peers::start(answers);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("versions.lock");
    fs::write(&file, lock.replace("DOWNLOADS", &peers.url)).unwrap();
    let output = images(&[
        "update",
        "--lock",
        file.to_str().unwrap(),
        "--github",
        &peers.url,
        "--registry",
        &peers.url,
        "--today",
        "2026-12-01",
    ]);
    let text = fs::read_to_string(&file).unwrap().replace(&peers.url, "DOWNLOADS");
    (output.status.code(), text, out(&output), err(&output))
}

#[test]
fn every_pin_is_filled_in_and_every_comment_stays() {
    let (code, text, said, wrong) = updated(all(), LOCK);
    assert_eq!((code, wrong.as_str()), (Some(0), ""), "{said}");
    let api = "\"GitHub's API, release v2.339.0, 2026-12-01\"";
    for line in [
        "# What is pinned.\n[release.runner] # the runner program\n".to_owned(),
        "version = \"2.339.0\" # by hand\nreleased = \"2026-11-30\"\n".to_owned(),
        "looked = \"2026-12-01\"\n".to_owned(),
        format!("amd64 = \"{}\"\n", "b".repeat(64)),
        format!("arm64 = \"{}\" # nobody has said\n", "c".repeat(64)),
        format!("amd64 = {api}\narm64 = {api}\n"),
        format!(
            "# The distribution.\n[image.debian]\nrepository = \"library/debian\"\nversion = \"trixie-slim\"\ndigest = \"{DIGEST}\"\n"
        ),
        "source = \"the registry, 2026-12-01\"\n".to_owned(),
        format!("commit = \"{COMMIT}\"\nsource = \"GitHub's API, 2026-12-01\"\n"),
        format!("amd64 = \"{ENGINE_AMD64}\"\n"),
        "amd64 = \"the file, downloaded and hashed, 2026-12-01\"\n".to_owned(),
    ] {
        assert!(text.contains(&line), "{line:?} is not in\n{text}");
    }
    assert!(said.contains("4 changed, 0 not looked up"), "{said}");

    // Looked up again, it is the same but for what has changed: nothing.
    let (code, again, said, _) = updated(all(), &text);
    assert_eq!((code, &again), (Some(0), &text), "{said}");
    assert!(said.contains("0 changed, 0 not looked up"), "{said}");
}

#[test]
fn then_it_passes_the_check_of_a_build() {
    let (_, text, ..) = updated(all(), LOCK);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("versions.lock");
    fs::write(&file, text).unwrap();
    let lock = file.to_str().unwrap();
    let check = |today| images(&["check", "--for-build", "--lock", lock, "--today", today]);
    let output = check("2026-12-20");
    assert!(output.status.success(), "{}", err(&output));
    assert!(out(&output).contains("runner 2.339.0: nothing newer 19 days ago; known"), "{}", out(&output));
    assert!(!check("2026-12-21").status.success(), "a newer one may have come out the day after");
    let variables = out(&images(&["variables", "--lock", lock]));
    assert!(variables.contains(&format!("DOCKER_SHA256_AMD64={ENGINE_AMD64}\n")), "{variables}");
    assert!(variables.contains(&format!("DEBIAN_IMAGE=docker.io/library/debian:trixie-slim@{DIGEST}\n")));
    assert!(variables.contains(&format!("ACTIONS=actions/checkout@{COMMIT}\n")), "{variables}");
}

#[test]
fn a_pin_that_cannot_be_looked_up_stays_and_keeps_none_of_the_others() {
    for (gone, name, says) in [
        ("/repos/actions/runner/releases/latest", "runner", "answers 404"),
        ("/repos/actions/checkout/commits/v7", "checkout", "answers 404"),
        ("registry", "debian", "answers 404"),
        ("/aarch64/docker-29.7.1.tgz", "docker", "answers 404"),
    ] {
        let mut answers = all();
        answers.remove(gone);
        let (code, text, said, wrong) = updated(answers, LOCK);
        assert_eq!(code, Some(1), "{name}");
        assert!(wrong.starts_with(&format!("mayfly: {name}: ")) && wrong.contains(says), "{wrong}");
        assert!(said.contains("3 changed, 1 not looked up"), "{said}");
        assert!(text.contains("unknown"), "{name}: {text}");
    }
}

#[test]
fn a_release_without_a_hash_is_not_taken() {
    let mut answers = all();
    let bare = release("2.339.0").replace("BEGIN SHA linux-arm64", "");
    answers.insert("/repos/actions/runner/releases/latest", bare);
    let (code, text, _, wrong) = updated(answers, LOCK);
    assert_eq!(code, Some(1));
    assert!(wrong.contains("GitHub says no hash of actions-runner-linux-arm64-2.339.0.tar.gz"), "{wrong}");
    assert!(text.contains("version = \"2.338.0\" # by hand"), "{text}");
}
