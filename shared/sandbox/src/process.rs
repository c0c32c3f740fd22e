//! PID 1 of a runner task: the machine that decides, and what its hands hold in the sandbox.

use std::time::Duration;

use fleet::pid1::{Machine, Pid1Event, Timings};
use fleet::{BootId, GithubRunnerId, JobId, RunnerId};
use jiff::Timestamp;

/// How long an EC2 spot instance stays after the warning.
pub(crate) const WARNED_AHEAD: Duration = Duration::from_mins(2);

/// How long after SIGTERM ECS kills a task (the task definitions' `stopTimeout`).
pub(crate) const STOP_TIMEOUT: Duration = Duration::from_mins(2);

/// How long GitHub waits for a runner that is gone before it ends its job.
pub(crate) const ABANDONED_AFTER: Duration = Duration::from_mins(10);

/// PID 1 of one task, as long as it lives.
#[derive(Debug, Clone)]
pub(crate) struct Process {
    pub(crate) runner: RunnerId,
    pub(crate) ticket: String,
    pub(crate) boot: BootId,
    pub(crate) began: Timestamp,
    /// What it decides. Where PID 1 is a process outside of the world, nobody asks this one.
    pub(crate) machine: Machine,
    /// The machine's deadline, as it stands on the agenda.
    pub(crate) due: Option<Duration>,
    /// The registration of the JIT config that it was answered.
    pub(crate) registration: Option<GithubRunnerId>,
    pub(crate) listener: Option<ConnectedListener>,
    /// Whether its listener has connected once.
    pub(crate) has_listened: bool,
    /// The number of its last question.
    pub(crate) questions: u64,
    /// The question whose answer it waits for.
    pub(crate) awaited: Option<u64>,
    /// Its questions that a registrar is at work on.
    pub(crate) in_flight: u32,
    /// When the registrar said anything last, or when it was asked first.
    pub(crate) heard_at: Option<Timestamp>,
    /// The end of the wait that the registrar has asked for, if its answer came through.
    pub(crate) not_before: Option<Timestamp>,
    /// Since when it does nothing any more, though it is there.
    pub(crate) hangs_since: Option<Timestamp>,
}

/// The runner program, once it is connected to GitHub.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ConnectedListener {
    /// Whether it does not tell what it does.
    pub(crate) is_silent: bool,
    pub(crate) is_frozen: bool,
    /// The job that GitHub gave it last.
    pub(crate) given: Option<JobId>,
    /// The job that it has picked up.
    pub(crate) job: Option<JobId>,
    /// Whether a worker process is there for that job: a little after GitHub calls it in progress.
    pub(crate) has_worker: bool,
}

impl Process {
    /// PID 1 at its start.
    pub(crate) fn new(runner: RunnerId, ticket: String, boot: BootId, began: Timestamp) -> Self {
        Self {
            runner,
            ticket,
            boot,
            began,
            machine: Machine::new(Timings::default()),
            due: None,
            registration: None,
            listener: None,
            has_listened: false,
            questions: 0,
            awaited: None,
            in_flight: 0,
            heard_at: None,
            not_before: None,
            hangs_since: None,
        }
    }

    /// It restores its tool cache from a source that never answers.
    pub(crate) fn restore_for_ever(&mut self) {
        self.machine = Machine::restoring(Timings::default());
        self.due = self.machine.deadline();
    }

    /// How long it has been there.
    pub(crate) fn age(&self, now: Timestamp) -> Duration {
        now.duration_since(self.began).unsigned_abs()
    }

    /// Looks for a worker process.
    pub(crate) fn look(&self) -> Pid1Event {
        Pid1Event::Looked(self.listener.is_some_and(|listener| listener.has_worker))
    }

    /// Lets the listener stand still, and looks.
    pub(crate) fn freeze(&mut self) -> Pid1Event {
        self.set_frozen(true);
        self.look()
    }

    /// Lets the listener go on.
    pub(crate) fn thaw(&mut self) {
        self.set_frozen(false);
    }

    fn set_frozen(&mut self, is_frozen: bool) {
        if let Some(listener) = &mut self.listener {
            listener.is_frozen = is_frozen;
        }
    }

    /// The job that it has picked up, and has not ended.
    pub(crate) fn job(&self) -> Option<JobId> {
        self.listener?.job
    }
}

impl ConnectedListener {
    /// Whether it picks up what GitHub gives it.
    pub(crate) fn is_idle(&self) -> bool {
        !self.is_frozen && self.job.is_none()
    }
}
