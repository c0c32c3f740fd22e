//! A function's instance: what it keeps from one event to the next.

use aws::boot::SETTINGS_ARE_OLD;
use jiff::{SignedDuration, Timestamp};
use metrics_util::debugging::{DebuggingRecorder, Snapshot, Snapshotter};

/// As long as Lambda keeps it.
#[derive(Debug)]
pub(super) struct Instance {
    started_at: Timestamp,
    settings_at: Timestamp,
    table_key_at: Timestamp,
    recorder: DebuggingRecorder,
    metrics: Snapshotter,
}

impl Instance {
    /// An instance that starts now: it has read its settings, and opened its connection to the ledger.
    pub(super) fn new(now: Timestamp) -> Self {
        let recorder = DebuggingRecorder::new();
        let metrics = recorder.snapshotter();
        Self { started_at: now, settings_at: now, table_key_at: Timestamp::MIN, recorder, metrics }
    }

    /// Whether it is younger than this many hours.
    pub(super) fn is_younger(&self, now: Timestamp, hours: u32) -> bool {
        now.duration_since(self.started_at) < SignedDuration::from_hours(i64::from(hours))
    }

    /// Whether it must read its settings again; afterwards they count as new.
    pub(super) fn has_old_settings(&mut self, now: Timestamp) -> bool {
        is_due(&mut self.settings_at, now, SETTINGS_ARE_OLD)
    }

    /// Whether it must read the table's key again; afterwards it counts as new.
    pub(super) fn has_old_table_key(&mut self, now: Timestamp, minutes: i64) -> bool {
        is_due(&mut self.table_key_at, now, SignedDuration::from_mins(minutes))
    }

    /// Where its metrics are counted.
    pub(super) fn recorder(&self) -> &DebuggingRecorder {
        &self.recorder
    }

    /// Its metrics since the last time.
    pub(super) fn metrics(&self) -> Snapshot {
        self.metrics.snapshot()
    }
}

/// Whether it has reached this age; if so, it counts as new from now on.
fn is_due(at: &mut Timestamp, now: Timestamp, old: SignedDuration) -> bool {
    let due = now.duration_since(*at) >= old;
    if due {
        *at = now;
    }
    due
}
