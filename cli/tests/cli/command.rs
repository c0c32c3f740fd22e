//! The command `mayfly`, as a person runs it.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::{mayfly, root, stderr, stdout};

/// A folder with one file.
fn folder_with(name: &str, text: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    fs::write(&file, text).unwrap();
    (folder, file)
}

#[test]
fn replay_prints_what_came_of_each_delivery_and_the_books() {
    let output = mayfly(&["replay", "events/github/queued-ec2-arm64.json", "events/github/no-pool.json"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    for words in
        ["202 queued for the launcher", "arm64 on mayfly_ec2-arm64", "ec2-x64 lacks \"gpu\"", "deficit"]
    {
        assert!(text.contains(words), "{words:?} is not in\n{text}");
    }
}

#[test]
fn replay_prints_json_for_programs() {
    let output = mayfly(&["replay", "--json", "events/github/queued-fargate-x64.json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["deliveries"][0]["pool"], "fargate-x64");
    assert_eq!(json["deliveries"][0]["tasks"][0]["architecture"], "x86_64");
    assert_eq!(json["at_rest"], true);
    assert_eq!(json["books"][0]["live"], 0);
}

#[test]
fn replay_takes_wrapped_events_and_another_pool_map() {
    let map = fs::read_to_string(root().join("pools.toml"))
        .unwrap()
        .replace("[pools.fargate-x64]", "[pools.first]");
    let map = map.replace("fallback = \"fargate-x64\"", "fallback = \"first\"");
    let (_folder, file) = folder_with("pools.toml", &map);
    let pools = file.to_str().unwrap();
    let output = mayfly(&["replay", "--json", "--pools", pools, "events/lambda/queued-fargate-x64.json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["deliveries"][0]["pool"], "first");
}

#[test]
fn a_file_that_is_no_delivery_gets_one_line_and_exit_code_2() {
    let (_a, broken) = folder_with("broken.json", "{\"action\":");
    let (_b, nameless) = folder_with("nameless.json", "{\"action\":\"queued\"}");
    let (_c, headless) = folder_with("headless.json", r#"{"requestContext":{},"headers":{},"body":"{}"}"#);
    for (file, says) in [
        (Path::new("no/such/file.json"), "no/such/file.json cannot be read"),
        (&broken, "broken.json: it is cut off: the JSON ends in the middle, in line 1"),
        (&nameless, "nameless.json: it is neither a workflow_job nor a ping payload; if it is"),
        (&headless, "headless.json: it is not a delivery: it has no x-github-event header"),
    ] {
        let output = mayfly(&["replay", file.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(2), "{}", file.display());
        let error = stderr(&output);
        assert_eq!(error.lines().count(), 1, "{error}");
        assert!(error.starts_with("mayfly: ") && error.contains(says), "{error:?} does not say {says:?}");
    }
}

#[test]
fn a_broken_pool_map_gets_a_line_an_error() {
    let map = "[pools.a]\nlabels = []\narchitecture = \"mips\"\n[pools.B]\ncolour = 1\n";
    let (_folder, file) = folder_with("mine.toml", map);
    let output = mayfly(&["replay", "--pools", file.to_str().unwrap(), "events/github/ping.json"]);
    assert_eq!(output.status.code(), Some(2));
    let error = stderr(&output);
    for words in [
        "mine.toml:1: a.cpu_units: is missing",
        "mine.toml:3: a.architecture: takes \"x86_64\" or \"arm64\", not the text \"mips\"",
        "mine.toml:5: B.colour: is not a field",
    ] {
        assert!(error.contains(words), "{words:?} is not in\n{error}");
    }
    let begins = |line: &str| line.starts_with("mayfly: ") && line.contains("mine.toml:");
    assert!(error.lines().all(begins), "every line begins alike:\n{error}");
}

#[test]
fn what_may_be_wrong_with_a_map_is_a_warning_and_stops_nothing() {
    let map = fs::read_to_string(root().join("pools.toml")).unwrap();
    let (_folder, file) = folder_with("new.toml", &map.replacen("\"t4g.2xlarge\"", "\"m99g.2xlarge\"", 1));
    for arguments in [["replay", "events/github/ping.json"].as_slice(), &["pools", "render", "--check"]] {
        let output = mayfly(&[arguments, &["--pools", file.to_str().unwrap()]].concat());
        let error = stderr(&output);
        let [line] = error.lines().filter(|line| line.contains("warning")).collect::<Vec<_>>()[..] else {
            panic!("{arguments:?}: one warning, not\n{error}");
        };
        let start = format!("mayfly: warning: {}:", file.display());
        assert!(line.starts_with(&start), "{line}");
        assert!(line.contains("m99g.2xlarge is not in Mayfly's table of instance types"), "{line}");
        assert_ne!(output.status.code(), Some(2), "{arguments:?}: {error}");
    }
}

#[test]
fn a_secret_that_is_not_set_is_named_and_not_guessed() {
    let output =
        mayfly(&["wrap", "events/github/ping.json", "--out", "unused", "--secret-env", "NO_SUCH_SECRET"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("--secret-env: NO_SUCH_SECRET is not set"));
}

#[test]
fn the_demo_tells_every_story_and_ends_well() {
    let output = mayfly(&["demo"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    for provider in ["x86_64 on FARGATE", "x86_64 on FARGATE_SPOT", "arm64 on FARGATE"] {
        assert!(text.contains(provider), "{provider}");
    }
    for pool in [
        "x86_64 on mayfly_ec2-x64",
        "x86_64 on mayfly_ec2-x64-spot",
        "arm64 on mayfly_ec2-arm64",
        "arm64 on mayfly_ec2-arm64-spot",
    ] {
        assert!(text.contains(pool), "{pool}");
    }
    assert!(text.contains("is not needed, and leaves"), "the cancelled job's runner leaves");
    assert!(text.contains("Every event ended as the file beside it says."));
}

#[test]
fn what_is_piped_is_at_most_120_columns_wide() {
    for arguments in [vec!["demo"], vec!["replay"], vec!["schedule", "--week", "2026-W13"]] {
        let text = stdout(&mayfly(&arguments));
        assert!(!text.is_empty(), "{arguments:?}");
        let wide: Vec<&str> = text.lines().filter(|line| line.chars().count() > 120).collect();
        assert!(wide.is_empty(), "{arguments:?} prints {wide:#?}");
    }
}

#[test]
fn the_demo_ends_with_an_evening_in_which_pools_shrink_and_instances_follow() {
    let text = stdout(&mayfly(&["demo"]));
    let evening = text.split_once("An evening of examples/pools-office-hours.toml").unwrap().1;
    let row = |time: &str| {
        let row = evening.lines().find(|line| line.starts_with(&format!("│ {time} "))).unwrap();
        let cells = row.trim_matches('│').split('┆').skip(1).map(|cell| cell.trim().parse().unwrap());
        cells.collect::<Vec<u32>>()
    };
    let [minimum, idle, busy, live] = [0, 2, 3, 5];
    let working = row("18:51");
    assert_eq!((working[minimum], working[idle], working[busy], working[live]), (40, 40, 14, 54));
    assert_eq!(working[6..], [2, 3, 3, 4], "MinSize of the EC2 groups");
    let shrunk = row("19:02");
    assert_eq!((shrunk[minimum], shrunk[idle], shrunk[busy], shrunk[live]), (20, 20, 14, 34));
    assert_eq!(shrunk[6..], [2, 3, 3, 3], "busy runners hold it");
    let night = row("19:31");
    assert_eq!((night[idle], night[busy], night[live]), (20, 0, 20));
    assert_eq!(night[6..], [1, 2, 2, 2]);
    assert!(text.ends_with("EC2 keeps what the night's runners need.\n"));
}

/// Each of these makes one expectation of the samples wrong.
#[test]
fn the_demo_fails_if_any_event_does_not_end_as_the_file_beside_it_says() {
    for (file, right, wrong) in [
        ("queued-fargate-x64.toml", "status = 202", "status = 200"),
        ("queued-fargate-x64.toml", "pool = \"fargate-x64\"", "pool = \"ec2-x64\""),
        ("queued-ec2-arm64.toml", "architecture = \"arm64\"", "architecture = \"x86_64\""),
        ("queued-ec2-arm64-spot.toml", "capacity = \"mayfly_ec2-arm64-spot\"", "capacity = \"ec2-arm64\""),
        ("cancelled-1-queued.toml", "runner = \"released\"", "runner = \"busy\""),
        ("queued-ec2-x64.toml", "job = \"completed\"", "job = \"queued\""),
        ("no-pool.toml", "says = \"gpu\"", "says = \"tpu\""),
        (
            "queued-fargate-x64-duplicate.toml",
            "[end]",
            "[task]\narchitecture = \"x86_64\"\ncapacity = \"FARGATE\"\n[end]",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        for entry in fs::read_dir(root().join("events/github")).unwrap() {
            let path = entry.unwrap().path();
            fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
        }
        let sidecar = folder.path().join(file);
        let text = fs::read_to_string(&sidecar).unwrap();
        assert!(text.contains(right), "{file} has no {right}");
        fs::write(&sidecar, text.replace(right, wrong)).unwrap();
        let output = mayfly(&["demo", folder.path().to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(1), "{file}: {right} → {wrong}");
        let name = file.strip_suffix(".toml").unwrap();
        let told = stderr(&output);
        let lines: Vec<&str> =
            told.lines().filter(|line| line.starts_with(&format!("mayfly: {name}: "))).collect();
        assert!(lines.iter().any(|line| line.contains("; the file beside it says ")), "{told}");
        let debugged = ["Some(", "None", "ExpectedEnd", "ExpectedTask", "{ "];
        assert!(!debugged.iter().any(|word| told.contains(word)), "sentences, not values: {told}");
    }
}

#[test]
fn it_says_its_version_and_commit_completes_in_a_shell_and_has_a_manual_page() {
    let version = stdout(&mayfly(&["--version"]));
    let head = std::process::Command::new("git").args(["rev-parse", "--short=12", "HEAD"]).output().unwrap();
    // What was unpacked from an archive has none.
    let commit = if head.status.success() { format!(" ({})", stdout(&head).trim()) } else { String::new() };
    assert_eq!(version, format!("mayfly {}{commit}\n", env!("CARGO_PKG_VERSION")));
    for shell in ["bash", "zsh", "fish"] {
        assert!(stdout(&mayfly(&["completions", shell])).contains("replay"), "{shell}");
    }
    let page = stdout(&mayfly(&["man"]));
    for words in [".TH mayfly 1", ".TH mayfly-replay 1", "Post the deliveries to a deployed"] {
        assert!(page.contains(words), "{words:?} is not in\n{page}");
    }
}

#[test]
fn outside_of_the_project_it_takes_the_map_that_is_there_or_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_mayfly"));
        stdout(&command.current_dir(folder.path()).args(args).output().unwrap())
    };
    assert!(run(&["schedule"]).ends_with("The map of pools: the one that Mayfly ships\n"));
    assert!(run(&["demo"]).contains("Every event ended as the file beside it says."));
    let mine = fs::read_to_string(root().join("examples/pools-isolated.toml")).unwrap();
    fs::write(folder.path().join("pools.toml"), mine).unwrap();
    assert!(run(&["schedule"]).ends_with("The map of pools: pools.toml\n"));
}
