//! What PID 1 decides, as a function from what has happened to what is to be done.
//!
//! It holds no process, no clock and no socket: the hands around it have those. In a task they are
//! `runner-init`'s, on one machine and in the simulation the sandbox's.
//!
//! It asks one question at a time, from its first boot to its end. Without a listener it waits for its
//! JIT config, of which it gets one; with one it asks whether it is still needed. The first question waits for
//! Docker and for the tool cache: without Docker there is no job, without the cache one begins all the same, once
//! its time is up.
//!
//! A job that begins while PID 1 leaves is not cut short, because PID 1 leaves an idle runner in one
//! way only: every process is frozen, what the listener has said until then is read, and a worker is
//! looked for. A frozen listener can begin nothing. If it has begun a job, all goes on; if not, it is
//! killed as it stands. GitHub queues a job again that it had just given to such a runner.

pub mod answers;
mod event;
mod questions;
mod timings;

#[cfg(test)]
mod tests;

use std::time::Duration;

pub use self::event::{Answered, Exit, Pid1Action, Pid1Event};
pub use self::questions::Questions;
use self::questions::believed;
use self::timings::{FIRST_BACKOFF, LONGEST_WAIT};
pub use self::timings::{LONGEST_JOB, PATIENCE, Timings};
use crate::launch::exit_code::{
    DOCKER_UNAVAILABLE, FAILED, JOB_DONE, NOT_NEEDED, RELEASED, REMOVED, RUNNER_OUTDATED, TERMINATED,
};
use crate::question::Listener;

/// How far PID 1 is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pid1State {
    /// Docker is waited for, and the tool cache is restored, at the same time.
    Preparing,
    /// No JIT config yet. The next question is under way, or waited for.
    Unconfigured(Questions),
    /// The listener waits for a job.
    Idle,
    /// A worker is looked for, before a question is asked.
    Looking,
    /// A question is under way.
    Asking,
    /// It is to leave; a job may still show.
    LastLook,
    /// Everything stands still, and is looked through.
    Freezing {
        /// Because it is to leave, or else because of a SIGTERM.
        released: bool,
    },
    /// A job has begun.
    Working {
        /// Whether it has been interrupted since.
        interrupted: bool,
    },
    /// PID 1 exits with this code.
    Over(i64),
}

/// PID 1. Times are durations since its start.
#[derive(Debug, Clone)]
pub struct Machine {
    timings: Timings,
    state: Pid1State,
    deadline: Option<Duration>,
    terminated: Option<Duration>,
    /// When its job began.
    job_began: Option<Duration>,
    listener: Listener,
    /// How far the listener was at the last question.
    asked_as: Listener,
    has_docker: bool,
    is_restoring: bool,
}

impl Machine {
    /// PID 1 at its start.
    pub fn new(timings: Timings) -> Self {
        let (state, listener) = (Pid1State::Preparing, Listener::None);
        Self {
            timings,
            state,
            deadline: None,
            terminated: None,
            job_began: None,
            listener,
            asked_as: listener,
            has_docker: false,
            is_restoring: false,
        }
    }

    /// The same, with a tool cache that is restored from its start on.
    #[must_use]
    pub fn restoring(timings: Timings) -> Self {
        Self { is_restoring: true, deadline: Some(timings.tool_cache), ..Self::new(timings) }
    }

    /// How far it is.
    pub fn state(&self) -> Pid1State {
        self.state
    }

    /// The exit code if PID 1 itself cannot go on. A job that has begun reaches no code that counts.
    pub fn code_of_failure(&self) -> i64 {
        if matches!(self.state, Pid1State::Working { .. }) { JOB_DONE } else { FAILED }
    }

    /// When [`Pid1Event::Due`] is to come, if nothing else does before.
    pub fn deadline(&self) -> Option<Duration> {
        self.deadline
    }

    /// Takes an event. `jitter` is a random number from 0 to 1.
    #[expect(clippy::match_same_arms, reason = "a row of the table is one rule")]
    pub fn step(&mut self, now: Duration, jitter: f64, event: Pid1Event) -> Vec<Pid1Action> {
        let was_up = self.listener == Listener::Up;
        if event == Pid1Event::ListenerUp {
            self.listener = Listener::Up;
        }
        match (self.state, event) {
            (Pid1State::Over(_), _) => vec![],
            (Pid1State::Preparing, Pid1Event::Prepared(true)) => {
                self.has_docker = true;
                self.prepared(now)
            }
            (Pid1State::Preparing, Pid1Event::Restored) => self.done_restoring(now),
            (Pid1State::Preparing, Pid1Event::Due) if self.is_restoring => {
                let asks = self.done_restoring(now);
                [vec![Pid1Action::GiveUpRestore], asks].concat()
            }
            (Pid1State::Preparing, Pid1Event::Prepared(false)) => self.over(DOCKER_UNAVAILABLE),
            (Pid1State::Unconfigured(asked), Pid1Event::Answered(answered)) => {
                self.unconfigured(asked, answered, now, jitter)
            }
            (Pid1State::Unconfigured(asked), Pid1Event::Due) => self.ask_for_config(asked.again(now)),
            (Pid1State::Preparing | Pid1State::Unconfigured(_), Pid1Event::Terminate) => {
                self.over(TERMINATED)
            }
            (_, Pid1Event::NotStarted) => self.over(FAILED),
            (_, Pid1Event::Exited(exit)) => self.exited(exit),
            (Pid1State::Working { interrupted }, Pid1Event::Due) => self.out_of_time(interrupted),
            (Pid1State::Working { .. }, Pid1Event::Terminate) => {
                self.terminated.get_or_insert(now);
                self.work(now)
            }
            (Pid1State::Freezing { .. }, Pid1Event::Looked(true)) => {
                self.work(now);
                vec![Pid1Action::Thaw]
            }
            (Pid1State::Freezing { released: true }, Pid1Event::Looked(false)) => self.over(RELEASED),
            (Pid1State::Freezing { released: true }, Pid1Event::NotFrozen) => {
                self.wait(Pid1State::LastLook, now + self.timings.last_look);
                vec![]
            }
            (Pid1State::Freezing { released: false }, Pid1Event::Looked(false)) => self.over(TERMINATED),
            // What cannot be seen to be idle is taken for at work.
            (Pid1State::Freezing { released: false }, Pid1Event::NotFrozen) => self.work(now),
            (Pid1State::Working { .. }, _) => vec![],
            (_, Pid1Event::JobBegun | Pid1Event::Looked(true)) => self.work(now),
            (_, Pid1Event::Terminate) => {
                self.terminated.get_or_insert(now);
                self.freeze(false)
            }
            (Pid1State::Idle, Pid1Event::ListenerUp) if !was_up => self.look(),
            (Pid1State::Idle, Pid1Event::Due) => self.look(),
            (Pid1State::Looking, Pid1Event::Looked(false)) => {
                self.state = Pid1State::Asking;
                self.asked_as = self.listener;
                vec![Pid1Action::Ask(self.listener)]
            }
            (Pid1State::Asking, Pid1Event::Answered(Answered::Leave)) => {
                self.wait(Pid1State::LastLook, now + self.timings.last_look);
                vec![]
            }
            (Pid1State::Asking, Pid1Event::Answered(answered)) => {
                // It has come up meanwhile, which the registrar is to know; but not before it may be asked
                // again.
                if self.asked_as != self.listener && matches!(answered, Answered::Wait(_)) {
                    return self.look();
                }
                let often = |wait: Duration| wait.mul_f64(0.9 + jitter * 0.2);
                let wait = match answered {
                    Answered::Wait(told) => often(told.clamp(FIRST_BACKOFF, LONGEST_WAIT)),
                    Answered::Later(Some(told)) => believed(told, jitter).max(often(self.timings.question)),
                    _ => often(self.timings.question),
                };
                self.wait(Pid1State::Idle, now + wait);
                vec![]
            }
            (Pid1State::LastLook, Pid1Event::Due) => self.freeze(true),
            _ => vec![],
        }
    }

    fn done_restoring(&mut self, now: Duration) -> Vec<Pid1Action> {
        self.is_restoring = false;
        self.deadline = None;
        self.prepared(now)
    }

    /// Asks the first question, once there is nothing more to wait for.
    fn prepared(&mut self, now: Duration) -> Vec<Pid1Action> {
        let is_prepared = self.has_docker && !self.is_restoring;
        if is_prepared { self.ask_for_config(Questions::first(now)) } else { vec![] }
    }

    fn ask_for_config(&mut self, questions: Questions) -> Vec<Pid1Action> {
        self.deadline = None;
        self.state = Pid1State::Unconfigured(questions);
        vec![Pid1Action::Ask(Listener::None)]
    }

    fn unconfigured(
        &mut self,
        questions: Questions,
        answered: Answered,
        now: Duration,
        jitter: f64,
    ) -> Vec<Pid1Action> {
        match answered {
            Answered::Config => {
                self.listener = Listener::Starting;
                self.wait(Pid1State::Idle, now + self.timings.listener);
                vec![Pid1Action::Start]
            }
            Answered::Leave | Answered::Refused => self.over(NOT_NEEDED),
            Answered::Malformed => self.over(FAILED),
            Answered::Wait(_) | Answered::Later(_) | Answered::NoAnswer => {
                let questions = questions.came_to(answered, now);
                match questions.next(answered, now, jitter, &self.timings) {
                    Some(next) => {
                        self.wait(Pid1State::Unconfigured(questions), next);
                        vec![]
                    }
                    None => self.over(FAILED),
                }
            }
        }
    }

    fn look(&mut self) -> Vec<Pid1Action> {
        self.deadline = None;
        self.state = Pid1State::Looking;
        vec![Pid1Action::Look]
    }

    fn freeze(&mut self, released: bool) -> Vec<Pid1Action> {
        self.deadline = None;
        self.state = Pid1State::Freezing { released };
        vec![Pid1Action::Freeze]
    }

    /// A job goes on, for its longest life; after a SIGTERM, until shortly before ECS would kill it.
    fn work(&mut self, now: Duration) -> Vec<Pid1Action> {
        self.job_began.get_or_insert(now);
        let interrupted = self.state == Pid1State::Working { interrupted: true };
        if !interrupted {
            self.state = Pid1State::Working { interrupted };
            self.deadline = self.job_interrupted_at();
        }
        vec![]
    }

    /// When its job is out of time: at the end of its longest life, or before ECS kills it, whichever comes first.
    fn job_interrupted_at(&self) -> Option<Duration> {
        let stopped = self.timings.stop.saturating_sub(self.timings.interrupt);
        let lived = self.job_began.map(|at| at + self.timings.job);
        let stops = self.terminated.map(|at| at + stopped);
        [lived, stops].into_iter().flatten().min()
    }

    /// The job is interrupted; what does not end then is killed, after a SIGTERM just before ECS would do it.
    fn out_of_time(&mut self, interrupted: bool) -> Vec<Pid1Action> {
        if interrupted {
            return self.over(JOB_DONE);
        }
        self.state = Pid1State::Working { interrupted: true };
        let grace = self.timings.interrupt - self.timings.interrupt / 5;
        self.deadline = self.job_interrupted_at().map(|at| at + grace);
        vec![Pid1Action::Interrupt]
    }

    fn exited(&mut self, exit: Exit) -> Vec<Pid1Action> {
        let code = match (self.state, exit) {
            (Pid1State::Working { .. }, _) => JOB_DONE,
            (_, Exit::Code(code)) if i64::from(code) == RUNNER_OUTDATED => RUNNER_OUTDATED,
            // Its registration is deleted by then, and the listener may notice that first.
            (Pid1State::LastLook | Pid1State::Freezing { released: true }, _) => RELEASED,
            _ if self.terminated.is_some() => TERMINATED,
            // "The runner no longer exists on the server": its listener then ends in good order.
            (_, Exit::Code(0)) if self.listener == Listener::Up => REMOVED,
            _ => FAILED,
        };
        self.over(code)
    }

    fn wait(&mut self, state: Pid1State, until: Duration) {
        self.state = state;
        self.deadline = Some(until);
    }

    fn over(&mut self, code: i64) -> Vec<Pid1Action> {
        self.state = Pid1State::Over(code);
        self.deadline = None;
        vec![]
    }
}
