//! From what was used to dollars.

use std::collections::BTreeMap;

use crate::assumed::Assumed;
use crate::day::{Counted, MONTH};
use crate::deployed::{Deployed, FUNCTIONS};
use crate::prices::{Budgets, PriceList, Prices};
use crate::usage::{Part, Usage, Used};
use sandbox::FunctionName;

/// Bytes of a GB, as AWS bills logs and storage.
const GB: f64 = 1024.0 * 1024.0 * 1024.0;

/// Megabytes of a GB of a function's memory.
const MB_OF_A_GB: f64 = 1024.0;

/// Days of a month.
const DAYS: f64 = 30.0;

/// What AWS asks money for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Item {
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
    /// EventBridge Scheduler: invocations.
    Schedules,
    /// KMS: requests, for secrets and for the table's key. And the Parameter Store's, which cost nothing.
    Keys,
    /// `DynamoDB`: what is stored, and its recovery.
    Storage,
}

impl Item {
    /// All of them, in the order of the table.
    pub const ALL: [Self; 9] = [
        Self::Requests,
        Self::Duration,
        Self::Queue,
        Self::Reads,
        Self::Writes,
        Self::Logs,
        Self::Schedules,
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
            Self::Schedules => "Scheduler",
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
    /// The dollars of each item of each part.
    pub dollars: BTreeMap<(Part, Item), f64>,
}

/// The two bills.
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    /// Of a thousand jobs, beside what an idle month costs.
    pub jobs: Bill,
    /// Of a month without jobs.
    pub idle: Bill,
}

impl Bill {
    /// The dollars of all, or of one part, or of one item.
    pub fn total(&self, is_counted: impl Fn(Part, Item) -> bool) -> f64 {
        let counted = self.dollars.iter().filter(|((part, item), _)| is_counted(*part, *item));
        counted.map(|(_, dollars)| dollars).sum()
    }

    /// The dollars of everything.
    pub fn sum(&self) -> f64 {
        self.total(|_, _| true)
    }

    /// The largest items, the largest first.
    pub fn largest(&self) -> Vec<(Part, Item, f64)> {
        let mut items: Vec<_> =
            self.dollars.iter().map(|(&(part, item), &dollars)| (part, item, dollars)).collect();
        items.sort_by(|one, other| other.2.total_cmp(&one.2));
        items
    }
}

/// Makes the account of what was counted.
#[expect(clippy::cast_precision_loss, reason = "a number of jobs")]
pub fn account(counted: &Counted, list: &PriceList, assumed: &Assumed, deployed: &Deployed) -> Account {
    let a_thousand = 1000.0 / assumed.day.jobs as f64;
    let a_month = MONTH.as_secs_f64() / counted.counted.as_secs_f64();
    let (mut jobs, mut idle) = (Used::new(), Used::new());
    for part in FUNCTIONS.map(Part::Function).into_iter().chain([Part::Table]) {
        let of = |used: &Used| used.get(&part).copied().unwrap_or_default();
        let (day, rest) = (of(&counted.day), of(&counted.idle));
        jobs.insert(part, (day - rest) * a_thousand);
        idle.insert(
            part,
            match part {
                Part::Function(_) => rest * a_month,
                // What lies there was reckoned for a month.
                Part::Table => rest,
            },
        );
    }
    let launcher = idle.entry(Part::Function(FunctionName::Launcher)).or_default();
    launcher.queue_requests += polls_of_a_month(assumed, deployed);
    let bill = |used: Used| {
        let dollars = used.iter().flat_map(|(&part, usage)| {
            Item::ALL.map(|item| ((part, item), dollars(part, item, usage, &list.prices, assumed, deployed)))
        });
        Bill { dollars: dollars.collect(), used }
    };
    Account { jobs: bill(jobs), idle: bill(idle) }
}

/// The requests by which Lambda asks an empty queue in a month. Where it has messages, its receives are counted beside
/// these, though some of them are in their place.
fn polls_of_a_month(assumed: &Assumed, deployed: &Deployed) -> f64 {
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
    part: Part,
    item: Item,
    usage: &Usage,
    prices: &Prices,
    assumed: &Assumed,
    deployed: &Deployed,
) -> f64 {
    match item {
        Item::Requests => usage.invocations * prices.lambda_request,
        Item::Duration => gb_seconds(part, usage, deployed) * prices.lambda_gb_second,
        Item::Queue => usage.queue_requests * prices.sqs_request,
        Item::Reads => usage.reads * prices.dynamodb_read_unit,
        Item::Writes => (usage.writes + usage.index_writes) * prices.dynamodb_write_unit,
        Item::Logs => {
            let months = deployed.log_days / DAYS * assumed.logs.compressed;
            usage.log_bytes() / GB * (prices.logs_gb + prices.logs_gb_month * months)
        }
        Item::Schedules => usage.ticks * prices.scheduler_invocation,
        Item::Keys => usage.decrypts * prices.kms_request + usage.parameter_reads * prices.ssm_request,
        Item::Storage => {
            let recovery = if deployed.has_recovery { prices.dynamodb_recovery_gb_month } else { 0.0 };
            usage.stored_byte_months / GB * (prices.dynamodb_gb_month + recovery)
        }
    }
}

/// GB-seconds that a function was billed for.
pub(crate) fn gb_seconds(part: Part, usage: &Usage, deployed: &Deployed) -> f64 {
    let Part::Function(function) = part else { return 0.0 };
    let memory = deployed.memory.get(&function).copied().unwrap_or_default();
    usage.seconds * f64::from(memory) / MB_OF_A_GB
}

/// What is over these budgets, a line each.
pub fn over(account: &Account, budgets: &Budgets) -> Vec<String> {
    let found = [
        ("a thousand jobs", account.jobs.sum(), budgets.thousand_jobs),
        ("an idle month", account.idle.sum(), budgets.idle_month),
    ];
    let over = found.into_iter().filter(|(_, dollars, budget)| dollars > budget);
    over.map(|(of, dollars, budget)| format!("{of}: ${dollars:.4}, and the budget is ${budget:.4}")).collect()
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::{assumed, prices};

    fn deployed() -> Deployed {
        Deployed {
            memory: FUNCTIONS.into_iter().map(|function| (function, 256)).collect(),
            has_maximum_concurrency: true,
            has_table_key: true,
            has_recovery: true,
            log_days: 30.0,
        }
    }

    const WEBHOOK: Part = Part::Function(FunctionName::Webhook);

    #[test]
    fn each_item_has_its_price() {
        let (list, assumed) = (PriceList::read(prices::FILE).unwrap(), Assumed::read(assumed::FILE).unwrap());
        let million = 1_000_000.0;
        let of = |part, item, usage: Usage| dollars(part, item, &usage, &list.prices, &assumed, &deployed());
        let none = Usage::default();
        for (part, item, usage, expected, why) in [
            (WEBHOOK, Item::Requests, Usage { invocations: million, ..none }, 0.20, "a million"),
            (WEBHOOK, Item::Duration, Usage { seconds: 4.0 * million, ..none }, 13.3334, "a quarter of a GB"),
            (Part::Table, Item::Duration, Usage { seconds: million, ..none }, 0.0, "no function"),
            (WEBHOOK, Item::Queue, Usage { queue_requests: million, ..none }, 0.40, "a million"),
            (WEBHOOK, Item::Reads, Usage { reads: million, ..none }, 0.125, "a million"),
            (WEBHOOK, Item::Writes, Usage { writes: million, index_writes: million, ..none }, 1.25, "both"),
            (
                WEBHOOK,
                Item::Logs,
                Usage { line_bytes: GB / 2.0, platform_bytes: GB / 4.0, metric_bytes: GB / 4.0, ..none },
                0.5045,
                "a GB, and 0.15 of it for a month",
            ),
            (WEBHOOK, Item::Schedules, Usage { ticks: million, ..none }, 1.0, "a million"),
            (
                WEBHOOK,
                Item::Keys,
                Usage { decrypts: million, parameter_reads: million, ..none },
                3.0,
                "reads cost nothing",
            ),
            (Part::Table, Item::Storage, Usage { stored_byte_months: GB, ..none }, 0.45, "with its recovery"),
        ] {
            let found = of(part, item, usage);
            assert!((found - expected).abs() < 1e-9, "{item:?}, {why}: {found}");
        }
    }

    #[test]
    fn jobs_pay_what_their_day_has_more_than_an_idle_one() {
        let list = PriceList::read(prices::FILE).unwrap();
        let mut assumed = Assumed::read(assumed::FILE).unwrap();
        assumed.day.jobs = 500;
        let used = |invocations| Used::from([(WEBHOOK, Usage { invocations, ..Usage::default() })]);
        let counted =
            Counted { day: used(1700.0), idle: used(200.0), counted: SignedDuration::from_hours(72) };
        let of = |deployed: &Deployed| account(&counted, &list, &assumed, deployed);
        let with = of(&deployed());
        let invocations = |bill: &Bill| bill.used[&WEBHOOK].invocations;
        assert!((invocations(&with.jobs) - 3000.0).abs() < 1e-9, "of 500, twice");
        assert!((invocations(&with.idle) - 2000.0).abs() < 1e-9, "of three days, ten times");
        let polls =
            |account: &Account| account.idle.used[&Part::Function(FunctionName::Launcher)].queue_requests;
        assert!((polls(&with) - 648_000.0).abs() < 1e-6, "five at once, three a minute");
        let without = of(&Deployed { has_maximum_concurrency: false, ..deployed() });
        assert!((polls(&without) - 259_200.0).abs() < 1e-6, "two at once");

        let budgets = |thousand_jobs| Budgets { thousand_jobs, idle_month: 0.30 };
        let jobs = 3000.0 * list.prices.lambda_request;
        assert_eq!(over(&with, &budgets(jobs * 1.01)), Vec::<String>::new());
        assert_eq!(
            over(&with, &budgets(jobs * 0.99)),
            ["a thousand jobs: $0.0006, and the budget is $0.0006"]
        );
    }
}
