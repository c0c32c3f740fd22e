//! The job's summary: PID 1 writes what it knows about the task's time into a file that the image's hook reads.

use std::fs;
use std::io::{self, Seek as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fleet::question::{JobSummary, RunnerSettings};
use serde_json::{Value, json};
use tempfile::NamedTempFile;

/// The variable that tells the hook the file's path.
pub(crate) const SUMMARY_VARIABLE: &str = "MAYFLY_SUMMARY";

/// The data of a summary. Ages are times since PID 1 began.
#[derive(Debug)]
pub(crate) struct Summary {
    file: NamedTempFile,
    pool: String,
    known: JobSummary,
    /// The age at the registrar's answer.
    answered: Duration,
    /// The age when the listener was up.
    up: Option<Duration>,
}

impl Summary {
    /// Makes an empty file that others can read and only PID 1 can write. `None` if the pool has no summaries.
    pub(crate) fn new(settings: &RunnerSettings, answered: Duration) -> io::Result<Option<Self>> {
        let Some(known) = settings.summary.clone() else { return Ok(None) };
        let readable = fs::Permissions::from_mode(0o644);
        let file = tempfile::Builder::new().prefix("mayfly-summary-").permissions(readable).tempfile()?;
        Ok(Some(Self { file, pool: settings.pool.to_string(), known, answered, up: None }))
    }

    /// The file's path.
    pub(crate) fn path(&self) -> &Path {
        self.file.path()
    }

    /// Records that the listener is up.
    pub(crate) fn up(&mut self, age: Duration) {
        self.up.get_or_insert(age);
    }

    /// Writes the file when a job begins, because everything that the hook needs is known then.
    pub(crate) fn begun(&mut self, age: Duration, now: SystemTime) -> io::Result<()> {
        let text = self.parts(age, now).to_string();
        let file = self.file.as_file_mut();
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(text.as_bytes())
    }

    /// All times are milliseconds, except the job's start, which is in seconds since 1970, as in the hook's `date`.
    fn parts(&self, begun: Duration, now: SystemTime) -> Value {
        let up = self.up.unwrap_or(begun);
        json!({
            "pool": self.pool,
            "capacity": self.known.capacity,
            "price": self.known.price,
            "task": self.known.reserved_for.saturating_sub(milliseconds(self.answered)),
            "runner": milliseconds(up),
            "idle": milliseconds(begun.saturating_sub(up)),
            "begun_at": now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs(),
        })
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use fleet::PoolName;
    use fleet::cost::{NanoDollars, TaskPrice};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn settings(summary: Option<JobSummary>) -> RunnerSettings {
        let pool = PoolName::new("fargate-x64").unwrap();
        RunnerSettings { pool, runner_name: "mayfly-fargate-x64-0".to_owned(), sudo: false, summary }
    }

    fn known(reserved_for: u64) -> JobSummary {
        let price = Some(TaskPrice { hour: NanoDollars(233_040_000), least: 60_000 });
        JobSummary { capacity: PoolName::new("fargate-x64-spot").unwrap(), reserved_for, price }
    }

    #[test]
    fn its_parts_are_the_time_from_the_reservation_to_the_job() {
        let mut summary = Summary::new(&settings(Some(known(24_500))), 3 * SECOND).unwrap().unwrap();
        let written = || fs::read_to_string(summary.path()).unwrap();
        assert_eq!(written(), "", "nothing before a job has begun");
        let path = summary.path().to_owned();
        summary.up(7 * SECOND);
        summary.up(8 * SECOND);
        summary.begun(9 * SECOND, UNIX_EPOCH + 1000 * SECOND).unwrap();
        let expected = json!({
            "pool": "fargate-x64", "capacity": "fargate-x64-spot", "price": {"hour": 233_040_000, "least": 60_000},
            "task": 21_500, "runner": 7_000, "idle": 2_000, "begun_at": 1000,
        });
        assert_eq!(serde_json::from_str::<Value>(&fs::read_to_string(&path).unwrap()).unwrap(), expected);
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o644, "a job reads it, and does not write it");
        drop(summary);
        assert!(!path.exists());
    }

    #[test]
    fn clocks_that_disagree_and_a_listener_that_was_not_heard_make_no_negative_time() {
        let summary = Summary::new(&settings(Some(known(1_000))), 3 * SECOND).unwrap().unwrap();
        let parts = summary.parts(9 * SECOND, UNIX_EPOCH - SECOND);
        let found: Vec<&Value> =
            ["task", "runner", "idle", "begun_at"].iter().map(|it| &parts[*it]).collect();
        assert_eq!(found, [&json!(0), &json!(9_000), &json!(0), &json!(0)]);
    }

    #[test]
    fn a_pool_without_summaries_has_no_file() {
        assert!(Summary::new(&settings(None), SECOND).unwrap().is_none());
    }
}
