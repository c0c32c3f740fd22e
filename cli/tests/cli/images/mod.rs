//! `mayfly images`: the pins of the images, and their sizes.

mod check;
mod measure;
mod peers;
mod update;

use std::path::Path;
use std::process::{Command, Output};

/// `mayfly images` in the root of the repository.
fn images(args: &[&str]) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    Command::new(env!("CARGO_BIN_EXE_mayfly")).current_dir(root).arg("images").args(args).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A lock in which each kind of pin has an unknown one, and a comment stands by each.
const LOCK: &str = r#"# What is pinned.
[release.runner] # the runner program
repository = "actions/runner"
version = "2.338.0" # by hand
released = "2026-10-06"
max_days = 20
url = "https://github.example/v{version}/actions-runner-linux-{arch}-{version}.tar.gz"
arch = { amd64 = "x64", arm64 = "arm64" }

[release.runner.sha256]
amd64 = "af4b794c1bc41d73d40535e3fe092a39f9679cd8d965954c2aca25a05ca41d32"
arm64 = "unknown" # nobody has said

[release.runner.source]
amd64 = "a public text"
arm64 = "unknown"

# The distribution.
[image.debian]
repository = "library/debian"
version = "trixie-slim"
digest = "unknown"

[action.checkout]
repository = "actions/checkout"
version = "v7"
commit = "unknown"

[archive.docker]
version = "29.7.1"
url = "DOWNLOADS/{arch}/docker-{version}.tgz"
arch = { amd64 = "x86_64", arm64 = "aarch64" }

[archive.docker.sha256]
amd64 = "unknown"
arm64 = "unknown"
"#;
