//! The limits of AWS and GitHub that launches come near: one model, with a setting for accounts whose quota
//! was raised.
//!
//! The numbers are the published ones; Mayfly uses a part of each, and leaves the rest for other users of the
//! account and for clocks that differ.

use jiff::Timestamp;
use serde::Serialize;

use crate::ledger::{Meter, Spend};

/// The limits: `[limits]` of the pool map, or the published ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// Calls of `RunTask` a second (Amazon ECS, "Request throttling for the Amazon ECS API": cluster resource
    /// modify actions have a sustained rate of 20; AWS Fargate's launches the same).
    pub run_tasks_a_second: u32,
    /// Calls of `RunTask` at once, after a rest (the same pages: a burst of 100).
    pub run_tasks_at_once: u32,
    /// Tasks of a cluster that wait for capacity (Amazon ECS, "Service quotas": tasks in the PROVISIONING
    /// state per cluster).
    pub provisioning_tasks: u32,
    /// Calls a minute that change something at GitHub (GitHub, "Rate limits for the REST API": 900 points a
    /// minute, 5 for such a call). A runner's registration is one.
    pub github_calls_a_minute: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            run_tasks_a_second: 20,
            run_tasks_at_once: 100,
            provisioning_tasks: 500,
            github_calls_a_minute: 180,
        }
    }
}

/// Microseconds of a second.
const SECOND: i64 = 1_000_000;

impl Limits {
    /// Each by its name in the map.
    pub(crate) fn fields(&mut self) -> [(&'static str, &mut u32); 4] {
        [
            ("run_tasks_a_second", &mut self.run_tasks_a_second),
            ("run_tasks_at_once", &mut self.run_tasks_at_once),
            ("provisioning_tasks", &mut self.provisioning_tasks),
            ("github_calls_a_minute", &mut self.github_calls_a_minute),
        ]
    }

    /// Calls that change something at GitHub, for all functions together in a minute: all but an eighteenth,
    /// which is left for other users of the App.
    pub fn github_calls(&self) -> u32 {
        part(self.github_calls_a_minute, 17, 18)
    }

    /// Runners that are registered in a minute at most: four fifths of GitHub's calls. The others are for what
    /// is read of jobs and repositories meanwhile, for redeliveries, and for registrations that are deleted.
    pub fn registrations(&self) -> u32 {
        part(self.github_calls_a_minute, 4, 5)
    }

    /// Runners that a pool may have on their way, without a word of them yet: nine tenths of what one cluster
    /// lets wait for capacity.
    pub fn starting(&self) -> u32 {
        part(self.provisioning_tasks, 9, 10)
    }

    /// This many calls to GitHub, in the minute of this moment.
    pub fn spend_github_calls(&self, calls: u32, now: Timestamp) -> Spend {
        Spend {
            meter: Meter::GithubCalls(minute(now)),
            floor: 0,
            amount: calls.into(),
            at_most: self.github_calls().into(),
        }
    }

    /// This many registrations at GitHub, in the minute in which runners that are launched now come up.
    pub fn spend_registrations(&self, runners: u32, up_at: Timestamp) -> Spend {
        Spend {
            meter: Meter::Registrations(minute(up_at)),
            floor: 0,
            amount: runners.into(),
            at_most: self.registrations().into(),
        }
    }

    /// This many calls of `RunTask` now, from a bucket that fills at the rate and holds the burst. The meter
    /// tells when it is full again.
    pub fn spend_run_tasks(&self, calls: u32, now: Timestamp) -> Spend {
        let now = now.as_microsecond();
        Spend {
            meter: Meter::RunTasks,
            floor: now,
            amount: i64::from(calls) * self.between_run_tasks(),
            at_most: now + i64::from(part(self.run_tasks_at_once, 19, 20)) * self.between_run_tasks(),
        }
    }

    /// Microseconds from one call of `RunTask` to the next, at the rate: 19 of the 20.
    pub fn between_run_tasks(&self) -> i64 {
        20 * SECOND / (19 * i64::from(self.run_tasks_a_second.max(1)))
    }
}

/// A part of a limit, at least 1.
fn part(limit: u32, numerator: u64, denominator: u64) -> u32 {
    u32::try_from(u64::from(limit) * numerator / denominator).unwrap_or(u32::MAX).max(1)
}

/// The minute of a moment, since the beginning of 1970.
fn minute(at: Timestamp) -> i64 {
    at.as_second().div_euclid(60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(1_800_000_000_000 + milliseconds).unwrap()
    }

    #[test]
    fn a_part_of_each_published_limit_is_used() {
        let limits = Limits::default();
        assert_eq!((limits.github_calls(), limits.registrations(), limits.starting()), (170, 144, 450));
        let none = Limits {
            run_tasks_a_second: 0,
            run_tasks_at_once: 0,
            provisioning_tasks: 0,
            github_calls_a_minute: 0,
        };
        assert_eq!(
            (none.github_calls(), none.registrations(), none.starting()),
            (1, 1, 1),
            "something moves, whatever is written"
        );
    }

    #[test]
    fn no_more_calls_of_run_task_come_than_ecs_takes_whenever_they_are_asked_for() {
        let (limits, mut stored, mut taken) = (Limits::default(), None, Vec::new());
        for now in (0..10_000).step_by(7) {
            while let Ok(spent) = limits.spend_run_tasks(1, at(now)).apply(stored) {
                stored = Some(spent);
                taken.push(now);
            }
        }
        assert_eq!(taken.iter().filter(|now| **now == 0).count(), 95, "the burst");
        for (first, from) in taken.iter().enumerate() {
            for (many, to) in (1..).zip(&taken[first..]) {
                assert!(many <= 100 + 20 * (to - from) / 1000, "{many} calls from {from} to {to} ms");
            }
        }
        assert!(taken.len() >= 95 + 19 * 9, "and nothing is left unused: {}", taken.len());
    }

    #[test]
    fn registrations_are_those_of_the_minute_in_which_the_runners_come_up() {
        let limits = Limits::default();
        let (early, late) = (limits.spend_registrations(1, at(0)), limits.spend_registrations(1, at(59_999)));
        assert_eq!(early.meter, late.meter);
        assert_ne!(early.meter, limits.spend_registrations(1, at(60_000)).meter);
        assert_ne!(
            early.meter,
            limits.spend_github_calls(1, at(0)).meter,
            "what is foreseen is not yet called"
        );
    }
}
