//! Launches are bounded, per job and per pool and hour, in every world.
//!
//! In an hour a capacity launches at most one runner for each job that waits for it in that hour, one in
//! the place of each that a job took or that stands by, one for each fault that takes a runner away, and
//! as many as the breaker's trials: what fails again and again is no reason for more. A job that was routed
//! to another pool may take a runner too (GitHub's rule of labels): that one's place is filled as well.

use std::collections::BTreeMap;

use fleet::routing::route;
use fleet::{PoolName, RunnerId};
use jiff::{SignedDuration, Timestamp};
use platform::PlatformWorld;
use sandbox::{Fault, Violation};

use super::violation;
use crate::plan::{Act, Plan};

/// Launches in a row that fail before the breaker opens, and trials in an hour after that.
const TRIALS: usize = 3 + 10;

/// Tasks on an EC2 instance that is taken back, at most.
const ON_AN_INSTANCE: usize = 8;

/// Faults of which each takes a runner away that was as it should be. Those that the breaker is for are
/// not among them.
const TAKES_A_RUNNER: [Fault; 11] = [
    Fault::TaskNeverStarts,
    Fault::TaskDiesAsking,
    Fault::TaskExitsWithoutJob,
    Fault::RunnerDiesIdle,
    Fault::RunnerDiesAtWork,
    Fault::RunnerReaped,
    Fault::HangsWithConfig,
    Fault::HangsIdle,
    Fault::GithubCallsBusy,
    Fault::JobGivenAtDeletion,
    Fault::RunTaskNoCapacity,
];

/// What a book says too much that is written by hand: each of its totals by two.
const MISCOUNTED: usize = 4 * 2;

/// How long after its fault a runner may be taken away, and after its job was there it may be launched: a task
/// waits for its capacity, or hangs, that long.
const LINGERS: SignedDuration = SignedDuration::from_hours(1);

const HOUR: SignedDuration = SignedDuration::from_hours(1);

pub(super) fn are_bounded(world: &PlatformWorld, plan: &Plan) -> Vec<Violation> {
    let excuses = excuses(world, plan);
    let waiting = waiting(world, plan);
    let thefts = thefts(world, plan);
    let mut found = Vec::new();
    for (capacity, starts) in launches(world) {
        let serves = |pool: &PoolName| plan.pools.capacity_chain(pool).any(|it| it.name == capacity);
        let minimum: u32 = plan.pools.iter().filter(|pool| pool.name == capacity).map(highest_minimum).sum();
        let waits: Vec<_> =
            waiting.iter().filter(|(pool, _)| serves(pool)).map(|(_, between)| *between).collect();
        for (place, &from) in starts.iter().enumerate() {
            let until = from.checked_add(HOUR).unwrap_or(Timestamp::MAX);
            let launched = starts.iter().skip(place).take_while(|&&at| at < until).count();
            let earlier = from.checked_sub(LINGERS).unwrap_or(from);
            // Where launchers crash, a reservation waits for the scheduler, which launches a few each minute.
            let jobs = waits.iter().filter(|(queued, ended)| *queued < until && *ended >= earlier).count();
            let stolen = thefts.iter().filter(|(of, at)| *of == capacity && (from..until).contains(at));
            let counted = excuses.iter().filter(|(at, _)| (earlier..until).contains(at));
            let taken: usize = counted.map(|(_, runners)| runners).sum();
            // A place is filled for one that was taken, and the runner that the thief left behind may take the next job.
            let most = 2 * (jobs + usize::try_from(minimum).unwrap_or(0) + stolen.count()) + taken + TRIALS;
            if launched > most {
                let told = format!("{capacity}: {launched} in the hour from {from}, for {jobs} jobs");
                found.push(violation("launches are bounded for each job and each pool's hour", told));
                break;
            }
        }
    }
    found
}

fn highest_minimum(pool: &fleet::Pool) -> u32 {
    // Schedules of worlds keep three at most.
    pool.working_hours_minimum.max(pool.off_hours_minimum).max(3)
}

/// When runners were launched, by capacity.
fn launches(world: &PlatformWorld) -> BTreeMap<PoolName, Vec<Timestamp>> {
    let (table, ecs) = (world.sandbox().table().borrow(), world.sandbox().ecs().borrow());
    let mut launches: BTreeMap<PoolName, Vec<Timestamp>> = BTreeMap::new();
    for task in ecs.tasks() {
        let capacity = |id: RunnerId| table.runner(&id).map(|runner| runner.capacity.clone());
        if let Some(capacity) = task.runner().and_then(capacity) {
            launches.entry(capacity).or_default().push(task.started_at);
        }
    }
    for starts in launches.values_mut() {
        starts.sort();
    }
    launches
}

/// From when to when each job was there, by the pool that its labels name.
fn waiting(world: &PlatformWorld, plan: &Plan) -> Vec<(PoolName, (Timestamp, Timestamp))> {
    let github = world.sandbox().github().borrow();
    let jobs = github.jobs().flat_map(|job| {
        let ended = job.completed_at.unwrap_or(Timestamp::MAX);
        let in_map = |pools| route(pools, &job.plan.labels, false).map(|pool| pool.name.clone()).ok();
        let pools = [in_map(&plan.pools), in_map(&plan.smaller)];
        pools.into_iter().flatten().map(move |pool| (pool, (job.queued_at, ended)))
    });
    jobs.collect()
}

/// When a job took a runner of a capacity on which its own pool launches none.
fn thefts(world: &PlatformWorld, plan: &Plan) -> Vec<(PoolName, Timestamp)> {
    let (table, github) = (world.sandbox().table().borrow(), world.sandbox().github().borrow());
    let thefts = table.jobs().filter_map(|job| {
        let capacity = &table.runner(job.runner.as_ref()?)?.capacity;
        let chain = job.pool.iter().flat_map(|pool| plan.pools.capacity_chain(pool));
        let is_its_own = chain.into_iter().any(|pool| pool.name == *capacity);
        let at = github.job(job.id)?.started_at?;
        (!is_its_own).then(|| (capacity.clone(), at))
    });
    thefts.collect()
}

/// When something took runners away that is no fault of theirs, and how many.
fn excuses(world: &PlatformWorld, plan: &Plan) -> Vec<(Timestamp, usize)> {
    let struck = world.sandbox().strikes_so_far();
    let by_faults = struck.into_iter().filter(|(fault, _)| TAKES_A_RUNNER.contains(fault));
    let by_acts = plan.acts.iter().filter_map(|&(at, ref act)| match act {
        Act::Steal(_) | Act::LoseRegistration(_) => Some((at, 1)),
        Act::Miscount(..) => Some((at, MISCOUNTED)),
        Act::Interrupt(_) => Some((at, ON_AN_INSTANCE)),
        _ => None,
    });
    let table = world.sandbox().table().borrow();
    let overdue = table.runners().filter_map(|runner| Some((runner.overdue_at?, 1)));
    by_faults.map(|(_, at)| (at, 1)).chain(by_acts).chain(overdue).collect()
}
