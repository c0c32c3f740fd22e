//! What jobs cost, from the lines that the functions write of each runner that has ended.
//!
//! A line's price is split by its seconds: the working ones are its job's. The others are idle: a runner starts, waits for a
//! job, or ends without one. What a pool was idle is shared out by what jobs have worked in it; the shares stand in a column
//! of their own. A pool in which no job has worked keeps its own, in a row of its own.

#[cfg(feature = "why")]
pub mod logs;
mod read;
pub mod shown;

use std::collections::{BTreeMap, BTreeSet};

use clap::ValueEnum;
use fleet::cost::CostLine;
use fleet::{PoolMap, PoolName};
use platform::prices::{Prices, SELF_HOSTED_MINUTE};

pub use self::read::{Lines, instant, read};

/// What lines are grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum By {
    /// The job's repository.
    Repository,
    /// The job's workflow, with its repository.
    Workflow,
    /// The job's branch, with its repository.
    Branch,
    /// The pool whose labels the runner had.
    Pool,
}

/// The name of a group whose jobs do not have one.
const NOT_NAMED: &str = "(not named)";

/// The name of the group of what no job's pool was idle for.
const WITHOUT_JOBS: &str = "(without jobs)";

/// One group. Amounts are US dollars.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Row {
    /// What the group is called.
    pub name: String,
    /// Its jobs.
    pub jobs: u64,
    /// Their minutes, each job rounded up as GitHub does.
    pub minutes: u64,
    /// What they cost while they worked.
    pub working: f64,
    /// Their share of what their pools were idle.
    pub idle: f64,
    /// GitHub's charge for their minutes on runners of one's own.
    pub charge: f64,
    /// What the same minutes cost on GitHub's nearest runner.
    pub hosted: f64,
}

impl Row {
    /// All that the group cost.
    pub fn total(&self) -> f64 {
        self.working + self.idle + self.charge
    }
}

/// The groups, dearest first, and what could not be said.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CostReport {
    /// The groups.
    pub rows: Vec<Row>,
    /// All of them together.
    pub together: Row,
    /// Runners of capacities without a price: they are in no amount.
    pub without_price: BTreeMap<PoolName, u64>,
    /// Pools of which the map does not know the size: GitHub's price lacks their jobs.
    pub without_size: BTreeSet<PoolName>,
}

/// One runner, with what it cost.
struct Priced<'a> {
    line: &'a CostLine,
    group: String,
    working: f64,
    idle: f64,
}

/// Groups lines, one for each runner.
pub fn report(lines: &Lines, by: By, pools: &PoolMap, prices: &Prices) -> CostReport {
    let mut found = CostReport::default();
    let mut with_price = Vec::new();
    for line in &lines.lines {
        match price(line, pools, prices) {
            Some(price) => with_price.push(Priced::of(line, price, by)),
            None => *found.without_price.entry(line.capacity.clone()).or_default() += 1,
        }
    }
    // What each pool has worked, and was idle.
    let mut of_pools: BTreeMap<&PoolName, (f64, f64)> = BTreeMap::new();
    for it in &with_price {
        let (worked, idle) = of_pools.entry(&it.line.pool).or_default();
        *worked += it.working;
        *idle += it.idle;
    }
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    for it in &with_price {
        if it.line.job.is_some() {
            let (worked, idle) = of_pools.get(&it.line.pool).copied().unwrap_or_default();
            let share = if worked > 0.0 { it.working / worked } else { 0.0 };
            let row = rows.entry(it.group.clone()).or_default();
            row.jobs += 1;
            row.working += it.working;
            row.idle += share * idle;
            let minutes = minutes(it.line.working);
            row.minutes += minutes;
            row.charge += SELF_HOSTED_MINUTE * float(minutes);
            match pools.placed(&it.line.pool).and_then(|pool| prices.hosted_minute(pool)) {
                Some((_, price)) => row.hosted += price * float(minutes),
                None => drop(found.without_size.insert(it.line.pool.clone())),
            }
        }
    }
    for (pool, (worked, idle)) in of_pools {
        if worked <= 0.0 {
            let name = if by == By::Pool { pool.as_str() } else { WITHOUT_JOBS };
            rows.entry(name.to_owned()).or_default().idle += idle;
        }
    }
    found.rows = rows.into_iter().map(|(name, row)| Row { name, ..row }).collect();
    found.rows.sort_by(|one, other| other.total().total_cmp(&one.total()));
    found.together = found.rows.iter().fold(Row::default(), |sum, row| Row {
        name: "together".to_owned(),
        jobs: sum.jobs + row.jobs,
        minutes: sum.minutes + row.minutes,
        working: sum.working + row.working,
        idle: sum.idle + row.idle,
        charge: sum.charge + row.charge,
        hosted: sum.hosted + row.hosted,
    });
    found
}

impl<'a> Priced<'a> {
    fn of(line: &'a CostLine, price: f64, by: By) -> Self {
        let whole = line.task_seconds();
        let share = if line.job.is_some() && whole > 0.0 { line.working / whole } else { 0.0 };
        Self { line, group: group(line, by), working: price * share, idle: price * (1.0 - share) }
    }
}

/// The line's own price; else by the map and the prices of today.
fn price(line: &CostLine, pools: &PoolMap, prices: &Prices) -> Option<f64> {
    let by_map = || {
        let pool = pools.placed(&line.capacity)?;
        let hour = pool.task_hour.or_else(|| prices.task_hour(pool))?;
        Some(line.priced(line.bought.unwrap_or(pool.capacity), hour))
    };
    line.price.or_else(by_map)
}

fn group(line: &CostLine, by: By) -> String {
    let repository = line.repository.as_ref().map_or(NOT_NAMED, |it| it.as_str());
    let within = |name: &Option<String>| format!("{repository}: {}", name.as_deref().unwrap_or(NOT_NAMED));
    let name = match by {
        By::Repository => repository.to_owned(),
        By::Workflow => within(&line.workflow),
        By::Branch => within(&line.branch),
        By::Pool => line.pool.to_string(),
    };
    name.chars().filter(|it| !it.is_control()).collect()
}

/// Whole minutes, at least one.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "minutes of a job")]
fn minutes(seconds: f64) -> u64 {
    ((seconds / 60.0).ceil() as u64).max(1)
}

#[expect(clippy::cast_precision_loss, reason = "a number of minutes")]
fn float(number: u64) -> f64 {
    number as f64
}
