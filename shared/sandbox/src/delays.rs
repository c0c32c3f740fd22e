//! How long things take in the sandbox.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use crate::FunctionName;
use crate::calls::Latencies;

/// A duration that is drawn again each time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span(pub RangeInclusive<Duration>);

impl Span {
    /// Minutes, from the one to the other.
    pub const fn minutes(from: u64, to: u64) -> Self {
        Self(Duration::from_mins(from)..=Duration::from_mins(to))
    }

    /// Seconds, from the one to the other.
    pub fn seconds(from: u64, to: u64) -> Self {
        Self(Duration::from_secs(from)..=Duration::from_secs(to))
    }
}

/// How long things take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delays {
    /// From GitHub's event to its webhook.
    pub webhook: Span,
    /// From `RunTask` to PENDING: finding capacity.
    pub provisioning: Span,
    /// From PENDING to RUNNING: pulling the image.
    pub pending: Span,
    /// From RUNNING to the first question: PID 1, Docker.
    pub boot: Span,
    /// The same three of tasks on EC2 instances, where they differ.
    pub on_instances: Option<Starts>,
    /// From the start of the runner program to its connection to GitHub.
    pub listener: Span,
    /// From the assignment of a job to its start.
    pub pick_up: Span,
    /// From the start of a job, as GitHub has it, to its worker process.
    pub worker: Span,
    /// From the exit of PID 1 to STOPPED.
    pub stopping: Span,
    /// Each call of AWS and of GitHub.
    pub calls: Latencies,
    /// After how long Lambda ends an invocation; of a function that is not named, never. (A registrar's limit
    /// always holds.)
    pub time_limits: BTreeMap<FunctionName, Duration>,
}

/// How long the start of a task takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Starts {
    /// From `RunTask` to PENDING.
    pub provisioning: Span,
    /// From PENDING to RUNNING.
    pub pending: Span,
    /// From RUNNING to the first question.
    pub boot: Span,
}

impl Delays {
    /// Each part takes so long, and calls take no time: what is on the wire takes its own.
    pub fn each(span: &Span) -> Self {
        let span = || span.clone();
        Self {
            webhook: span(),
            provisioning: span(),
            pending: span(),
            boot: span(),
            on_instances: None,
            listener: span(),
            pick_up: span(),
            worker: span(),
            stopping: span(),
            calls: Latencies::None,
            time_limits: BTreeMap::new(),
        }
    }

    /// How long the start of a task takes, on an instance or not.
    pub(crate) fn starts(&self, on_instance: bool) -> Starts {
        let Self { provisioning, pending, boot, .. } = self;
        let own =
            || Starts { provisioning: provisioning.clone(), pending: pending.clone(), boot: boot.clone() };
        self.on_instances.clone().filter(|_| on_instance).unwrap_or_else(own)
    }
}

impl Default for Delays {
    /// Fargate's, roughly.
    fn default() -> Self {
        Self {
            webhook: Span::seconds(1, 2),
            provisioning: Span::seconds(3, 8),
            pending: Span::seconds(15, 30),
            boot: Span::seconds(2, 4),
            on_instances: None,
            listener: Span::seconds(2, 4),
            pick_up: Span::seconds(1, 3),
            worker: Span::seconds(0, 2),
            stopping: Span::seconds(5, 15),
            calls: Latencies::None,
            time_limits: BTreeMap::new(),
        }
    }
}
