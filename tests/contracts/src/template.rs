//! `template.yaml` and its nested templates, as JSON.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// `template.yaml` as JSON.
pub fn read() -> Value {
    read_file("template.yaml")
}

/// A template as JSON, by its path from the root. Tags have their long forms: `!Ref X` is `{"Ref": "X"}`.
pub fn read_file(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = folder.join("../../.venv/bin/python");
    assert!(
        python.exists(),
        "PyYAML is not installed: `make test` does it, or `make .venv/.installed` alone"
    );
    let (script, template) = (folder.join("template/to_json.py"), folder.join("../..").join(name));
    let output = Command::new(python).arg(script).arg(template).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}
