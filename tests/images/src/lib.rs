//! The files of `images/`, as the tests read them.

pub mod bake;
pub mod container;
pub mod dockerfile;

use std::path::{Path, PathBuf};

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
