//! What it costs to watch: custom metrics, alarms and the dashboard, by the number of pools.

use anyhow::Result;
use cloudwatch::metrics::Metrics;

use crate::assumed::Assumed;
use crate::day;
use crate::deployed::DeployedStack;
use crate::prices::AwsPrices;

/// The numbers of pools that the table has a row for.
pub const POOLS: [usize; 3] = [7, 20, 50];

/// Metrics that the instances put, whatever the number of their pools: how full Docker's volumes are.
const OF_HOSTS: usize = 1;

/// Days of a month.
const DAYS: f64 = 30.0;

/// What a number of pools costs to be watched.
#[derive(Debug, Clone, PartialEq)]
pub struct Watching {
    /// The pools.
    pub pools: usize,
    /// Metrics of a day, as they are published.
    pub published: usize,
    /// As many as it would be if each were published, split by all of its fields.
    pub split: usize,
    /// Hours of a day in which a published one has values, of all of them.
    pub hours: usize,
    /// Alarms.
    pub alarms: usize,
}

impl Watching {
    /// Of a day of this number of pools.
    pub fn of(assumed: &Assumed, deployed: &DeployedStack, pools: usize) -> Result<Self> {
        let emitted = day::metrics(assumed, deployed, pools)?;
        let hours = |metrics: &Metrics| metrics.hours().map(|(_, hours)| hours).sum();
        Ok(Self {
            pools,
            published: emitted.published.count() + OF_HOSTS,
            split: emitted.split.count() + OF_HOSTS,
            hours: hours(&emitted.published),
            alarms: cloudwatch::stack::alarms().len(),
        })
    }

    /// Dollars of a month, of the metrics: each at the price of all its hours.
    pub fn metrics_dollars(&self, prices: &AwsPrices) -> f64 {
        count(self.published) * prices.metric_month
    }

    /// The same if each were published, split by all of its fields.
    pub fn split_dollars(&self, prices: &AwsPrices) -> f64 {
        count(self.split) * prices.metric_month
    }

    /// Dollars of a month, of the alarms.
    pub fn alarm_dollars(&self, prices: &AwsPrices) -> f64 {
        count(self.alarms) * prices.alarm_month
    }

    /// Dollars of a thousand jobs, where each day has this many: the fixed costs are spread over them.
    #[expect(clippy::cast_precision_loss, reason = "a number of jobs")]
    pub fn a_thousand_jobs(fixed: f64, jobs_a_day: u64) -> f64 {
        fixed * 1000.0 / (jobs_a_day as f64 * DAYS)
    }
}

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}
