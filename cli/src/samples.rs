//! The sample events that Mayfly ships.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use include_dir::{Dir, include_dir};
use tempfile::TempDir;

/// Their folder in the project.
const FOLDER: &str = "events/github";

static SHIPPED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../events/github");

/// The folder of the sample events.
#[derive(Debug)]
pub struct Samples {
    folder: PathBuf,
    /// Deleted with this.
    _unpacked: Option<TempDir>,
}

impl Samples {
    /// The project's, if it is the current folder; otherwise those that were built in.
    pub fn find() -> Result<Self> {
        let folder = PathBuf::from(FOLDER);
        if folder.is_dir() {
            return Ok(Self { folder, _unpacked: None });
        }
        let unpacked = tempfile::tempdir().context("the sample events cannot be unpacked")?;
        SHIPPED.extract(unpacked.path()).context("the sample events cannot be unpacked")?;
        Ok(Self { folder: unpacked.path().to_owned(), _unpacked: Some(unpacked) })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}
