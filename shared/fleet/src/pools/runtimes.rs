//! The runtimes that every runner finds in its tool cache, and how they come to a pool's runners.

use std::fmt;

use serde_json::Value;

use super::problems::Problems;
use super::values::{ReadValue, Wrong, word};

/// Most runtimes of one map. Their bundle is some gigabytes, which each runner unpacks.
const LIMIT: usize = 20;

/// What can be published: GitHub keeps a manifest of it, `actions/<tool>-versions`.
const TOOLS: [&str; 3] = ["node", "python", "go"];

/// A runtime of the map, written `TOOL@VERSION`: the newest stable version that begins so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Runtime {
    /// `node`, `python` or `go`.
    pub tool: String,
    /// One to three numbers with dots between them.
    pub version: String,
}

impl fmt::Display for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.tool, self.version)
    }
}

impl ReadValue for Runtime {
    fn read(value: Value, wrong: &mut Wrong) -> Option<Self> {
        const TAKEN: &str = "node@, python@ or go@ and a version, for example \"node@22\"";
        let read = value.as_str().and_then(|text| {
            let (tool, version) = text.split_once('@')?;
            let numbers: Vec<&str> = version.split('.').collect();
            let is_number =
                |text: &&str| (1..=4).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_digit());
            let fits = TOOLS.contains(&tool) && numbers.len() <= 3 && numbers.iter().all(is_number);
            fits.then(|| Self { tool: tool.to_owned(), version: version.to_owned() })
        });
        read.or_else(|| wrong.takes(TAKEN, &value, ""))
    }
}

/// Where a pool's runners get the map's runtimes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RuntimesFrom {
    /// One file in S3, known by its digest.
    #[default]
    S3,
    /// The files of a file system that every task mounts, and none may write.
    Efs,
    /// Nowhere: an image of its own has them, or its jobs need none.
    Nowhere,
}

impl ReadValue for RuntimesFrom {
    fn read(value: Value, wrong: &mut Wrong) -> Option<Self> {
        word(&value, &[("s3", Self::S3), ("efs", Self::Efs), ("none", Self::Nowhere)], wrong)
    }
}

/// Reads the list `runtimes`.
pub(super) fn read(value: Value, problems: &mut Problems) -> Vec<Runtime> {
    let at = |place: Option<usize>| {
        let item = place.map(super::PathStep::Item);
        std::iter::once("runtimes".into()).chain(item).collect::<Vec<_>>()
    };
    let mut wrong = Wrong::default();
    let runtimes = Vec::<Runtime>::read(value, &mut wrong).unwrap_or_default();
    for (place, message) in wrong.0 {
        problems.note(&at(place), message);
    }
    if runtimes.len() > LIMIT {
        problems.note(&at(None), format!("has {} runtimes; there are {LIMIT} at most", runtimes.len()));
    }
    for (place, runtime) in runtimes.iter().enumerate() {
        if runtimes.iter().take(place).any(|it| it == runtime) {
            problems.note(&at(Some(place)), format!("{runtime} is there twice"));
        }
    }
    runtimes
}
