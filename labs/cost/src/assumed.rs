//! What neither a price list nor a template says: `assumed.toml`.

use std::collections::BTreeMap;

use fleet::PoolName;
use sandbox::FunctionName;
use serde::Deserialize;

/// The file.
pub const FILE: &str = include_str!("../assumed.toml");

/// All of it. The file has the sources.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assumed {
    /// The jobs.
    pub day: DayOfJobs,
    /// How Lambda asks the queue for messages.
    pub queue: QueuePolling,
    /// How Lambda runs functions.
    pub lambda: Lambda,
    /// What Lambda and `CloudWatch` make of logs.
    pub logs: Logs,
    /// The reads that KMS decrypts.
    pub secrets: SecretReads,
    /// How `DynamoDB` counts.
    pub ledger: DynamoDbUnits,
    /// A month of dependency caches.
    pub caches: MonthOfCaches,
    /// A month of the mirror of Docker Hub.
    pub mirror: MonthOfMirror,
    /// A month of the runtimes' cache.
    pub runtimes: MonthOfRuntimes,
    /// A month of image builds.
    pub image_builds: MonthOfImageBuilds,
}

/// A month of image builds.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the file says what each is")]
pub struct MonthOfImageBuilds {
    pub checks: f64,
    pub check_minutes: f64,
    pub builds: f64,
    pub build_minutes: f64,
    pub publish_minutes: f64,
    pub transitions_a_build: f64,
    pub builds_kept: f64,
    pub build_gb: f64,
    pub alarms: f64,
    pub gives: f64,
    pub give_minutes: f64,
    pub alarms_of_gives: f64,
}

/// A month of dependency caches.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the file says what each is")]
pub struct MonthOfCaches {
    pub stored_gb: f64,
    pub saves: f64,
    pub restores: f64,
    pub writes_a_save: f64,
    pub lists_a_restore: f64,
    pub ranges_a_restore: f64,
}

/// A month of the mirror of Docker Hub.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the file says what each is")]
pub struct MonthOfMirror {
    pub stored_gb: f64,
    pub fetched_gb: f64,
    pub pulled_gb: f64,
    pub layer_mb: f64,
    pub writes_a_fetch: f64,
    pub writes_a_pull: f64,
    pub reads_a_pull: f64,
}

/// A month of the runtimes' cache.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the file says what each is")]
pub struct MonthOfRuntimes {
    pub architectures: f64,
    pub tree_gb: f64,
    pub bundle_gb: f64,
    pub publishes: f64,
    pub bundles_kept: f64,
    pub trees_kept: f64,
    pub jobs: f64,
    pub publisher_minutes: f64,
    pub publisher_vcpus: f64,
    pub publisher_gb: f64,
}

/// The jobs of the day.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DayOfJobs {
    /// How many.
    pub jobs: u64,
    /// Within this many hours.
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
pub struct QueuePolling {
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
    /// Milliseconds of a call that writes lines of costs, with its CPU.
    pub put_ms: f64,
    /// The share of a log's size after compression.
    pub compressed: f64,
}

/// The reads that KMS decrypts.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretReads {
    /// Secrets in each folder of the Parameter Store.
    pub a_folder: u32,
    /// How long the table's key is kept.
    pub table_key_minutes: i64,
}

/// How `DynamoDB` counts.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DynamoDbUnits {
    /// Bytes of a write unit.
    pub bytes_a_write: u32,
    /// Bytes of a read unit.
    pub bytes_a_read: u32,
    /// Overhead in bytes of each entry.
    pub overhead: u32,
}

impl Assumed {
    /// Reads what is assumed.
    pub fn read(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
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
    use crate::deployed::FUNCTIONS;

    #[test]
    fn every_function_has_an_init_phase_and_all_but_the_reconciler_a_cpu() {
        let Lambda { cpu_ms, init_ms, .. } = Assumed::read(FILE).unwrap().lambda;
        for function in FUNCTIONS.map(crate::usage::name) {
            assert!(init_ms.contains_key(function), "init_ms of {function}");
            assert_eq!(cpu_ms.contains_key(function), function != "reconciler", "cpu_ms of {function}");
        }
        assert_eq!((init_ms.len(), cpu_ms.len()), (FUNCTIONS.len(), FUNCTIONS.len() - 1), "no other name");
    }
}
