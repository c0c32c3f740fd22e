//! The tool cache's markers, `<tool>/<version>/<arch>.complete`. The setup actions use only versions that have one, and
//! make one for each version that they add (`@actions/tool-cache`).

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

/// The suffix of a marker's name.
const COMPLETE: &str = ".complete";

/// How many entries of a folder are read at most. A job can make any number of them.
const MOST_ENTRIES: usize = 200;

/// How many markers of one job are reported at most, and how long one may be.
const MOST_TOLD: usize = 20;
const LONGEST: usize = 100;

/// The markers of a tool cache at one moment.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Markers(BTreeSet<String>);

impl Markers {
    /// The present markers, each `<tool>/<version>/<arch>`. A job can choose such names, so long ones and those with
    /// characters that no version has are left out.
    pub fn of(folder: &Path) -> Self {
        let mut found = BTreeSet::new();
        for tool in folders(folder) {
            for version in folders(&folder.join(&tool)) {
                for arch in architectures(&folder.join(&tool).join(&version)) {
                    let marker = format!("{}/{}/{arch}", tool.to_string_lossy(), version.to_string_lossy());
                    let is_sign = |c: char| c.is_ascii_alphanumeric() || "-_.+/".contains(c);
                    if marker.len() <= LONGEST && marker.chars().all(is_sign) {
                        found.insert(marker);
                    }
                }
            }
        }
        Self(found)
    }

    /// The markers that have been added since, separated by spaces; at most twenty.
    pub fn added_since(&self, before: &Self) -> String {
        let added: Vec<&str> = self.0.difference(&before.0).take(MOST_TOLD).map(String::as_str).collect();
        added.join(" ")
    }
}

/// Whether a version's folder has a marker.
pub(super) fn is_complete(version: &Path) -> bool {
    architectures(version).next().is_some()
}

/// The names of a folder's subfolders, without links and hidden ones.
pub(super) fn folders(folder: &Path) -> impl Iterator<Item = OsString> {
    let entries = fs::read_dir(folder).into_iter().flatten().take(MOST_ENTRIES).flatten();
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    folders.map(|entry| entry.file_name()).filter(|name| !name.as_encoded_bytes().starts_with(b"."))
}

/// The architectures for which a version has a marker.
fn architectures(version: &Path) -> impl Iterator<Item = String> {
    let entries = fs::read_dir(version).into_iter().flatten().take(MOST_ENTRIES).flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter_map(|name| name.strip_suffix(COMPLETE).filter(|arch| !arch.is_empty()).map(str::to_owned))
}
