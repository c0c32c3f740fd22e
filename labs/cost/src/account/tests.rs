//! Prices and shares, case by case.

use jiff::SignedDuration;

use std::collections::BTreeSet;

use super::*;
use crate::{assumed, prices};

fn deployed() -> DeployedStack {
    DeployedStack {
        logged_by_lambda: BTreeSet::new(),
        memory: FUNCTIONS.into_iter().map(|function| (function, 256)).collect(),
        has_maximum_concurrency: true,
        has_table_key: true,
        has_recovery: true,
        log_days: 30.0,
    }
}

const WEBHOOK: UsedBy = UsedBy::Function(FunctionName::Webhook);

#[test]
fn each_item_has_its_price() {
    let (list, assumed) = (PriceList::read(prices::FILE).unwrap(), Assumed::read(assumed::FILE).unwrap());
    let million = 1_000_000.0;
    let of = |part, item, usage: Usage| dollars(part, item, &usage, &list.prices, &assumed, &deployed());
    let none = Usage::default();
    for (part, item, usage, expected, why) in [
        (WEBHOOK, BillItem::Requests, Usage { invocations: million, ..none }, 0.20, "a million"),
        (WEBHOOK, BillItem::Duration, Usage { seconds: 4.0 * million, ..none }, 13.3334, "a quarter of a GB"),
        (UsedBy::Table, BillItem::Duration, Usage { seconds: million, ..none }, 0.0, "no function"),
        (WEBHOOK, BillItem::Queue, Usage { queue_requests: million, ..none }, 0.40, "a million"),
        (WEBHOOK, BillItem::Reads, Usage { reads: million, ..none }, 0.125, "a million"),
        (WEBHOOK, BillItem::Writes, Usage { writes: million, index_writes: million, ..none }, 1.25, "both"),
        (
            WEBHOOK,
            BillItem::Logs,
            Usage { line_bytes: GB / 2.0, platform_bytes: GB / 4.0, metric_bytes: GB / 4.0, ..none },
            0.5045,
            "a GB, and 0.15 of it for a month",
        ),
        (WEBHOOK, BillItem::Ticks, Usage { ticks: million, ..none }, 0.0, "a rule costs nothing"),
        (
            WEBHOOK,
            BillItem::Keys,
            Usage { decrypts: million, parameter_reads: million, ..none },
            3.0,
            "reads cost nothing",
        ),
        (
            UsedBy::Table,
            BillItem::Storage,
            Usage { stored_byte_months: GB, ..none },
            0.45,
            "with its recovery",
        ),
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
    let used = |invocations| Counts {
        used: Used::from([(WEBHOOK, Usage { invocations, ..Usage::default() })]),
        tallies: Tallies::new(),
    };
    let counted = Counted { day: used(1700.0), idle: used(200.0), counted: SignedDuration::from_hours(72) };
    let of = |deployed: &DeployedStack| account(&counted, &list, &assumed, deployed);
    let with = of(&deployed());
    let invocations = |bill: &Bill| bill.used[&WEBHOOK].invocations;
    assert!((invocations(&with.jobs) - 3000.0).abs() < 1e-9, "of 500, twice");
    assert!((invocations(&with.idle) - 2000.0).abs() < 1e-9, "of three days, ten times");
    let polls = |account: &Bills| account.idle.used[&UsedBy::Function(FunctionName::Launcher)].queue_requests;
    assert!((polls(&with) - 648_000.0).abs() < 1e-6, "five at once, three a minute");
    let without = of(&DeployedStack { has_maximum_concurrency: false, ..deployed() });
    assert!((polls(&without) - 259_200.0).abs() < 1e-6, "two at once");

    let budgets = |thousand_jobs| Budgets { thousand_jobs, idle_month: 0.30, metrics_month: 3.0 };
    let jobs = 3000.0 * list.prices.lambda_request;
    assert_eq!(over(&with, &budgets(jobs * 1.01)), Vec::<String>::new());
    assert_eq!(over(&with, &budgets(jobs * 0.99)), ["a thousand jobs: $0.0006, which is more than $0.0006"]);
}
