//! The tables.

use std::collections::BTreeSet;

use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{CellAlignment, Table};

use crate::account::{Bill, BillItem, gb_seconds};
use crate::assumed::Assumed;
use crate::deployed::{DeployedStack, FUNCTIONS};
use crate::observed::Watching;
use crate::prices::AwsPrices;
use crate::switches::SwitchBill;
use crate::usage::{self, Tally, UsedBy};

/// How many of the largest items to name.
const LARGEST: usize = 3;

/// A bill: the dollars with their sum beside the budget, the usage, and where it comes from.
pub fn bill(name: &str, bill: &Bill, budget: f64, deployed: &DeployedStack) -> String {
    let sum = bill.sum();
    let verdict = if sum <= budget { "within" } else { "OVER" };
    let largest = bill.largest().into_iter().take(LARGEST).map(|(part, item, dollars)| {
        format!("{} of {} ${dollars:.4} ({:.0} %)", item.name(), part.name(), dollars / sum * 100.0)
    });
    let largest = largest.collect::<Vec<_>>().join(", ");
    let (dollars, amounts) = (dollars(bill), amounts(bill, deployed));
    let calls = tallies(bill, "calls", |tally| matches!(tally, Tally::Call(_)));
    let writes = tallies(bill, "write units", |tally| !matches!(tally, Tally::Call(_)));
    format!(
        "{name}: ${sum:.4}, {verdict} the budget of ${budget:.4}\nlargest: {largest}\n\ndollars of {name}\n\n{dollars}\n\n\
         what {name} uses\n\n{amounts}\n\n{calls}\n\n{writes}\n"
    )
}

/// Some tallies, a row for each and a column for each function.
fn tallies(bill: &Bill, name: &str, is_told: impl Fn(&Tally) -> bool) -> Table {
    let mut table = table(&[name]);
    table.set_header(std::iter::once(name).chain(FUNCTIONS.map(usage::name)));
    let told: BTreeSet<&Tally> =
        bill.tallies.keys().map(|(tally, _)| tally).filter(|it| is_told(it)).collect();
    for tally in told {
        let of = |function| bill.tallies.get(&(tally.clone(), function)).copied().unwrap_or_default();
        let cells = FUNCTIONS.map(|function| number(of(function)));
        if cells.iter().any(|cell| !cell.is_empty()) {
            let name = match tally {
                Tally::Call(operation) => operation.to_string(),
                Tally::Write(kind) => kind.clone(),
                Tally::IndexWrite(kind) => format!("index of {kind}"),
            };
            table.add_row(std::iter::once(name).chain(cells));
        }
    }
    aligned(table)
}

/// The amounts, a row for each part.
fn amounts(bill: &Bill, deployed: &DeployedStack) -> Table {
    let mut table = table(&[
        "",
        "invocations",
        "starts",
        "mean ms",
        "of it waits",
        "GB-s",
        "SQS requests",
        "read units",
        "write units",
        "of the index",
        "log KB",
        "lines",
        "metrics",
        "Lambda's",
        "KMS requests",
        "SSM requests",
    ]);
    for (part, usage) in &bill.used {
        let each = |amount: f64| if usage.invocations > 0.5 { amount / usage.invocations } else { 0.0 };
        let kb = |bytes: f64| number(bytes / 1024.0);
        table.add_row([
            part.name().to_owned(),
            number(usage.invocations),
            number(usage.starts),
            number(each(usage.seconds) * 1000.0),
            number(each(usage.waited) * 1000.0),
            number(gb_seconds(*part, usage, deployed)),
            number(usage.queue_requests),
            number(usage.reads),
            number(usage.writes + usage.index_writes),
            number(usage.index_writes),
            kb(usage.log_bytes()),
            kb(usage.line_bytes),
            kb(usage.metric_bytes),
            kb(usage.platform_bytes),
            number(usage.decrypts),
            number(usage.parameter_reads),
        ]);
    }
    aligned(table)
}

/// The dollars, a row for each part and a column for each item.
fn dollars(bill: &Bill) -> Table {
    let mut table = table(&[""]);
    let header = std::iter::once("").chain(BillItem::ALL.map(BillItem::name)).chain(["all"]);
    table.set_header(header);
    let row = |name: &str, is_counted: &dyn Fn(UsedBy) -> bool| {
        let of = |item| bill.total(|part, it| is_counted(part) && it == item);
        let cells = BillItem::ALL.map(|item| money(of(item))).into_iter();
        let all = money(bill.total(|part, _| is_counted(part)));
        std::iter::once(name.to_owned()).chain(cells).chain([all]).collect::<Vec<_>>()
    };
    for part in bill.used.keys() {
        table.add_row(row(part.name(), &|it| it == *part));
    }
    table.add_row(row("all", &|_| true));
    aligned(table)
}

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN).set_header(header.iter().copied());
    table
}

/// Aligns figures to the right.
fn aligned(mut table: Table) -> Table {
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// Dollars; nothing where there are none.
fn money(dollars: f64) -> String {
    if dollars.abs() < 0.000_005 { String::new() } else { format!("{dollars:.5}") }
}

/// A number, as a whole one from three digits on; empty if there is none.
fn number(amount: f64) -> String {
    match amount.abs() {
        none if none < 0.05 => String::new(),
        few if few < 100.0 => format!("{amount:.1}"),
        _ => format!("{amount:.0}"),
    }
}

/// What each switch costs in a month, and what pulls cost without a mirror.
pub fn switches(bills: &[SwitchBill], without_a_mirror: f64) -> String {
    let mut table = table(&["switch", "what", "amount", "of", "dollars a month"]);
    for bill in bills {
        for it in &bill.costs {
            let (amount, dollars) = (format!("{:.0}", it.amount), format!("{:.2}", it.dollars));
            table.add_row([bill.switch, it.what, &amount, it.unit, &dollars]);
        }
        table.add_row([bill.switch, "all", "", "", &format!("{:.2}", bill.sum())]);
    }
    for column in table.column_iter_mut().filter(|column| [2, 4].contains(&column.index)) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    format!("{table}\n\nWithout a mirror the same pulls go through the NAT gateway: ${without_a_mirror:.2}.")
}

/// What the bills leave out, and what they assume.
pub fn notes(assumed: &Assumed) -> String {
    let day = &assumed.day;
    format!(
        "us-east-1's list prices; no free tier is taken off. {} jobs of {} minutes in {} hours, {} repositories.\n\
         Left out of the bills: custom metrics and alarms, NAT, the tasks themselves, what leaves AWS's network, support.\n\
         Assumed: labs/cost/assumed.toml; latencies and times of labs/scale.",
        day.jobs, day.job_minutes, day.hours, day.repositories
    )
}

/// What it costs to monitor each number of pools, in dollars a month, and spread over the day's jobs.
pub fn watching(all: &[Watching], prices: &AwsPrices, assumed: &Assumed) -> String {
    let mut table = table(&[
        "pools",
        "metrics before",
        "$ a month before",
        "metrics now",
        "hours a day with values",
        "$ a month now",
        "alarms $",
        "dashboard $",
        "per 1,000 jobs before",
        "now",
        "with alarms",
        "and dashboard",
    ]);
    for it in all {
        let (before, now) = (it.split_dollars(prices), it.metrics_dollars(prices));
        let (alarms, dashboard) = (it.alarm_dollars(prices), prices.dashboard_month);
        let spread = |fixed| format!("{:.4}", Watching::a_thousand_jobs(fixed, assumed.day.jobs));
        table.add_row([
            it.pools.to_string(),
            it.split.to_string(),
            format!("{before:.2}"),
            it.published.to_string(),
            it.hours.to_string(),
            format!("{now:.2}"),
            format!("{alarms:.2}"),
            format!("{dashboard:.2}"),
            spread(before),
            spread(now),
            spread(now + alarms),
            spread(now + alarms + dashboard),
        ]);
    }
    format!(
        "Dollars of a month to watch, and of it for each thousand jobs of {} a day. Before: each metric published, by all of its \
         fields.\n\n{}\n",
        assumed.day.jobs,
        aligned(table)
    )
}
