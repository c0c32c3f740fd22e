//! `make bench-cost`: prints the bills, and fails if one is over the budget that a test enforces.
#![allow(clippy::print_stdout, reason = "a tool says what it found")]

use anyhow::{Result, ensure};
use clap::Parser;
use cost::account::{account, over};
use cost::assumed::{self, Assumed};
use cost::deployed::{DeployedStack, MirrorTask};
use cost::observed::{POOLS, Watching};
use cost::prices::{self, PriceList};
use cost::{day, report, switches};

/// Prices a thousand jobs, and a month without jobs, at list prices.
#[derive(Debug, Parser)]
struct CostArgs {
    /// Jobs in the day, instead of the number in assumed.toml
    #[arg(long)]
    jobs: Option<u64>,
    /// Hours over which the jobs arrive
    #[arg(long)]
    hours: Option<f64>,
    /// Repositories in the organisation
    #[arg(long)]
    repositories: Option<u64>,
    /// Print only what each switch of a stack costs in a month, such as dependency caches or runtimes
    #[arg(long)]
    switches: bool,
}

fn main() -> Result<()> {
    let args = CostArgs::parse();
    let list = PriceList::read(prices::FILE)?;
    let mut assumed = Assumed::read(assumed::FILE)?;
    let (prices, task) = (&list.switch_prices, MirrorTask::read()?);
    let switches = report::switches(
        &switches::bills(&list, &assumed, &task),
        switches::without_a_mirror(prices, &assumed),
    );
    if args.switches {
        println!("{switches}");
        return Ok(());
    }
    let day = &mut assumed.day;
    day.jobs = args.jobs.unwrap_or(day.jobs);
    day.hours = args.hours.unwrap_or(day.hours);
    day.repositories = args.repositories.unwrap_or(day.repositories);
    ensure!(
        day.jobs > 0 && day.hours > 0.0,
        "--jobs and --hours: a day has one job at least, and takes time"
    );
    let deployed = DeployedStack::read()?;
    let account = account(&day::run(&assumed, &deployed)?, &list, &assumed, &deployed);
    for (name, bill, budget) in [
        ("a thousand jobs", &account.jobs, list.budgets.thousand_jobs),
        ("an idle month", &account.idle, list.budgets.idle_month),
    ] {
        println!("{}\n", report::bill(name, bill, budget, &deployed));
    }
    println!("dollars of what is switched on\n\n{switches}\n");
    let watching = POOLS.iter().map(|&pools| Watching::of(&assumed, &deployed, pools));
    let watching = watching.collect::<Result<Vec<_>>>()?;
    println!("{}", report::watching(&watching, &list.prices, &assumed));
    println!("{}", report::notes(&assumed));
    let over = over(&account, list.held());
    ensure!(over.is_empty(), "a test holds them to less: {}", over.join("; "));
    Ok(())
}
