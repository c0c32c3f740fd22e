//! What a repair does, with its reason.

use super::SeenTask;
use crate::ids::{JobId, PoolName};
use crate::launch::SeenStop;
use crate::ledger::{Event, Runner, RunnerEvent};

/// One thing that is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repair {
    /// Set how many instances a pool's Auto Scaling group keeps at least.
    SetMinSize {
        /// The pool.
        pool: PoolName,
        /// Its group.
        group: String,
        /// What it is.
        from: u32,
        /// What it shall be.
        to: u32,
    },
    /// Set the minimum and the maximum of a pool that is out of the map to 0.
    Close {
        /// The pool.
        pool: PoolName,
    },
    /// Let a job that waits in a pool which is out of the map wait in one that serves it.
    Reroute {
        /// The job.
        job: JobId,
        /// Where it waits.
        from: PoolName,
        /// Where it shall wait.
        to: PoolName,
    },
    /// Take a runner without a JIT config out of the supply, then stop its task: not if it is answered
    /// one first.
    Fence {
        /// The runner.
        runner: Runner,
        /// Why.
        cause: FenceCause,
        /// Its task, where it is known. One that is not is stopped by a later pass.
        task: Option<SeenTask>,
    },
    /// Let a runner be Overdue, so that another one is reserved beside it.
    CallOverdue {
        /// The runner.
        runner: Runner,
    },
    /// Call `RunTask` with the runner's token again, which gives the task that there is, or starts it.
    RunAgain {
        /// The runner.
        runner: Runner,
    },
    /// Stop the task of a runner that was fenced a while ago.
    Stop {
        /// The runner.
        runner: Runner,
        /// Its task.
        task: SeenTask,
    },
    /// Write down that a runner's task has stopped, or never was.
    NoteStopped {
        /// The runner.
        runner: Runner,
        /// What its stop means, and ECS's reason.
        stop: SeenStop,
    },
}

/// Why a runner is fenced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FenceCause {
    /// Its pool has runners enough.
    NotNeeded,
    /// Its pool was taken out of the map.
    OutOfMap,
    /// It has no JIT config and has asked for none by its boot limit.
    BootLimit,
    /// Its boot limit is over, and `RunTask` has put its launch off all the time.
    NotLaunched,
    /// It was Overdue, came back, and has gone silent again while a job waits.
    SlowTwice,
    /// ECS finds no capacity for its task. The capacity's rest begins in the same transaction, so that
    /// the runner's replacement is not reserved there again.
    NoCapacity,
}

impl FenceCause {
    /// The reason, for the log and for ECS.
    pub fn why(self) -> &'static str {
        match self {
            Self::NotNeeded => "its pool has runners enough",
            Self::OutOfMap => "its pool is out of the map",
            Self::BootLimit => "past its boot limit",
            Self::NotLaunched => "not launched within fifteen minutes",
            Self::SlowTwice => "slow for the second time",
            Self::NoCapacity => "no capacity within five minutes",
        }
    }

    /// What the ledger knows of it beyond that, in ECS's words.
    pub fn known_of(self, runner: &Runner) -> Option<&str> {
        runner.put_off.as_deref().filter(|_| self == Self::NotLaunched)
    }

    /// What happens to the runner, with what was said beyond the cause.
    pub fn event(self, said: Option<&str>) -> RunnerEvent {
        let reason = || match said {
            Some(said) => format!("{}; {said}", self.why()),
            None => self.why().to_owned(),
        };
        match self {
            Self::NotNeeded | Self::OutOfMap => RunnerEvent::Fenced,
            Self::BootLimit | Self::SlowTwice => RunnerEvent::FailedToBoot(reason()),
            Self::NotLaunched => RunnerEvent::NotLaunched(reason()),
            Self::NoCapacity => RunnerEvent::FoundNoCapacity(reason()),
        }
    }
}

impl Repair {
    /// What it is called where it fails.
    pub fn name(&self) -> &'static str {
        match self {
            Self::SetMinSize { .. } => "capacity",
            Self::Close { .. } => "close",
            Self::Reroute { .. } => "reroute",
            Self::Fence { .. } => "fence",
            Self::CallOverdue { .. } => "overdue",
            Self::RunAgain { .. } => "run again",
            Self::Stop { .. } => "stop",
            Self::NoteStopped { .. } => "note stopped",
        }
    }

    /// The pool that it is for; of two the one that a job comes from.
    pub fn pool(&self) -> &PoolName {
        match self {
            Self::SetMinSize { pool, .. } | Self::Close { pool } | Self::Reroute { from: pool, .. } => pool,
            Self::Fence { runner, .. }
            | Self::CallOverdue { runner }
            | Self::RunAgain { runner }
            | Self::Stop { runner, .. }
            | Self::NoteStopped { runner, .. } => &runner.pool,
        }
    }

    /// The runner that it names, if it names one.
    pub fn runner(&self) -> Option<&Runner> {
        match self {
            Self::Fence { runner, .. }
            | Self::CallOverdue { runner }
            | Self::RunAgain { runner }
            | Self::Stop { runner, .. }
            | Self::NoteStopped { runner, .. } => Some(runner),
            Self::SetMinSize { .. } | Self::Close { .. } | Self::Reroute { .. } => None,
        }
    }

    /// What it writes down, if it writes anything.
    pub fn event(&self) -> Option<Event> {
        match self {
            Self::Close { pool } => {
                Some(Event::Bounds { pool: pool.clone(), minimum: 0, maximum: 0, task_definition: None })
            }
            Self::Reroute { job, from, to } => {
                Some(Event::Rerouted { job: *job, from: from.clone(), to: to.clone() })
            }
            Self::Fence { runner, cause, .. } => {
                Some(Event::Runner(runner.id.clone(), cause.event(cause.known_of(runner))))
            }
            Self::CallOverdue { runner } => Some(Event::Runner(runner.id.clone(), RunnerEvent::Overdue)),
            Self::NoteStopped { runner, stop } => {
                let stopped = RunnerEvent::TaskStopped(stop.class, stop.reason.clone(), stop.times);
                Some(Event::Runner(runner.id.clone(), stopped))
            }
            Self::SetMinSize { .. } | Self::RunAgain { .. } | Self::Stop { .. } => None,
        }
    }
}
