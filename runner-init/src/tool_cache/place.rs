//! Moves the restored versions into the tool cache, one at a time.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;

use super::markers;

/// The mode of a tool's folder: a job may add versions, but not touch existing ones.
const TOOL: u32 = 0o1777;

/// The mode of a version's folder.
const VERSION: u32 = 0o755;

/// Moves each complete version in `read` to its place, with one rename each. A version that the image already has stays.
/// Returns how many were moved.
pub(super) fn place(read: &Path, folder: &Path) -> io::Result<usize> {
    let mut versions = 0;
    for tool in markers::folders(read) {
        let into = folder.join(&tool);
        if !into.exists() {
            DirBuilder::new().mode(TOOL).create(&into)?;
            // Regardless of the umask.
            fs::set_permissions(&into, Permissions::from_mode(TOOL))?;
        }
        let from = read.join(&tool);
        for version in markers::folders(&from).filter(|version| markers::is_complete(&from.join(version))) {
            let (from, to) = (from.join(&version), into.join(&version));
            if to.exists() {
                continue;
            }
            fs::set_permissions(&from, Permissions::from_mode(VERSION))?;
            fs::rename(&from, &to)?;
            versions += 1;
        }
    }
    Ok(versions)
}
