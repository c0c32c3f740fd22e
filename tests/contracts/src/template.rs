//! `template.yaml`, as JSON.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// The template as JSON. Tags have their long forms: `!Ref X` is `{"Ref": "X"}`.
pub fn read() -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = folder.join("../../.venv/bin/python");
    assert!(
        python.exists(),
        "PyYAML is not installed: `make test` does it, or `make .venv/.installed` alone"
    );
    let (script, template) = (folder.join("template/to_json.py"), folder.join("../../template.yaml"));
    let output = Command::new(python).arg(script).arg(template).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}
