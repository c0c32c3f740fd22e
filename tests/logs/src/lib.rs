//! The logs of a whole test run.
//!
//! A test that calls [`capture`] writes every log line of its process, at every level, into a file of
//! its own, and the secrets that it uses into another. `make test` then looks for each of these
//! values, and for everything that has the form of a ticket or a signature, in all of the lines.

use std::fs::{self, File};
use std::path::PathBuf;
use std::sync::Mutex;

use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::{fmt, registry};

/// Where the lines and the values are.
pub fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/test-logs"))
}

/// Captures what this process logs from now on. `secrets` are the values that must not be in it.
pub fn capture(secrets: &[&str]) {
    let folder = folder();
    let of_this_process = |ending: &str| folder.join(format!("{}.{ending}", std::process::id()));
    let opened = fs::create_dir_all(&folder).and_then(|()| {
        fs::write(of_this_process("secrets"), secrets.join("\n"))?;
        File::options().create(true).append(true).open(of_this_process("jsonl"))
    });
    if let Ok(file) = opened {
        let lines = fmt::layer().json().flatten_event(true).with_writer(Mutex::new(file));
        // A test that calls this twice has its lines in the first file.
        let _ = tracing::subscriber::set_global_default(registry().with(lines));
    }
}

/// The file that a child process adds its output to.
pub fn file_of(name: &str) -> PathBuf {
    folder().join(format!("{}-{name}.jsonl", std::process::id()))
}
