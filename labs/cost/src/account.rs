//! Converts usage to dollars.

use std::collections::BTreeMap;

use crate::assumed::Assumed;
use crate::day::{Counted, MONTH};
use crate::deployed::{DeployedStack, FUNCTIONS};
use crate::prices::{AwsPrices, Budgets, PriceList};
use crate::usage::{Counts, Tallies, Usage, Used, UsedBy};
use sandbox::FunctionName;

/// Bytes of a GB, as AWS bills logs and storage.
const GB: f64 = 1024.0 * 1024.0 * 1024.0;

/// Megabytes of a GB of a function's memory.
const MB_OF_A_GB: f64 = 1024.0;

/// Days of a month.
const DAYS: f64 = 30.0;

/// What AWS charges for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BillItem {
    /// Lambda: requests.
    Requests,
    /// Lambda: GB-seconds.
    Duration,
    /// SQS: requests.
    Queue,
    /// `DynamoDB`: read units.
    Reads,
    /// `DynamoDB`: write units.
    Writes,
    /// `CloudWatch`: logs, collected and kept.
    Logs,
    /// EventBridge: what its rule calls each minute, which costs nothing.
    Ticks,
    /// KMS: requests, for secrets and for the table's key. And the Parameter Store's, which cost nothing.
    Keys,
    /// `DynamoDB`: what is stored, and its recovery.
    Storage,
}

impl BillItem {
    /// All of them, in the order of the table.
    pub const ALL: [Self; 9] = [
        Self::Requests,
        Self::Duration,
        Self::Queue,
        Self::Reads,
        Self::Writes,
        Self::Logs,
        Self::Ticks,
        Self::Keys,
        Self::Storage,
    ];

    /// The head of its column.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Requests => "Lambda requests",
            Self::Duration => "Lambda GB-s",
            Self::Queue => "SQS",
            Self::Reads => "DynamoDB reads",
            Self::Writes => "DynamoDB writes",
            Self::Logs => "Logs",
            Self::Ticks => "EventBridge",
            Self::Keys => "KMS",
            Self::Storage => "storage",
        }
    }
}

/// What was used, and the dollars of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Bill {
    /// The amounts.
    pub used: Used,
    /// Where they come from.
    pub tallies: Tallies,
    /// The dollars of each item of each part.
    pub dollars: BTreeMap<(UsedBy, BillItem), f64>,
}

/// The two bills.
#[derive(Debug, Clone, PartialEq)]
pub struct Bills {
    /// For a thousand jobs, on top of an idle month.
    pub jobs: Bill,
    /// For a month without jobs.
    pub idle: Bill,
}

impl Bill {
    /// The dollars of all, or of one part, or of one item.
    pub fn total(&self, is_counted: impl Fn(UsedBy, BillItem) -> bool) -> f64 {
        let counted = self.dollars.iter().filter(|((part, item), _)| is_counted(*part, *item));
        counted.map(|(_, dollars)| dollars).sum()
    }

    /// The dollars of everything.
    pub fn sum(&self) -> f64 {
        self.total(|_, _| true)
    }

    /// The largest items, the largest first.
    pub fn largest(&self) -> Vec<(UsedBy, BillItem, f64)> {
        let mut items: Vec<_> =
            self.dollars.iter().map(|(&(part, item), &dollars)| (part, item, dollars)).collect();
        items.sort_by(|one, other| other.2.total_cmp(&one.2));
        items
    }
}

/// Makes the account of what was counted.
#[expect(clippy::cast_precision_loss, reason = "a number of jobs")]
pub fn account(counted: &Counted, list: &PriceList, assumed: &Assumed, deployed: &DeployedStack) -> Bills {
    let a_thousand = 1000.0 / assumed.day.jobs as f64;
    let a_month = MONTH.as_secs_f64() / counted.counted.as_secs_f64();
    let jobs = counted.day.beyond(&counted.idle).times(a_thousand);
    let mut idle = counted.idle.clone().times(a_month);
    if let Some(stored) = counted.idle.used.get(&UsedBy::Table) {
        // What lies there was reckoned for a month.
        idle.used.insert(UsedBy::Table, *stored);
    }
    let launcher = idle.used.entry(UsedBy::Function(FunctionName::Launcher)).or_default();
    launcher.queue_requests += polls_of_a_month(assumed, deployed);
    let bill = |Counts { mut used, tallies }: Counts| {
        for function in FUNCTIONS {
            used.entry(UsedBy::Function(function)).or_default();
        }
        let dollars = used.iter().flat_map(|(&part, usage)| {
            BillItem::ALL
                .map(|item| ((part, item), dollars(part, item, usage, &list.prices, assumed, deployed)))
        });
        Bill { dollars: dollars.collect(), used, tallies }
    };
    Bills { jobs: bill(jobs), idle: bill(idle) }
}

/// The requests with which Lambda polls an empty queue in a month. When the queue has messages, its receives are
/// added to these, although some replace them.
fn polls_of_a_month(assumed: &Assumed, deployed: &DeployedStack) -> f64 {
    let queue = &assumed.queue;
    let at_once = if deployed.has_maximum_concurrency {
        queue.polls_at_once
    } else {
        queue.polls_at_once_without_maximum_concurrency
    };
    f64::from(at_once) * MONTH.as_secs_f64() / f64::from(queue.seconds_a_poll)
}

/// The dollars of one item.
fn dollars(
    part: UsedBy,
    item: BillItem,
    usage: &Usage,
    prices: &AwsPrices,
    assumed: &Assumed,
    deployed: &DeployedStack,
) -> f64 {
    match item {
        BillItem::Requests => usage.invocations * prices.lambda_request,
        BillItem::Duration => gb_seconds(part, usage, deployed) * prices.lambda_gb_second,
        BillItem::Queue => usage.queue_requests * prices.sqs_request,
        BillItem::Reads => usage.reads * prices.dynamodb_read_unit,
        BillItem::Writes => (usage.writes + usage.index_writes) * prices.dynamodb_write_unit,
        BillItem::Logs => {
            let months = deployed.log_days / DAYS * assumed.logs.compressed;
            usage.log_bytes() / GB * (prices.logs_gb + prices.logs_gb_month * months)
        }
        BillItem::Ticks => usage.ticks * prices.rule_invocation,
        BillItem::Keys => usage.decrypts * prices.kms_request + usage.parameter_reads * prices.ssm_request,
        BillItem::Storage => {
            let recovery = if deployed.has_recovery { prices.dynamodb_recovery_gb_month } else { 0.0 };
            usage.stored_byte_months / GB * (prices.dynamodb_gb_month + recovery)
        }
    }
}

/// GB-seconds that a function was billed for.
pub(crate) fn gb_seconds(part: UsedBy, usage: &Usage, deployed: &DeployedStack) -> f64 {
    let UsedBy::Function(function) = part else { return 0.0 };
    let memory = deployed.memory.get(&function).copied().unwrap_or_default();
    usage.seconds * f64::from(memory) / MB_OF_A_GB
}

/// What is over these budgets, a line each.
pub fn over(account: &Bills, budgets: &Budgets) -> Vec<String> {
    let found = [
        ("a thousand jobs", account.jobs.sum(), budgets.thousand_jobs),
        ("an idle month", account.idle.sum(), budgets.idle_month),
    ];
    let over = found.into_iter().filter(|(_, dollars, budget)| dollars > budget);
    over.map(|(of, dollars, budget)| format!("{of}: ${dollars:.4}, which is more than ${budget:.4}"))
        .collect()
}

#[cfg(test)]
mod tests;
