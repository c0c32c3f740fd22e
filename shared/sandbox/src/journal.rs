//! What happened, line by line, each about a job, a runner or a delivery.

use fleet::{DeliveryId, JobId, RunnerId};
use jiff::Timestamp;
use serde::Serialize;

use crate::faults::Fault;

/// What a line is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A webhook delivery.
    Delivery(DeliveryId),
    /// A job.
    Job(JobId),
    /// A runner, and with it its task.
    Runner(RunnerId),
    /// A fault that struck.
    Fault(Fault),
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// When.
    pub at: Timestamp,
    /// About whom.
    pub subject: Subject,
    /// What happened.
    pub text: String,
}

/// The lines so far. It is kept only where somebody will read it.
#[derive(Debug, Default)]
pub struct Journal {
    lines: Option<Vec<Line>>,
}

impl Journal {
    /// Begins to keep lines.
    pub fn keep(&mut self) {
        self.lines.get_or_insert_default();
    }

    /// Every line so far.
    pub fn lines(&self) -> &[Line] {
        self.lines.as_deref().unwrap_or_default()
    }

    /// Gives every line so far, and keeps only those that come from now on.
    pub fn take(&mut self) -> Vec<Line> {
        self.lines.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Writes a line, if lines are kept.
    pub(crate) fn note(
        &mut self,
        at: Timestamp,
        subject: impl FnOnce() -> Subject,
        text: impl FnOnce() -> String,
    ) {
        if let Some(lines) = &mut self.lines {
            lines.push(Line { at, subject: subject(), text: text() });
        }
    }
}
