//! ECS's "ECS Task State Change" event, delivered by EventBridge.

use control::metrics::UNKNOWN_REASONS;
use fleet::RunnerId;
use fleet::launch::{
    SeenStop, StoppedContainer, TaskTimes, exit_code_of, is_known_stop_code, is_known_stop_reason,
    is_out_of_memory, reason_of,
};
use fleet::ledger::{Event, RunnerEvent};
use jiff::Timestamp;
use metrics::counter;
use serde::Deserialize;
use tracing::warn;

use crate::metrics::{KIND, STOP_CODE, UNKNOWN_EVENTS};

/// The event's `detail-type`.
pub(crate) const DETAIL_TYPE: &str = "ECS Task State Change";

/// The fields of its `detail` that matter. What is absent, or null, is not known; the stop counts all the same.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TaskChange {
    #[serde(default)]
    last_status: Option<String>,
    #[serde(default)]
    started_by: Option<String>,
    #[serde(default)]
    stop_code: Option<String>,
    #[serde(default)]
    stopped_reason: Option<String>,
    #[serde(default)]
    created_at: Option<String>,
    #[serde(default)]
    pull_started_at: Option<String>,
    #[serde(default)]
    pull_stopped_at: Option<String>,
    #[serde(default)]
    started_at: Option<String>,
    #[serde(default)]
    stopped_at: Option<String>,
    #[serde(default)]
    containers: Option<Vec<Container>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Container {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    exit_code: Option<i64>,
    #[serde(default)]
    reason: Option<String>,
}

impl Container {
    fn stopped(&self) -> StoppedContainer<'_> {
        StoppedContainer {
            name: self.name.as_deref().unwrap_or_default(),
            exit_code: self.exit_code,
            reason: self.reason.as_deref(),
        }
    }
}

impl TaskChange {
    /// The event for the ledger: the runner that started the task has stopped. Any other status, and a task
    /// that none of our runners started, yields none. A new stop code is counted, and treated as an ordinary
    /// stop.
    pub(crate) fn into_event(self) -> Option<Event> {
        if self.last_status.as_deref() != Some("STOPPED") {
            return None;
        }
        let runner = RunnerId::parse(self.started_by.as_deref()?).ok()?;
        let containers = self.containers.unwrap_or_default();
        let containers: Vec<StoppedContainer<'_>> = containers.iter().map(Container::stopped).collect();
        let times = TaskTimes {
            created_at: time(self.created_at),
            pull_started_at: time(self.pull_started_at),
            pull_stopped_at: time(self.pull_stopped_at),
            started_at: time(self.started_at),
            stopped_at: time(self.stopped_at),
        };
        let reason = reason_of(&self.stopped_reason.unwrap_or_default(), &containers);
        if let Some(code) = self.stop_code.as_deref().filter(|code| !is_known_stop_code(code)) {
            warn!(%runner, stop_code = code, reason, "stop with an unknown code, taken for an ordinary one");
            counter!(UNKNOWN_EVENTS.name, KIND => STOP_CODE).increment(1);
        }
        if !is_known_stop_reason(self.stop_code.as_deref(), &reason) {
            warn!(%runner, reason, "a task did not start for a reason that is not known, taken for a failed boot");
            counter!(UNKNOWN_REASONS.name).increment(1);
        }
        // Its job ends with it, and GitHub says no more than that the runner is lost.
        if is_out_of_memory(&reason) {
            warn!(%runner, reason, "a container used up its memory and was killed: the pool needs a larger memory_mib");
        }
        let stop = SeenStop::of(self.stop_code.as_deref(), &reason, exit_code_of(&containers), times);
        Some(Event::Runner(runner, RunnerEvent::TaskStopped(stop.class, stop.reason, stop.times)))
    }
}

/// A time from ECS. One that cannot be parsed is treated as unknown; the stop counts all the same.
fn time(text: Option<String>) -> Option<Timestamp> {
    text?.parse().ok()
}
