//! When a job, and the start of a runner, reached each of their points: this answers where the time went. No
//! decision uses these times, and nothing is written for them alone.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Runner, RunnerEvent};
use crate::launch::TaskTimes;
use crate::question::Listener;

/// A job's times, apart from those that the ledger decides by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobTimes {
    /// When GitHub created it, according to its first webhook or a read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// When the queue took its first webhook (SQS: `SentTimestamp`); `None` if no webhook reported the job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_at: Option<Timestamp>,
    /// When the ledger heard that it had begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun_at: Option<Timestamp>,
}

impl JobTimes {
    /// Whether no time is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The points of a runner's start, each in milliseconds after its reservation. They are negative if the
/// clocks of ECS and of a function differ.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartTimes {
    /// ECS's `createdAt`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<i64>,
    /// ECS's `pullStartedAt`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull_started: Option<i64>,
    /// ECS's `pullStoppedAt`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull_stopped: Option<i64>,
    /// ECS's `startedAt`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<i64>,
    /// PID 1's own start, computed from the age in its first question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub booted: Option<i64>,
    /// Its first question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<i64>,
    /// The registration that came with its JIT config.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registered: Option<i64>,
    /// The first question of its listener.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listened: Option<i64>,
    /// ECS's `stoppedAt`, which ends what the task costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<i64>,
}

impl StartTimes {
    /// Whether no time is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Notes the times in an event of the runner, which is written anyway.
    pub(super) fn note(&mut self, event: &RunnerEvent, reserved_at: Timestamp, now: Timestamp) {
        let after = |at: Timestamp| milliseconds(at.duration_since(reserved_at));
        match event {
            RunnerEvent::Asked(_, listener, age) => {
                if self.asked.is_none() {
                    self.asked = Some(after(now));
                    self.booted = age.map(|age| after(now).saturating_sub(milliseconds(age)));
                }
                if *listener == Listener::Up {
                    self.listened.get_or_insert(after(now));
                }
            }
            RunnerEvent::Registered(..) => self.registered = Some(after(now)),
            RunnerEvent::TaskStopped(_, _, times) => self.note_task(times, reserved_at),
            _ => {}
        }
    }

    /// Notes ECS's times of the task, as far as ECS has them.
    pub fn note_task(&mut self, times: &TaskTimes, reserved_at: Timestamp) {
        let after = |at: Timestamp| milliseconds(at.duration_since(reserved_at));
        self.created = times.created_at.map(after).or(self.created);
        self.pull_started = times.pull_started_at.map(after).or(self.pull_started);
        self.pull_stopped = times.pull_stopped_at.map(after).or(self.pull_stopped);
        self.started = times.started_at.map(after).or(self.started);
        self.stopped = times.stopped_at.map(after).or(self.stopped);
    }
}

impl Runner {
    /// The moment of one of its times, which are milliseconds after its reservation; `None` for one that nobody knows.
    pub fn moment(&self, after: Option<i64>) -> Option<Timestamp> {
        self.reserved_at.checked_add(SignedDuration::from_millis(after?)).ok()
    }
}

/// As many as fit.
pub(super) fn milliseconds(length: SignedDuration) -> i64 {
    i64::try_from(length.as_millis()).unwrap_or(i64::MAX)
}
