//! Where in its file each part of a map is written.

use std::collections::BTreeMap;

/// One step of the way from the whole map to a part of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PathStep {
    /// Into a table, to the value of this key.
    Key(String),
    /// Into a list, to this item of it; the first one is 0.
    Item(usize),
}

impl From<&str> for PathStep {
    fn from(key: &str) -> Self {
        Self::Key(key.to_owned())
    }
}

/// The line of each part, the file's first one is 1. None are known of a map that is JSON.
#[derive(Debug, Default)]
pub(crate) struct Lines(BTreeMap<Vec<PathStep>, usize>);

impl Lines {
    pub(super) fn write_down(&mut self, way: &[PathStep], line: usize) {
        self.0.insert(way.to_vec(), line);
    }

    /// That of a part, or of what it would be a part of if it were there.
    pub(super) fn of(&self, way: &[PathStep]) -> Option<usize> {
        (1..=way.len()).rev().find_map(|length| self.0.get(way.get(..length)?).copied())
    }
}
