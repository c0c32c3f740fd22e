//! When PID 1 asks next, and how long it goes on without an answer.

use std::time::Duration;

use super::event::Answered;
use super::timings::{FIRST_BACKOFF, LONGEST_BACKOFF, LONGEST_WAIT, Timings};

/// The questions of this boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Questions {
    /// When the last one was asked.
    asked: Duration,
    /// When the registrar said anything last, or when the first one was asked.
    heard: Duration,
    /// Questions in a row that came to nothing.
    failures: u32,
}

impl Questions {
    /// The first one is asked now.
    pub(super) fn first(now: Duration) -> Self {
        Self { asked: now, heard: now, failures: 0 }
    }

    /// Another one is asked now.
    pub(super) fn again(self, now: Duration) -> Self {
        Self { asked: now, ..self }
    }

    /// The last one came to this.
    pub(super) fn came_to(self, answered: Answered, now: Duration) -> Self {
        let failures = match answered {
            Answered::Later(_) | Answered::NoAnswer => self.failures.saturating_add(1),
            _ => 0,
        };
        let is_heard = !matches!(answered, Answered::NoAnswer | Answered::Later(None));
        Self { failures, heard: if is_heard { now } else { self.heard }, ..self }
    }

    /// When the next one is to be asked, after this came of the last one; `None` where nothing was heard
    /// for too long.
    ///
    /// It waits as long as the registrar says, and up to a fifth longer, so that runners with the same answer
    /// do not all come at once.
    pub(super) fn next(
        self,
        answered: Answered,
        now: Duration,
        jitter: f64,
        timings: &Timings,
    ) -> Option<Duration> {
        let doublings = self.failures.saturating_sub(1).min(10);
        let backoff = FIRST_BACKOFF.saturating_mul(1 << doublings).min(LONGEST_BACKOFF);
        let backoff = backoff.mul_f64(0.5 + jitter / 2.0);
        let next = match answered {
            Answered::Wait(told) | Answered::Later(Some(told)) => now + believed(told, jitter),
            Answered::NoAnswer => (self.asked + timings.no_answer).max(now) + backoff,
            _ => now + backoff,
        };
        (next <= self.heard + timings.give_up).then_some(next)
    }
}

/// How long to wait after an answer to wait this long.
pub(super) fn believed(told: Duration, jitter: f64) -> Duration {
    told.clamp(FIRST_BACKOFF, LONGEST_WAIT).mul_f64(1.0 + jitter / 5.0)
}
