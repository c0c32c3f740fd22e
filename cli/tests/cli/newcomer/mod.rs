//! A newcomer, who knows what README says and what the screen shows.

mod arguments;
mod local;
mod mistakes;
mod readme;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::root;

/// README.
fn readme() -> String {
    std::fs::read_to_string(root().join("README.md")).unwrap()
}

/// The fenced blocks of a kind, `sh` say, in their order; an empty kind is a block that names none.
fn blocks(page: &str, kind: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(fence) = line.strip_prefix("```") {
            let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            if fence == kind {
                found.push(block.join("\n"));
            }
        }
    }
    found
}

/// The commands of a block, without what is remarked behind them.
fn commands(block: &str) -> impl Iterator<Item = &str> {
    block.lines().map(|line| line.split_once(" # ").map_or(line, |(command, _)| command).trim())
}

/// A fresh shell in a folder: `mayfly` and `aws` are found, and nothing of this process's environment is known.
fn fresh_shell(folder: &Path, line: &str) -> Command {
    let here = PathBuf::from(env!("CARGO_BIN_EXE_mayfly")).parent().unwrap().to_owned();
    let aws = root().join(".tools/awscli/bin");
    let path = format!("{}:{}:/usr/local/bin:/usr/bin:/bin", here.display(), aws.display());
    let mut shell = Command::new("sh");
    shell.current_dir(folder).args(["-c", line]).env_clear().env("PATH", path).env("HOME", folder);
    shell
}
