//! botocore's model of ECS, by a script in the project's Python environment.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use wire::ecs::Exchange;

/// Holds exchanges against the model. The error is what it finds wrong, a line each.
pub fn check(exchanges: &[Exchange]) -> Result<(), String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = folder.join("../../.venv/bin/python");
    assert!(python.exists(), "botocore is not installed: `make test` does it");
    let mut script = Command::new(python)
        .arg(folder.join("botocore/validate_ecs.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the script starts");
    let lines = exchanges.iter().map(|it| serde_json::to_string(it).expect("JSON") + "\n");
    let mut stdin = script.stdin.take().expect("a standard input");
    // A script that ends before it has read everything says why.
    let _ = stdin.write_all(lines.collect::<String>().as_bytes());
    drop(stdin);
    let output = script.wait_with_output().expect("the script ends");
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(()) } else { Err(said(&output.stdout) + &said(&output.stderr)) }
}
