//! The budgets, by a part of the day that is as dense as all of it.

use cost::account::{Bills, account, over};
use cost::assumed::{self, Assumed};
use cost::deployed::DeployedStack;
use cost::prices::{self, PriceList};
use cost::{UsedBy, day};
use sandbox::FunctionName;

/// Hours of the part: as many as Lambda keeps an instance, so that each start has its share of the jobs.
const HOURS: f64 = 2.0;

/// Jobs of the part: a quarter of a thousand.
const JOBS: u64 = 250;

fn counted(list: &PriceList) -> anyhow::Result<Bills> {
    let mut assumed = Assumed::read(assumed::FILE)?;
    (assumed.day.jobs, assumed.day.hours) = (JOBS, HOURS);
    let deployed = DeployedStack::read()?;
    Ok(account(&day::run(&assumed, &deployed)?, list, &assumed, &deployed))
}

#[test]
fn a_thousand_jobs_and_an_idle_month_cost_no_more_than_is_held() {
    let list = PriceList::read(prices::FILE).unwrap();
    let account = counted(&list).unwrap();
    let over_held = over(&account, list.held());
    assert!(over_held.is_empty(), "{over_held:?}; `make bench-cost` shows what costs it");
    if list.reached.is_some() {
        let kept = over(&account, &list.budgets).is_empty();
        assert!(!kept, "the budgets are kept: take [reached] out of prices.toml");
    }

    // Each job has three deliveries, each of which goes over the queue, as the end of its task does; its runner asks at
    // least twice. The ticks come whether there are jobs or not.
    let invocations =
        |bill: &cost::account::Bill, function| bill.used[&UsedBy::Function(function)].invocations;
    for (function, of_a_job) in
        [(FunctionName::Webhook, 3.0), (FunctionName::Launcher, 4.0), (FunctionName::Registrar, 2.0)]
    {
        let found = invocations(&account.jobs, function);
        assert!(found >= 1000.0 * of_a_job - 0.5, "{function:?}: {found}");
        assert!(invocations(&account.idle, function).abs() < 0.5, "{function:?} without jobs");
    }
    assert!(invocations(&account.jobs, FunctionName::Webhook) < 3000.5, "a delivery is counted twice");
    for function in [FunctionName::Scheduler, FunctionName::Reconciler] {
        let (jobs, idle) = (invocations(&account.jobs, function), invocations(&account.idle, function));
        assert!(jobs.abs() < 0.5 && (idle - 43_200.0).abs() < 0.5, "{function:?}: {jobs}, {idle}");
    }
}
