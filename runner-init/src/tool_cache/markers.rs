//! The tool cache's markers, `<tool>/<version>/<arch>.complete`: the setup actions take what has one, and make one
//! for what they add (`@actions/tool-cache`).

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

/// The end of a marker's name.
const COMPLETE: &str = ".complete";

/// Most entries that are read of a folder. A job may make as many as it likes.
const MOST_ENTRIES: usize = 200;

/// Most markers that are told of one job, and the longest of them.
const MOST_TOLD: usize = 20;
const LONGEST: usize = 100;

/// The markers of a tool cache at a time.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Markers(BTreeSet<String>);

impl Markers {
    /// Those that are there now, each `<tool>/<version>/<arch>`. A job chooses such names: those that are long, or
    /// have signs that no version has, are left out.
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

    /// Those that have been added since, with a space between each two; at most twenty.
    pub fn added_since(&self, before: &Self) -> String {
        let added: Vec<&str> = self.0.difference(&before.0).take(MOST_TOLD).map(String::as_str).collect();
        added.join(" ")
    }
}

/// Whether a version's folder has a marker.
pub(super) fn is_complete(version: &Path) -> bool {
    architectures(version).next().is_some()
}

/// The names of the folders in a folder, and of no links to any; hidden ones are left out.
pub(super) fn folders(folder: &Path) -> impl Iterator<Item = OsString> {
    let entries = fs::read_dir(folder).into_iter().flatten().take(MOST_ENTRIES).flatten();
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    folders.map(|entry| entry.file_name()).filter(|name| !name.as_encoded_bytes().starts_with(b"."))
}

/// The architectures that a version has a marker of.
fn architectures(version: &Path) -> impl Iterator<Item = String> {
    let entries = fs::read_dir(version).into_iter().flatten().take(MOST_ENTRIES).flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter_map(|name| name.strip_suffix(COMPLETE).filter(|arch| !arch.is_empty()).map(str::to_owned))
}
