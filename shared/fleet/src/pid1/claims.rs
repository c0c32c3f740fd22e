//! How long PID 1 goes on claiming, and when it claims next.

use std::time::Duration;

use super::event::ClaimOutcome;
use super::timings::{FIRST_BACKOFF, LONGEST_BACKOFF, LONGEST_RETRY_AFTER, Timings};

/// The claims of this boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claims {
    began: Duration,
    asked: Duration,
    attempts: u32,
}

impl Claims {
    /// The first one is made now.
    pub(super) fn new(now: Duration) -> Self {
        Self { began: now, asked: now, attempts: 1 }
    }

    /// Another one is made now.
    pub(super) fn again(self, now: Duration) -> Self {
        Self { asked: now, attempts: self.attempts.saturating_add(1), ..self }
    }

    /// When the next one is to be made; `None` once it is too late for that.
    ///
    /// What the registrar says is kept to, and up to a fifth more is waited, so that runners that were
    /// told the same do not all come at once.
    pub(super) fn next(
        self,
        outcome: ClaimOutcome,
        now: Duration,
        jitter: f64,
        timings: &Timings,
    ) -> Option<Duration> {
        let doubled = FIRST_BACKOFF.saturating_mul(1 << (self.attempts - 1).min(10)).min(LONGEST_BACKOFF);
        let backoff = doubled.mul_f64(0.5 + jitter / 2.0);
        let next = match outcome {
            ClaimOutcome::Later(Some(told)) => {
                now + told.clamp(FIRST_BACKOFF, LONGEST_RETRY_AFTER).mul_f64(1.0 + jitter / 5.0)
            }
            ClaimOutcome::NoAnswer => (self.asked + timings.no_answer).max(now) + backoff,
            _ => now + backoff,
        };
        (next <= self.began + timings.claim).then_some(next)
    }
}
