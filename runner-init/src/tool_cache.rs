//! The tool cache, restored before the first question: what every job of the pool may read, and none
//! may write.

use std::fs::File;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use ureq::Agent;

/// Where the tool cache comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolCacheSource {
    /// A command for `/bin/sh` restores it.
    Command(String),
    /// An archive that `tar` reads, at a path or an `https://` URL, with the digest that it has to have.
    Archive {
        /// Where it is.
        place: String,
        /// Its SHA-256.
        sha256: [u8; 32],
    },
}

/// Why there is no tool cache. The job runs without it, only slower.
#[derive(Debug, thiserror::Error)]
pub enum NotRestored {
    /// It could not be read, or not be started.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It could not be fetched.
    #[error("{0}")]
    Fetch(Box<ureq::Error>),
    /// It is not what it should be, and is not used.
    #[error("its SHA-256 is another one, so it is not used")]
    OtherDigest,
    /// The command, or `tar`, failed.
    #[error("{0} failed: {1}")]
    Failed(&'static str, std::process::ExitStatus),
}

/// How long a fetch may take.
const PATIENCE: Duration = Duration::from_mins(5);

/// Restores the tool cache into this folder. Of this process' environment a child sees
/// its `PATH` alone.
pub fn restore(source: &ToolCacheSource, folder: &Path, path: &str) -> Result<(), NotRestored> {
    match source {
        ToolCacheSource::Command(command) => {
            let mut shell = Command::new("/bin/sh");
            shell.env_clear().env("PATH", path).env("RUNNER_TOOL_CACHE", folder);
            run("the command", shell.args(["-c", command]))
        }
        ToolCacheSource::Archive { place, sha256 } => {
            let archive = copy(place, sha256)?;
            std::fs::create_dir_all(folder)?;
            let mut tar = Command::new("tar");
            tar.env_clear().env("PATH", path);
            // It belongs to root, and only root writes to it.
            tar.args(["--extract", "--no-same-owner", "--no-same-permissions", "--file"]);
            tar.arg(archive.path()).arg("--directory").arg(folder);
            run("tar", &mut tar)
        }
    }
}

/// A copy of the archive that has the right digest: what was looked at is what is unpacked.
fn copy(place: &str, sha256: &[u8; 32]) -> Result<tempfile::NamedTempFile, NotRestored> {
    let mut copy = tempfile::Builder::new().prefix("tool-cache-").tempfile()?;
    let mut digesting = Digesting { file: copy.as_file_mut(), digest: Sha256::new() };
    if place.starts_with("https://") {
        let config = Agent::config_builder().timeout_global(Some(PATIENCE)).https_only(true).build();
        let fetched = Agent::new_with_config(config).get(place).call();
        let mut response = fetched.map_err(|error| NotRestored::Fetch(Box::new(error)))?;
        io::copy(&mut response.body_mut().as_reader(), &mut digesting)?;
    } else {
        io::copy(&mut File::open(place)?, &mut digesting)?;
    }
    if digesting.digest.finalize().as_slice() != sha256 {
        return Err(NotRestored::OtherDigest);
    }
    Ok(copy)
}

struct Digesting<'a> {
    file: &'a mut File,
    digest: Sha256,
}

impl io::Write for Digesting<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = self.file.write(bytes)?;
        self.digest.update(bytes.get(..length).unwrap_or_default());
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn run(what: &'static str, command: &mut Command) -> Result<(), NotRestored> {
    let status = command.stdin(Stdio::null()).status()?;
    if status.success() { Ok(()) } else { Err(NotRestored::Failed(what, status)) }
}
