//! What monitoring costs: custom metrics, alarms and the dashboard, by the number of pools.

use anyhow::Result;
use cloudwatch::metrics::Metrics;

use crate::assumed::Assumed;
use crate::day;
use crate::deployed::DeployedStack;
use crate::prices::AwsPrices;

/// The numbers of pools in the table, one row each.
pub const POOLS: [usize; 3] = [7, 20, 50];

/// Metrics that the instances send, for any number of pools: how full Docker's volumes are.
const OF_HOSTS: usize = 1;

/// Days of a month.
const DAYS: f64 = 30.0;

/// What it costs to monitor a number of pools.
#[derive(Debug, Clone, PartialEq)]
pub struct Watching {
    /// The pools.
    pub pools: usize,
    /// Metrics of a day, as they are published.
    pub published: usize,
    /// The number if each were published, split by all of its fields.
    pub split: usize,
    /// Hours of a day in which published metrics have values, summed over all.
    pub hours: usize,
    /// Alarms.
    pub alarms: usize,
}

impl Watching {
    /// From a day with this number of pools.
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

    /// Dollars a month for the metrics, each priced by its hours.
    pub fn metrics_dollars(&self, prices: &AwsPrices) -> f64 {
        count(self.published) * prices.metric_month
    }

    /// The same if each were published, split by all of its fields.
    pub fn split_dollars(&self, prices: &AwsPrices) -> f64 {
        count(self.split) * prices.metric_month
    }

    /// Dollars a month for the alarms.
    pub fn alarm_dollars(&self, prices: &AwsPrices) -> f64 {
        count(self.alarms) * prices.alarm_month
    }

    /// Dollars for a thousand jobs at this many a day: the fixed costs, spread over the jobs.
    #[expect(clippy::cast_precision_loss, reason = "a number of jobs")]
    pub fn a_thousand_jobs(fixed: f64, jobs_a_day: u64) -> f64 {
        fixed * 1000.0 / (jobs_a_day as f64 * DAYS)
    }
}

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}
