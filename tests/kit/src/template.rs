//! The templates, as JSON.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A template, by its path from the root. Tags have their long forms: `!Ref X` is `{"Ref": "X"}`.
pub fn read_file(name: &str) -> Value {
    read_path(&root().join(name))
}

/// The same, of a file anywhere.
pub fn read_path(file: &Path) -> Value {
    let python = root().join(".venv/bin/python");
    assert!(
        python.exists(),
        "PyYAML is not installed: `make test` does it, or `make .venv/.installed` alone"
    );
    let script = root().join("tests/contracts/template/to_json.py");
    let output = Command::new(python).arg(script).arg(file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}
