//! What no price list and no template says: `assumed.toml`.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result};
use fleet::PoolName;
use sandbox::{FunctionName, Operation, Span};
use serde::Deserialize;

/// The file.
pub const FILE: &str = include_str!("../assumed.toml");

/// All of it. The file says where each is from.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assumed {
    /// The jobs.
    pub day: Day,
    /// How Lambda asks the queue for messages.
    pub queue: Queue,
    /// How Lambda runs functions.
    pub lambda: Lambda,
    /// What Lambda and `CloudWatch` make of logs.
    pub logs: Logs,
    /// The reads that KMS decrypts.
    pub secrets: Secrets,
    /// How `DynamoDB` counts.
    pub ledger: Ledger,
    /// Milliseconds of each call, from and to, by its operation.
    calls: BTreeMap<String, (u64, u64)>,
}

/// The jobs of the day.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Day {
    /// How many.
    pub jobs: u64,
    /// Within so many hours.
    pub hours: f64,
    /// How long each works.
    pub job_minutes: u64,
    /// Where, in turn.
    pub pools: Vec<PoolName>,
    /// Repositories of the organisation.
    pub repositories: u64,
}

/// How Lambda asks the queue for messages.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the file says what each is")]
pub struct Queue {
    pub polls_at_once: u32,
    pub polls_at_once_without_maximum_concurrency: u32,
    pub seconds_a_poll: u32,
    pub bytes_a_request: u32,
}

/// How Lambda runs functions.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lambda {
    /// The memory with which a function has one CPU.
    pub mb_of_a_cpu: u32,
    /// CPU of an event; of the reconciler it is reckoned.
    cpu_ms: BTreeMap<String, f64>,
    /// CPU of the init phase.
    init_ms: BTreeMap<String, f64>,
    /// What else a cold start takes.
    init_waits_ms: f64,
    /// How long an instance is in use.
    pub instance_hours: u32,
}

/// What Lambda and `CloudWatch` make of logs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Logs {
    /// Lambda's line before an event.
    pub start: String,
    /// Lambda's line after an event.
    pub report: String,
    /// Lambda's line of a cold start.
    pub init_start: String,
    /// The share that is left of what is kept.
    pub compressed: f64,
}

/// The reads that KMS decrypts.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secrets {
    /// Secrets in each folder of the Parameter Store.
    pub a_folder: u32,
    /// How long the table's key is kept.
    pub table_key_minutes: i64,
}

/// How `DynamoDB` counts.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ledger {
    /// Bytes of a write unit.
    pub bytes_a_write: u32,
    /// Bytes of a read unit.
    pub bytes_a_read: u32,
    /// Bytes that each entry takes beside its own.
    pub overhead: u32,
}

impl Assumed {
    /// Reads what is assumed.
    pub fn read(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// How long each call takes. One that is not there, or that there is not, is an error.
    pub fn latencies(&self) -> Result<BTreeMap<Operation, Span>> {
        let span = |(name, &(from, to)): (&String, &(u64, u64))| {
            let operation =
                Operation::of_name(name).with_context(|| format!("[calls] {name}: no such call"))?;
            Ok((operation, Span(Duration::from_millis(from)..=Duration::from_millis(to))))
        };
        let spans = self.calls.iter().map(span).collect::<Result<BTreeMap<_, _>>>()?;
        for operation in Operation::ALL {
            spans.get(operation).with_context(|| format!("[calls] has no {operation}"))?;
        }
        Ok(spans)
    }
}

impl Lambda {
    /// CPU milliseconds of a function's event, where they were measured.
    pub(crate) fn cpu_of(&self, function: FunctionName) -> Option<f64> {
        self.cpu_ms.get(crate::usage::name(function)).copied()
    }

    /// Milliseconds of a function's cold start that are billed.
    pub(crate) fn init_of(&self, function: FunctionName) -> f64 {
        self.init_ms.get(crate::usage::name(function)).copied().unwrap_or_default() + self.init_waits_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_there_is_not_or_that_is_missing_is_named() {
        let of = |text: &str| Assumed::read(text).unwrap().latencies();
        assert_eq!(of(FILE).unwrap().len(), Operation::ALL.len());
        for (text, expected) in [
            (FILE.replace("\nQuery = ", "\nScan = "), "[calls] Scan: no such call"),
            (FILE.replace("\nQuery = [4, 12]", ""), "[calls] has no Query"),
        ] {
            assert_eq!(of(&text).unwrap_err().to_string(), expected);
        }
    }
}
