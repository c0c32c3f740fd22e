//! The two worlds: a steady day of jobs, and the same time without jobs.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use aws::ledger::attributes::of_item;
use aws::ledger::ttl::KEPT;
use fleet::ledger::Item;
use fleet::pools::DEFAULT_POOLS;
use fleet::{JobId, PoolMap, Repository};
use jiff::{SignedDuration, Timestamp};
use platform::{Platform, leftovers};
use sandbox::github::{JobPlan, Phase};
use sandbox::{Latencies, Operation, Sandbox, World};

use crate::assumed::Assumed;
use crate::deployed::DeployedStack;
use crate::item;
use crate::meter::{CostMeter, EmittedMetrics, Metered};
use crate::usage::{Counts, Usage, UsedBy};

/// Monday, 5 October 2026, 09:00 UTC.
const START: Timestamp = Timestamp::constant(1_791_190_800, 0);

/// The secret that the world's GitHub signs with.
const SECRET: &str = "the account's webhook secret";

/// One seed is enough: the results of all seeds are nearly the same.
const SEED: u64 = 1;

/// Jobs of each pool on the day whose metrics are counted.
const JOBS_OF_A_POOL: u64 = 4;

/// Pools of the default map.
const DEFAULT_POOL_COUNT: usize = 7;

/// From the start to where counting begins: the scheduler has opened the books, and the sweeps know the repositories.
const WARM_UP: SignedDuration = SignedDuration::from_mins(10);

/// From the last job's beginning to where counting ends: the job has ended, and its task has stopped.
const AFTERWARDS: SignedDuration = SignedDuration::from_hours(1);

/// A month, of 43,200 minutes.
pub(crate) const MONTH: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What was used in the two worlds.
#[derive(Debug, Clone)]
pub struct Counted {
    /// With jobs.
    pub day: Counts,
    /// Without.
    pub idle: Counts,
    /// How long it was counted.
    pub counted: SignedDuration,
}

/// Runs both.
pub fn run(assumed: &Assumed, deployed: &DeployedStack) -> Result<Counted> {
    let counted = length(assumed)?.checked_add(AFTERWARDS).context("the day is too long")?;
    let pools = PoolMap::from_toml(DEFAULT_POOLS)?;
    let happen = |jobs| happen(assumed, deployed, jobs, &pools);
    let ((day, _), (idle, _)) = (happen(assumed.day.jobs)?, happen(0)?);
    Ok(Counted { day, idle, counted })
}

/// How long jobs keep arriving.
fn length(assumed: &Assumed) -> Result<SignedDuration> {
    Ok(SignedDuration::try_from_secs_f64(assumed.day.hours * 3600.0)?)
}

/// The metrics of 24 hours with this many pools, each of which has some jobs.
pub fn metrics(assumed: &Assumed, deployed: &DeployedStack, pools: usize) -> Result<EmittedMetrics> {
    let map = PoolMap::from_toml(&map_of(pools))?;
    let mut assumed = assumed.clone();
    assumed.day.hours = 23.0;
    // No metric is split by them, and each takes its time.
    assumed.day.repositories = 2;
    assumed.day.jobs = JOBS_OF_A_POOL * u64::try_from(pools)?;
    assumed.day.pools = map.iter().map(|pool| pool.name.clone()).collect();
    let (_, emitted) = happen(&assumed, deployed, assumed.day.jobs, &map)?;
    Ok(emitted)
}

/// The default map, with further pools on Fargate or without its last ones.
fn map_of(pools: usize) -> String {
    let more = (DEFAULT_POOL_COUNT..pools).map(|number| {
        format!(
            "\n[pools.team-{number}]\nlabels = [\"fargate\", \"on-demand\"]\narchitecture = \"x86_64\"\ncapacity = \"fargate\"\n\
             cpu_units = 4096\nmemory_mib = 16384\ndisk_gib = 60\nrunner_group = \"fargate\"\npriority = {}\nmaximum = 15\n",
            1000 + number
        )
    });
    std::iter::once(DEFAULT_POOLS.to_owned()).chain(more).collect()
}

/// What a world with this many jobs uses, and the metrics of it.
fn happen(
    assumed: &Assumed,
    deployed: &DeployedStack,
    jobs: u64,
    pools: &PoolMap,
) -> Result<(Counts, EmittedMetrics)> {
    let mut delays = scale::Data::read(None)?.delays;
    if let Latencies::Each(calls) = &mut delays.calls {
        // GitHub's client remembers what it found, and the sandbox asks each time.
        calls.remove(&Operation::FindRunnerGroup);
    }
    let sandbox = Sandbox::new(SEED, START, delays, pools);
    for number in 0..assumed.day.repositories {
        sandbox.github().borrow_mut().push(&repository(number), START);
    }
    let meter = CostMeter::new(&sandbox, assumed, deployed);
    let _log = tracing::subscriber::set_default(meter.log().lines());
    let functions =
        Metered { functions: Platform::new(&sandbox, pools, SECRET.into()), meter: meter.clone() };
    let mut world = World::new(sandbox, functions, SECRET.into());
    let from = START.checked_add(WARM_UP)?;
    world.run_until(from);
    let before = meter.counts()?;

    for number in 0..jobs {
        world.run_until(from.checked_add(begins(number, assumed)?)?);
        world.queue_job(JobId(number + 1), plan(number, assumed)?);
    }
    world.run_until(from.checked_add(length(assumed)?)?.checked_add(AFTERWARDS)?);
    let mut counts = meter.counts()?.beyond(&before);
    check(&world, jobs)?;
    counts.used.insert(UsedBy::Table, stored(&world, assumed)?);
    Ok((counts, meter.emitted()))
}

/// When a job is queued: at equal intervals.
#[expect(clippy::cast_precision_loss, reason = "a number of jobs")]
fn begins(number: u64, assumed: &Assumed) -> Result<SignedDuration> {
    let share = number as f64 / assumed.day.jobs as f64;
    Ok(SignedDuration::try_from_secs_f64(length(assumed)?.as_secs_f64() * share)?)
}

fn plan(number: u64, assumed: &Assumed) -> Result<JobPlan> {
    let pools = u64::try_from(assumed.day.pools.len())?.max(1);
    let pool = assumed.day.pools.get(usize::try_from(number % pools)?).context("[day] pools names none")?;
    Ok(JobPlan {
        repository: repository(number % assumed.day.repositories.max(1)),
        labels: [pool.as_str()].into_iter().collect(),
        work: Duration::from_mins(assumed.day.job_minutes),
    })
}

fn repository(number: u64) -> Repository {
    Repository::new(format!("octo-org/repository-{number}"))
}

/// Checks that every job has succeeded and that nothing is left over: otherwise the counts are not a day's work.
fn check(world: &World<Metered<Platform>>, jobs: u64) -> Result<()> {
    let sandbox = world.sandbox();
    let github = sandbox.github().borrow();
    let done =
        github.jobs().filter(|job| matches!(job.phase, Phase::Completed { .. }) && job.started_at.is_some());
    let done = u64::try_from(done.count())?;
    ensure!(done == jobs, "{done} of {jobs} jobs have run to their end");
    let left = leftovers(sandbox);
    ensure!(left.is_empty(), "left over: {}", left.join("; "));
    Ok(())
}

/// What the table stores in a month: books and cursors as they are, jobs and runners for as long as they are kept.
fn stored(world: &World<Metered<Platform>>, assumed: &Assumed) -> Result<Usage> {
    let table = world.sandbox().table().borrow();
    let mut stored = 0.0;
    for item in table.items() {
        let attributes = of_item(item)?;
        let entries = [Some(item::bytes(&attributes)), item::index_bytes(&attributes)];
        let bytes: usize = entries.into_iter().flatten().sum();
        let overhead = f64::from(assumed.ledger.overhead) * if entries[1].is_some() { 2.0 } else { 1.0 };
        let months = match item {
            Item::Job(_) | Item::Runner(_) => KEPT.as_secs_f64() / MONTH.as_secs_f64(),
            _ => 1.0,
        };
        stored += months * (f64::from(u32::try_from(bytes)?) + overhead);
    }
    Ok(Usage { stored_byte_months: stored, ..Usage::default() })
}
