//! Mistakes in pools.toml, and what the command says.

use std::fs;
use std::process::Command;

use serde::Deserialize;
use tempfile::tempdir;

use crate::{root, stderr};

/// The map and the mistakes of `shared/platform/src/pools/tests/mistakes.toml`.
#[derive(Deserialize)]
struct Mistakes {
    map: String,
    mistake: Vec<Mistake>,
}

#[derive(Deserialize)]
struct Mistake {
    why: String,
    right: String,
    wrong: String,
    says: String,
}

#[test]
fn each_mistake_is_answered_by_the_command_with_its_line_and_the_way_out() {
    let file = root().join("shared/platform/src/pools/tests/mistakes.toml");
    let mistakes: Mistakes = toml::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    assert!(mistakes.mistake.len() >= 20);
    for Mistake { why, right, wrong, says } in mistakes.mistake {
        let folder = tempdir().unwrap();
        fs::write(folder.path().join("pools.toml"), mistakes.map.replacen(&right, &wrong, 1)).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_mayfly"));
        let output = command.current_dir(folder.path()).arg("schedule").output().unwrap();
        let expected: Vec<String> = says.lines().map(|line| format!("mayfly: {line}")).collect();
        assert_eq!(stderr(&output).lines().collect::<Vec<_>>(), expected, "{why}");
        let is_warning = says.lines().all(|line| line.starts_with("warning: "));
        assert_eq!(output.status.code(), Some(if is_warning { 0 } else { 2 }), "{why}");
    }
}
