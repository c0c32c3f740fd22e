//! README's commands, in its order.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use tempfile::{TempDir, tempdir};

use super::{blocks, commands, fresh_shell, readme};
use crate::{root, stderr, stdout};

/// What comes of a command.
enum Comes {
    /// It is run, and prints this among other things.
    Prints(&'static str),
    /// It is run, and makes this file.
    Makes(&'static str),
    /// It is not run here, because of this.
    Elsewhere(&'static str),
}

use Comes::{Elsewhere, Makes, Prints};

/// Every command of README, and what comes of it.
const COMMANDS: [(&str, Comes); 20] = [
    ("make demo", Elsewhere("it builds; command.rs holds what `mayfly demo` prints")),
    ("make test", Elsewhere("this is one of its tests")),
    ("mayfly replay", Prints("200 no pool serves")),
    ("mayfly replay events/github/queued-ec2-arm64.json", Prints("task 1, arm64 on mayfly_ec2-arm64")),
    ("mayfly replay --pools my-pools.toml", Prints("task 1, ")),
    ("mayfly replay my-deliveries/ --expect served", Prints("202 queued for the launcher")),
    ("mayfly replay - --json < delivery.json", Prints("\"at_rest\": true")),
    ("mayfly schedule --pools my-pools.toml", Prints("The map of pools: my-pools.toml")),
    ("mayfly why JOB --html page.html", Makes("page.html")),
    ("mayfly wrap my-delivery.json --out wrapped", Makes("wrapped/my-delivery.json")),
    ("make local", Elsewhere("it builds; local.rs runs `mayfly local`")),
    (
        "export AWS_ENDPOINT_URL=http://127.0.0.1:4566 AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local AWS_DEFAULT_REGION=us-east-1",
        Elsewhere(LOCAL),
    ),
    (
        "mayfly replay events/github/queued-fargate-x64.json --url http://127.0.0.1:4566/_mayfly/webhook/",
        Elsewhere(LOCAL),
    ),
    ("aws ecs list-clusters", Elsewhere(LOCAL)),
    ("aws ecs list-tasks --cluster mayfly_fargate", Elsewhere(LOCAL)),
    ("aws sqs list-queues --endpoint-url $AWS_ENDPOINT_URL", Elsewhere(LOCAL)),
    ("aws dynamodb list-tables", Elsewhere(LOCAL)),
    ("mayfly images update && make images PUSH=…", Elsewhere("it needs docker, a registry and the internet")),
    ("make secrets", Elsewhere("it needs an account; infra/tests/test_secrets.py runs it on moto")),
    ("make deploy", Elsewhere("it needs an account; infra/tests/test_deploy.py runs it on moto")),
];

const LOCAL: &str = "local.rs runs it, beside `mayfly local`";

/// A folder with what the commands call the reader's own.
fn folder_of_a_reader() -> TempDir {
    let folder = tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    symlink(root().join("events"), at("events")).unwrap();
    fs::copy(root().join("pools.toml"), at("my-pools.toml")).unwrap();
    fs::create_dir(at("my-deliveries")).unwrap();
    let sample = root().join("events/github/queued-ec2-x64.json");
    for name in ["my-deliveries/one.json", "delivery.json", "my-delivery.json"] {
        fs::copy(&sample, at(name)).unwrap();
    }
    folder
}

#[test]
fn each_command_does_what_is_said_of_it() {
    let page = readme();
    let blocks = blocks(&page, "sh");
    let told: Vec<&str> = blocks.iter().flat_map(|block| commands(block)).collect();
    let known: Vec<&str> = COMMANDS.iter().map(|(command, _)| *command).collect();
    assert_eq!(told, known, "each command of README has its row here, in the same order");
    let folder = folder_of_a_reader();
    for (command, comes) in COMMANDS {
        match comes {
            Prints(words) => assert!(ran(folder.path(), command).contains(words), "{command}: {words}"),
            Makes(file) => {
                ran(folder.path(), &command.replace("JOB", "53100000006"));
                assert!(folder.path().join(file).is_file(), "{command} makes no {file}");
            }
            Elsewhere(why) => assert!(!why.is_empty()),
        }
    }
}

/// What a command prints that ends well.
fn ran(folder: &Path, command: &str) -> String {
    let output = fresh_shell(folder, command).output().unwrap();
    assert!(output.status.success(), "{command}: {}", stderr(&output));
    stdout(&output)
}

#[test]
fn the_output_that_is_shown_is_what_is_printed() {
    let page = readme();
    let shown = blocks(&page, "").into_iter().find(|block| block.starts_with("$ ")).unwrap();
    let (command, expected) = shown.strip_prefix("$ ").unwrap().split_once('\n').unwrap();
    let printed = ran(root(), command);
    assert!(printed.starts_with(expected), "README shows\n{expected}\nand this is printed:\n{printed}");
}
