//! The cost of the runners that are kept waiting.

use fleet::PoolMap;
use fleet::pools::Pool;
use fleet::schedule::Bounds;
use platform::prices::{Hourly, Prices};

use super::spans::{self, WeekSpan};
use super::week::hours;

/// What a pool's minimum costs in a week without jobs.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cost<'a> {
    /// The pool.
    pub(super) pool: &'a Pool,
    /// Hours of its waiting tasks.
    pub(super) task_hours: f64,
    /// Hours of the instances kept for them; `None` on Fargate.
    pub(super) instance_hours: Option<f64>,
    /// The price of a task hour, or of an instance hour.
    pub(super) hourly: Hourly,
}

impl<'a> Cost<'a> {
    /// The cost of one pool with these bounds.
    pub(super) fn of(pools: &PoolMap, pool: &'a Pool, spans: &[WeekSpan<Bounds>], prices: &Prices) -> Self {
        let ends = spans.first().zip(spans.last()).map(|(first, last)| (first.from, last.to));
        let instance_hours = pool.runners_per_instance.zip(ends).map(|(each, (from, to))| {
            sum(&spans::instances(pools.hours(pool), each, from, to), |instances| instances)
        });
        let task_hours = sum(spans, |bounds| bounds.minimum);
        Self { pool, task_hours, instance_hours, hourly: prices.hourly(pool) }
    }

    /// In US dollars; `None` if there is no price.
    pub(super) fn dollars(&self) -> Option<f64> {
        match self.hourly {
            Hourly::Task(price) => Some(self.task_hours * price),
            Hourly::Instance(_, price) => Some(self.instance_hours? * price),
            Hourly::Unknown(_) => None,
        }
    }
}

fn sum<T: Copy>(spans: &[WeekSpan<T>], count: impl Fn(T) -> u32) -> f64 {
    spans.iter().map(|span| hours(span.length()) * f64::from(count(span.value))).sum()
}
