//! The TOML file beside an event: what it shows, how it is delivered, and what must result from it.

use std::path::Path;

use anyhow::{Context, Result};
use fleet::Architecture;
use fleet::ledger::JobState;
use serde::Deserialize;

use crate::words;

/// A sidecar.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sidecar {
    /// What the event shows, in a sentence; for a sample event, the line of `events/README.md`.
    #[serde(default)]
    pub tells: String,
    /// How it is delivered.
    #[serde(default)]
    pub delivery: DeliveryHints,
    /// What the webhook answers; `mayfly demo` requires it.
    #[serde(default)]
    pub answer: Option<ExpectedAnswer>,
    /// The one task that the delivery starts; without it, none.
    #[serde(default)]
    pub task: Option<ExpectedTask>,
    /// How its story ends; without it, nothing is recorded.
    #[serde(default)]
    pub end: ExpectedEnd,
}

/// What the payload itself does not say about its delivery.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeliveryHints {
    /// `X-GitHub-Delivery`.
    #[serde(default)]
    pub guid: Option<String>,
    /// `X-GitHub-Event`, if the payload does not show it.
    #[serde(default)]
    pub event: Option<String>,
    /// How it is signed.
    #[serde(default)]
    pub signature: SignatureHint,
}

/// How a delivery is signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SignatureHint {
    /// With the secret.
    #[default]
    Right,
    /// With a wrong one.
    Wrong,
}

/// An answer of the webhook.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedAnswer {
    /// Its status.
    pub status: i64,
    /// The pool that it names.
    #[serde(default)]
    pub pool: Option<String>,
    /// Words in its message.
    #[serde(default)]
    pub says: Option<String>,
}

/// A task.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedTask {
    /// Its architecture.
    pub architecture: Architecture,
    /// Its ECS capacity provider.
    pub capacity: String,
}

/// The end of a story.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedEnd {
    /// The job's state in the ledger.
    #[serde(default)]
    pub job: Option<JobState>,
    /// What the runner that the delivery started did before it stopped.
    #[serde(default)]
    pub runner: Option<RunnerEnd>,
}

/// What a runner did last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunnerEnd {
    /// It ran a job.
    Busy,
    /// It left without one.
    Released,
}

/// A file must have one of these to count as a sidecar.
const MARKS: [&str; 3] = ["tells", "delivery", "answer"];

/// Reads the sidecar of an event's file, if there is one. A TOML file of that name that has none of a
/// sidecar's tables is ignored.
pub fn beside(event: &Path) -> Result<Option<Sidecar>> {
    let file = event.with_extension("toml");
    if file == event || !file.is_file() {
        return Ok(None);
    }
    let shown = file.display();
    let text = std::fs::read_to_string(&file).with_context(|| format!("{shown} cannot be read"))?;
    if !is_sidecar(&text) {
        return Ok(None);
    }
    let sidecar = words::toml(&text).with_context(|| format!("{shown} is not a sidecar"))?;
    Ok(Some(sidecar))
}

/// Whether a text is meant to be a sidecar, even if it has mistakes.
fn is_sidecar(text: &str) -> bool {
    match toml::from_str::<toml::Table>(text) {
        Ok(table) => MARKS.iter().any(|mark| table.contains_key(*mark)),
        Err(_) => text.lines().any(|line| {
            let line = line.trim_start().trim_start_matches('[').trim_start();
            MARKS.iter().any(|mark| line.starts_with(mark))
        }),
    }
}
