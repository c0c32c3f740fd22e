//! What a sample event shows and what must come of it: the TOML file beside it.

use std::path::Path;

use anyhow::{Context, Result};
use fleet::Architecture;
use fleet::ledger::JobState;
use serde::Deserialize;

/// A sidecar.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sidecar {
    /// What the event shows, in a sentence; the line of `events/README.md`.
    pub tells: String,
    /// How it is delivered.
    #[serde(default)]
    pub delivery: DeliveryHints,
    /// What the webhook answers.
    pub answer: ExpectedAnswer,
    /// The one task that the delivery starts; without it, none.
    #[serde(default)]
    pub task: Option<ExpectedTask>,
    /// How its story ends; without it, nothing was written down.
    #[serde(default)]
    pub end: ExpectedEnd,
}

/// What the payload itself does not say of its delivery.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeliveryHints {
    /// `X-GitHub-Delivery`.
    #[serde(default)]
    pub guid: Option<String>,
    /// `X-GitHub-Event`, where the payload does not give it away.
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
    /// With another one.
    Wrong,
}

/// An answer of the webhook.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedAnswer {
    /// Its status.
    pub status: i64,
    /// The pool it names.
    #[serde(default)]
    pub pool: Option<String>,
    /// Words that its message holds.
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

/// Reads the sidecar of an event's file, if there is one.
pub fn beside(event: &Path) -> Result<Option<Sidecar>> {
    let file = event.with_extension("toml");
    if !file.is_file() {
        return Ok(None);
    }
    let text =
        std::fs::read_to_string(&file).with_context(|| format!("{} can not be read", file.display()))?;
    let sidecar =
        toml::from_str(&text).with_context(|| format!("{} does not read as a sidecar", file.display()))?;
    Ok(Some(sidecar))
}
