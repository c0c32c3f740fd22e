//! Whether a pool's capacity works: rests after "no capacity", and the breaker for launches that cannot work.
//!
//! All launches on a capacity share its faults: those of one batch fail for one reason. So an open breaker
//! counts a failure only if the runner was reserved after the failure that last opened it or held it open.
//! Runners reserved before belong to the same batch: however many they are and however late they fail, they
//! say nothing new. Ten launches that are refused at once count as one failure and rest for a minute; counted
//! one by one, they would rest for an hour.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::launch::RUN_THIRDS_ALLOWED;

/// How long a pool's capacity rests after ECS had none.
pub(super) const CAPACITY_REST: SignedDuration = SignedDuration::from_mins(3);

/// Failed boots in a row that open the breaker.
pub(super) const BOOT_FAILURES_ALLOWED: u32 = 3;

/// The breaker's first rest; each further failure doubles it.
const FIRST_BACKOFF: SignedDuration = SignedDuration::from_mins(1);

/// The breaker's longest rest.
const LONGEST_BACKOFF: SignedDuration = SignedDuration::from_hours(1);

/// The longest rest of a breaker that failed runs opened: only a job can show that runs work again.
const LONGEST_RUN_BACKOFF: SignedDuration = SignedDuration::from_mins(15);

/// While all is well, starts this close together are not recorded again. Otherwise each first question of a
/// burst would write the same book, for a time that says nothing new.
const STARTS_APART: SignedDuration = SignedDuration::from_secs(10);

/// Why a pool's capacity rests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RestCause {
    /// ECS had no capacity. A fallback may serve in the meantime.
    NoCapacity,
    /// ECS refused the launch for good: access, task definition, network.
    LaunchRefused,
    /// Runner after runner failed before its first question.
    BootFailures,
    /// Runner after runner asked, but failed before any job.
    RunFailures,
}

/// A time during which nothing is launched on a pool's capacity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rest {
    /// When it ends.
    pub until: Timestamp,
    /// Why.
    pub cause: RestCause,
    /// The last failure in ECS's words, for the alarm.
    pub reason: String,
}

impl Rest {
    /// Whether only a person, or a change at GitHub, can mend the cause.
    pub fn is_breaker(&self) -> bool {
        self.cause != RestCause::NoCapacity
    }
}

/// The health of a pool's capacity, kept in its book.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// Refused launches and failed boots since a runner last came up.
    #[serde(default)]
    pub failures: u32,
    /// When a runner last came up here, to within ten seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_start: Option<Timestamp>,
    /// Failed runs since a job last began here, in thirds of a run.
    #[serde(default)]
    pub run_failure_thirds: u32,
    /// When a job last began here, to within ten seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_job: Option<Timestamp>,
    /// When a refused launch or a failed boot last opened the breaker, or held it open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken_at: Option<Timestamp>,
    /// When a failed run last did so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runs_broken_at: Option<Timestamp>,
    /// The current rest, or the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rest: Option<Rest>,
}

impl Health {
    /// The current rest, if there is one.
    pub fn resting(&self, now: Timestamp) -> Option<&Rest> {
        self.rest.as_ref().filter(|rest| now < rest.until)
    }

    /// A runner came up, so whatever kept runners from coming up is over. Whether runs work, only a job
    /// shows.
    pub(super) fn started(&mut self, now: Timestamp) {
        let rest = self.rest.take_if(|rest| rest.cause != RestCause::RunFailures);
        if self.failures == 0 && rest.is_none() && !is_news(self.last_start, now) {
            return;
        }
        (self.failures, self.broken_at, self.last_start) = (0, None, Some(now));
    }

    /// A runner has begun a job: runs work.
    pub(super) fn ran_job(&mut self, now: Timestamp) {
        let rest = self.rest.take_if(|rest| rest.cause == RestCause::RunFailures);
        if self.run_failure_thirds == 0 && rest.is_none() && !is_news(self.last_job, now) {
            return;
        }
        (self.run_failure_thirds, self.runs_broken_at, self.last_job) = (0, None, Some(now));
    }

    /// Runners get another task definition: failures with the previous one say nothing about it.
    pub(super) fn definition_changed(&mut self) {
        self.rest.take_if(|rest| rest.is_breaker());
        (self.failures, self.broken_at) = (0, None);
        (self.run_failure_thirds, self.runs_broken_at) = (0, None);
    }

    /// There was no capacity for a runner launched at `launched_at`. Old news starts no new rest: something
    /// has started here since.
    pub(super) fn no_capacity(&mut self, launched_at: Timestamp, reason: &str, now: Timestamp) {
        if self.last_start.is_none_or(|start| start <= launched_at) {
            self.rest_until(now, CAPACITY_REST, RestCause::NoCapacity, reason);
        }
    }

    /// ECS refused for good to launch a runner reserved at `launched_at`, or put it off for too long.
    pub(super) fn launch_refused(&mut self, launched_at: Timestamp, reason: &str, now: Timestamp) {
        if is_of_the_same_batch(launched_at, self.broken_at) {
            return self.rest_if_none_holds(now, backoff(self.failures), RestCause::LaunchRefused, reason);
        }
        self.failures = self.failures.saturating_add(1);
        self.broken_at = Some(now);
        self.rest_until(now, backoff(self.failures), RestCause::LaunchRefused, reason);
    }

    /// A runner launched at `launched_at` ended before its first question.
    pub(super) fn boot_failed(&mut self, launched_at: Timestamp, reason: &str, now: Timestamp) {
        if self.last_start.is_some_and(|start| start > launched_at) {
            return;
        }
        if self.is_broken() && is_of_the_same_batch(launched_at, self.broken_at) {
            return self.rest_if_none_holds(now, self.breaker_backoff(), RestCause::BootFailures, reason);
        }
        self.failures = self.failures.saturating_add(1);
        if self.is_broken() {
            self.broken_at = Some(now);
            self.rest_until(now, self.breaker_backoff(), RestCause::BootFailures, reason);
        }
    }

    /// A runner launched at `launched_at` asked, but failed before any job.
    pub(super) fn run_failed(&mut self, launched_at: Timestamp, thirds: u32, reason: &str, now: Timestamp) {
        if self.last_job.is_some_and(|job| job > launched_at) {
            return;
        }
        if self.do_runs_fail() && is_of_the_same_batch(launched_at, self.runs_broken_at) {
            return self.rest_if_none_holds(now, self.run_backoff(), RestCause::RunFailures, reason);
        }
        self.run_failure_thirds = self.run_failure_thirds.saturating_add(thirds);
        if self.do_runs_fail() {
            self.runs_broken_at = Some(now);
            self.rest_until(now, self.run_backoff(), RestCause::RunFailures, reason);
        }
    }

    /// A runner was reserved. With the breaker open, it is the only trial until the next rest is over.
    pub(super) fn reserved(&mut self, now: Timestamp) {
        let cause = self.rest.as_ref().map(|rest| rest.cause);
        let length = match cause {
            Some(RestCause::RunFailures) => self.run_backoff(),
            Some(_) if self.is_broken() => self.breaker_backoff(),
            Some(_) | None => return,
        };
        if let Some(Rest { cause, reason, .. }) = self.rest.take() {
            self.rest_until(now, length, cause, &reason);
        }
    }

    /// Whether launches keep failing, so that only one trial is made at a time.
    fn is_broken(&self) -> bool {
        self.failures >= BOOT_FAILURES_ALLOWED
    }

    /// Whether runs keep failing, so that only one trial is made at a time.
    fn do_runs_fail(&self) -> bool {
        self.run_failure_thirds >= RUN_THIRDS_ALLOWED
    }

    fn run_backoff(&self) -> SignedDuration {
        backoff((self.run_failure_thirds.saturating_sub(RUN_THIRDS_ALLOWED) / 3).saturating_add(1))
            .min(LONGEST_RUN_BACKOFF)
    }

    fn breaker_backoff(&self) -> SignedDuration {
        backoff(self.failures.saturating_sub(BOOT_FAILURES_ALLOWED - 1))
    }

    /// Rests, unless a rest already holds. Even a failure that does not count must not be launched again at
    /// once, if two clocks differ.
    fn rest_if_none_holds(&mut self, now: Timestamp, length: SignedDuration, cause: RestCause, reason: &str) {
        if self.resting(now).is_none() {
            self.rest_until(now, length, cause, reason);
        }
    }

    /// Rests; a rest that holds longer already stays.
    fn rest_until(&mut self, now: Timestamp, length: SignedDuration, cause: RestCause, reason: &str) {
        let until = now.checked_add(length).unwrap_or(Timestamp::MAX);
        if self.rest.as_ref().is_none_or(|rest| rest.until <= until) {
            self.rest = Some(Rest { until, cause, reason: reason.to_owned() });
        }
    }
}

/// Whether a runner was reserved before the breaker opened, or was held open, last.
fn is_of_the_same_batch(launched_at: Timestamp, broken_at: Option<Timestamp>) -> bool {
    broken_at.is_some_and(|broken| launched_at <= broken)
}

/// Whether a moment says something new beside the last one that was written down.
fn is_news(last: Option<Timestamp>, now: Timestamp) -> bool {
    last.is_none_or(|last| now.duration_since(last) >= STARTS_APART)
}

/// One minute after the first failure, then twice as long each time, up to an hour.
fn backoff(failures: u32) -> SignedDuration {
    let doubled =
        2_i32.checked_pow(failures.saturating_sub(1)).and_then(|times| FIRST_BACKOFF.checked_mul(times));
    doubled.unwrap_or(LONGEST_BACKOFF).min(LONGEST_BACKOFF)
}

#[cfg(test)]
mod tests;
