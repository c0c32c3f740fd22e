//! Mistakes in arguments and in files, and what the command says: one line, which has no word of Rust and no number
//! of the system's, and says the way out.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::{TempDir, tempdir};

use crate::{root, stderr, stdout};

/// What only a programmer of the command, or of its libraries, would understand.
const NOT_FOR_USERS: [&str; 12] = [
    "os error",
    "EOF",
    "expected one of",
    "invalid type",
    "invalid digit",
    "missing field",
    "TOML parse error",
    "panicked",
    "stream did not",
    "io: ",
    "uri",
    "dispatch failure",
];

/// A folder with a good delivery, and files that are wrong in one way each.
fn folder() -> TempDir {
    let folder = tempdir().unwrap();
    let good = fs::read_to_string(root().join("events/github/queued-ec2-x64.json")).unwrap();
    fs::create_dir(folder.path().join("empty")).unwrap();
    fs::create_dir(folder.path().join("two")).unwrap();
    for (name, text) in [
        ("good.json", good.as_str()),
        ("cut.json", &good[..300]),
        ("blank.json", "\n"),
        ("words.json", "hello"),
        ("other.json", "{}"),
        ("list.json", "[]"),
        ("map.toml", "[pools.a]\n"),
        ("two/one.json", &good),
        ("two/one.toml", "[delivery]\nevnt = \"x\"\n"),
        ("three.json", &good),
        ("three.toml", "[answer]\nstatus = \"x\"\n"),
        ("yaml.toml", "pools:\n  a:\n    labels: [x]\n    maximum: 1\n    priority: 1\n    sudo: true\n"),
        ("dots.toml", "[pools.fargate.x64]\nmaximum = 1\n"),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    fs::write(folder.path().join("utf16.json"), b"\xff\xfe{\x00}\x00").unwrap();
    fs::write(folder.path().join("bom.json"), format!("\u{feff}{good}")).unwrap();
    folder
}

/// The command in a folder, with nobody's AWS.
fn mayfly(folder: &Path, line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mayfly"));
    command.current_dir(folder).args(line.split_whitespace());
    command.env_clear().env("HOME", folder).env("AWS_EC2_METADATA_DISABLED", "true");
    command
}

fn ran(folder: &Path, line: &str) -> Output {
    mayfly(folder, line).output().unwrap()
}

#[test]
fn each_mistake_gets_a_sentence_with_the_way_out() {
    let folder = folder();
    for (line, says) in [
        ("replay nothing.json", "nothing.json cannot be read: No such file or directory"),
        ("replay nowhere/", "nowhere/ cannot be read: No such file or directory"),
        ("replay empty", "empty holds no event (*.json)"),
        ("replay cut.json", "cut.json: it is cut off: the JSON ends in the middle, in line 10"),
        ("replay blank.json", "blank.json: it is empty"),
        ("replay words.json", "words.json: it is not JSON, from line 1, column 1, on"),
        ("replay map.toml", "map.toml: it is not JSON, from line 1"),
        ("replay other.json", "name that in a TOML file beside it: [delivery] event = "),
        ("replay list.json", "list.json: it is neither a workflow_job nor a ping payload"),
        ("replay utf16.json", "utf16.json cannot be read: it is not UTF-8 text"),
        (
            "replay two",
            "one.toml is not a sidecar: delivery.evnt: is not a field; the fields here are guid, event",
        ),
        (
            "replay three.json",
            "three.toml is not a sidecar: answer.status: takes a whole number, not the text \"x\" (line 2)",
        ),
        ("replay good.json --expect yes", "it is accepted, served, or a status such as 202"),
        ("replay good.json --url localhost:9", "it takes a URL that begins with https:// or http://"),
        ("replay good.json --url ftp://x", "it takes a URL that begins with https:// or http://"),
        (
            "replay good.json --url http://127.0.0.1:9",
            "good: no answer from http://127.0.0.1:9: Connection refused",
        ),
        ("replay good.json --organisation=", "a value is required for '--organisation <NAME>'"),
        ("replay good.json --secret-env NOTHING", "--secret-env: NOTHING is not set to a secret"),
        ("wrap good.json", "--out <FOLDER>"),
        ("wrap good.json --out good.json", "good.json cannot be made: File exists"),
        ("wrap empty --out wrapped", "empty holds no event (*.json)"),
        ("schedule --week now", "it takes one such as 2026-W13"),
        ("schedule --prices map.toml", "map.toml: pools: is not a field; the fields here are date, region"),
        ("schedule --pools yaml.toml", "yaml.toml: is not TOML in "),
        (
            "schedule --pools dots.toml",
            "fargate.x64: is a table; a pool's name has no dots: [pools.fargate-x64]",
        ),
        ("pools render", "there is no pools.toml here: run this in the root of the repository"),
        ("pools rendr", "a similar subcommand exists: 'render'"),
        (
            "images variables --lock map.toml",
            "map.toml: pools: is not a field; the fields here are release, archive",
        ),
        ("images check --today tomorrow", "it takes a date such as 2026-11-30"),
        ("images check --newer runner", "it takes NAME=VERSION:DATE, for example runner=2.340.0:2026-11-30"),
        ("doctor", "--before-deploy"),
        ("why abc", "that is not a job: give the job's number, or the URL of its page"),
        ("why https://github.com/acme/repo/actions/runs/1", "that URL is of a run, which has several jobs"),
        ("local --port abc", "it takes a port from 0 to 65534"),
        ("local --port 65535", "it takes a port from 0 to 65534"),
        ("local --functions nowhere", "there is no nowhere/webhook; `cargo build -p webhook` makes it"),
        ("completions tcsh", "a similar value exists: 'zsh'"),
    ] {
        let output = ran(folder.path(), line);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "mayfly {line}: {said}");
        assert!(said.contains(says), "mayfly {line} does not say {says:?}:\n{said}");
        for word in NOT_FOR_USERS {
            assert!(!said.contains(word), "mayfly {line} says {word:?}:\n{said}");
        }
    }
}

#[test]
fn what_an_editor_adds_and_a_folder_are_no_mistakes() {
    let folder = folder();
    assert!(stdout(&ran(folder.path(), "replay bom.json")).contains("202 queued for the launcher"));
    fs::remove_file(folder.path().join("two/one.toml")).unwrap();
    assert_eq!(stdout(&ran(folder.path(), "wrap two --out wrapped")), "1 event in wrapped\n");
}

#[test]
fn who_has_not_logged_in_to_aws_is_told_how_to() {
    let folder = folder();
    let said = stdout(&ran(folder.path(), "why 1 --region us-east-1"));
    assert!(said.contains("AWS does not know you: `aws sso login`, or `aws configure` for keys"), "{said}");
    assert!(!said.contains("credential provider"), "{said}");
}

/// `head` goes when it has its lines.
#[test]
fn a_reader_that_goes_away_is_no_error_to_speak_of() {
    let folder = folder();
    for line in ["man", "demo", "replay --json", "schedule"] {
        let mut process =
            mayfly(folder.path(), line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(process.stdout.take());
        let output = process.wait_with_output().unwrap();
        assert_eq!((output.status.code(), stderr(&output)), (Some(141), String::new()), "mayfly {line}");
    }
    let mut completions = mayfly(folder.path(), "completions bash");
    let output = completions.stdout(File::options().write(true).open("/dev/full").unwrap()).output().unwrap();
    assert_eq!((output.status.code(), stderr(&output).lines().count()), (Some(2), 1), "it does not panic");
}
