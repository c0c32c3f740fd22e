//! What a repair does, and why.

use super::SeenTask;
use crate::ids::{JobId, PoolName};
use crate::launch::SeenStop;
use crate::ledger::{Event, Runner, RunnerEvent};

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repair {
    /// Set the minimum number of instances of a pool's Auto Scaling group.
    SetMinSize {
        /// The pool.
        pool: PoolName,
        /// Its group.
        group: String,
        /// The current value.
        from: u32,
        /// The right value.
        to: u32,
    },
    /// Set the minimum and the maximum of a pool that has left the map to 0.
    Close {
        /// The pool.
        pool: PoolName,
    },
    /// Move a job that waits in a pool which has left the map to a pool that serves it.
    Reroute {
        /// The job.
        job: JobId,
        /// The pool in which it waits.
        from: PoolName,
        /// The pool to which it moves.
        to: PoolName,
    },
    /// Take a runner without a JIT config out of the supply, then stop its task; but if it gets a config
    /// first, do nothing.
    Fence {
        /// The runner.
        runner: Runner,
        /// Why.
        cause: FenceCause,
        /// Its task, if known. An unknown task is stopped by a later pass.
        task: Option<SeenTask>,
    },
    /// Make a runner Overdue, so that another one is reserved to help.
    CallOverdue {
        /// The runner.
        runner: Runner,
    },
    /// Call `RunTask` with the runner's token again: it returns the existing task, or starts one.
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
    /// Record that a runner's task has stopped, or never existed.
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
    /// Its pool has enough runners.
    NotNeeded,
    /// Its pool was taken out of the map.
    OutOfMap,
    /// It has no JIT config and has asked for none by its boot limit.
    BootLimit,
    /// Its boot limit is over, and `RunTask` has kept putting its launch off.
    NotLaunched,
    /// It was Overdue, came back, and has gone silent again while a job waits.
    SlowTwice,
    /// ECS finds no capacity for its task. The capacity's rest begins in the same transaction, so the
    /// runner's replacement is not reserved there again.
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

    /// What else the ledger knows of it, in ECS's words.
    pub fn known_of(self, runner: &Runner) -> Option<&str> {
        runner.put_off.as_deref().filter(|_| self == Self::NotLaunched)
    }

    /// The runner's event, with what was reported beyond the cause.
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
    /// Its name in the log of a failure.
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

    /// The pool that it is for; of two, the one that a job leaves.
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

    /// The runner that it names, if any.
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

    /// The event that it records, if any.
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
