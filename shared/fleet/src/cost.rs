//! What a runner cost: one line for each whose task has stopped. [`CostLine`] is what the launcher writes, and what
//! `mayfly cost` reads.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{JobId, PoolName, Repository, RunnerId};
use crate::ledger::RunnerEnded;
use crate::pools::{CapacityProvider, Pool};
use crate::version::Version;

/// The target of the log events that are such lines. They go to a log group of their own, and to no other log.
pub const TARGET: &str = "cost";

/// Milliseconds of an hour.
const HOUR: u128 = 3_600_000;

/// The shortest time that Fargate asks for, in milliseconds (AWS Fargate, "Pricing": "with a one-minute minimum").
const FARGATE_LEAST: i64 = 60_000;

/// A price in billionths of a US dollar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NanoDollars(pub u64);

impl NanoDollars {
    /// From dollars over 0; `None` for anything else, and from a million dollars on.
    pub fn from_dollars(dollars: f64) -> Option<Self> {
        let nano = (dollars * 1e9).round();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is in bounds")]
        let fits = (1.0..1e15).contains(&nano).then_some(Self(nano as u64));
        fits
    }

    /// In dollars.
    #[expect(clippy::cast_precision_loss, reason = "a float has fifteen digits")]
    pub fn dollars(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

impl fmt::Display for NanoDollars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.dollars().fmt(f)
    }
}

/// How the price of a pool's task follows from its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskPrice {
    /// What an hour costs.
    pub hour: NanoDollars,
    /// How long it is paid for at least, in milliseconds.
    pub least: i64,
}

impl TaskPrice {
    /// Of a task on this pool's capacity; `None` where the map has no price for it.
    pub fn of(pool: &Pool) -> Option<Self> {
        let least = if pool.capacity.is_fargate() { FARGATE_LEAST } else { 0 };
        Some(Self { hour: pool.task_hour?, least })
    }
}

/// One line. Times are seconds; `starting`, `idle` and `working` are the task's whole time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CostLine {
    /// The form of the line.
    #[serde(default)]
    pub version: Version<1>,
    /// When the task stopped.
    pub time: Timestamp,
    /// The runner. Its lines, where it has more than one, are of the same task.
    pub runner: RunnerId,
    /// Its job; none if it ended without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<JobId>,
    /// The job's repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<Repository>,
    /// The name of its workflow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow: Option<String>,
    /// Its branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// The pool whose labels the runner had.
    pub pool: PoolName,
    /// The pool whose capacity it used: another one where a fallback ran it.
    pub capacity: PoolName,
    /// How that is bought; none of a pool that has left the map.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bought: Option<CapacityProvider>,
    /// From the job's creation to its begin. No task is paid for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<f64>,
    /// From the pull of the image until the listener was up.
    pub starting: f64,
    /// From then until a job began.
    pub idle: f64,
    /// From then until the task stopped.
    pub working: f64,
    /// US dollars; none where the map of pools has no price for the capacity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<f64>,
}

impl CostLine {
    /// The line of a runner, with the pool whose capacity it used, if that is still in the map.
    pub fn of(ended: &RunnerEnded, capacity: Option<&Pool>) -> Self {
        let work = ended.work.as_ref();
        let names = work.map(|work| work.names.clone()).unwrap_or_default();
        let task = ended.starting.saturating_add(ended.idle).saturating_add(ended.working);
        Self {
            version: Version,
            time: ended.ended_at,
            runner: ended.runner.clone(),
            job: ended.job,
            repository: work.map(|work| work.repository.clone()),
            workflow: names.workflow,
            branch: names.branch,
            pool: ended.pool.clone(),
            capacity: ended.capacity.clone(),
            bought: capacity.map(|pool| pool.capacity),
            waiting: work.and_then(|work| work.waited).map(seconds),
            starting: seconds(ended.starting),
            idle: seconds(ended.idle),
            working: seconds(ended.working),
            price: capacity.and_then(|pool| Some(price(pool.capacity, pool.task_hour?, task).dollars())),
        }
    }

    /// The line as it is written.
    pub fn text(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    /// What its task costs at this price of an hour, in US dollars.
    pub fn priced(&self, bought: CapacityProvider, hour: NanoDollars) -> f64 {
        #[expect(clippy::cast_possible_truncation, reason = "seconds of a few days")]
        let milliseconds = (self.task_seconds() * 1000.0).round() as i64;
        price(bought, hour, milliseconds).dollars()
    }

    /// Seconds of its task.
    pub fn task_seconds(&self) -> f64 {
        self.starting + self.idle + self.working
    }
}

/// The price of a task of this length in milliseconds. Fargate counts whole seconds, and a minute at least.
pub fn price(bought: CapacityProvider, hour: NanoDollars, milliseconds: i64) -> NanoDollars {
    let billed = if bought.is_fargate() {
        (milliseconds.saturating_add(999) / 1000).saturating_mul(1000).max(FARGATE_LEAST)
    } else {
        milliseconds
    };
    let nano = u128::from(hour.0) * u128::try_from(billed).unwrap_or(0) / HOUR;
    NanoDollars(u64::try_from(nano).unwrap_or(u64::MAX))
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of a few days")]
fn seconds(milliseconds: i64) -> f64 {
    milliseconds as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_costs_its_time_and_on_fargate_a_minute_at_least() {
        let hour = NanoDollars::from_dollars(0.36).unwrap();
        for (bought, milliseconds, expected, why) in [
            (CapacityProvider::Fargate, 600_000, 0.06, "ten minutes"),
            (CapacityProvider::FargateSpot, 600_001, 0.0601, "a second that has begun"),
            (CapacityProvider::Fargate, 5_000, 0.006, "a minute at least"),
            (CapacityProvider::Ec2, 5_000, 0.0005, "a part of an instance"),
            (CapacityProvider::Ec2Spot, 0, 0.0, "nothing"),
        ] {
            let found = price(bought, hour, milliseconds).dollars();
            assert!((found - expected).abs() < 1e-9, "{why}: {found}");
        }
    }

    #[test]
    fn a_price_is_dollars_over_0() {
        for (dollars, expected) in
            [(0.23304, Some(233_040_000)), (0.0, None), (-1.0, None), (f64::NAN, None), (f64::INFINITY, None)]
        {
            assert_eq!(NanoDollars::from_dollars(dollars).map(|it| it.0), expected, "{dollars}");
        }
    }
}
