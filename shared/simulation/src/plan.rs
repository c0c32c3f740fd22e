//! What is going to happen in a world, all drawn from its seed.

mod disturbances;
mod faults;
mod job;
mod pools;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::time::Duration;

use fleet::ledger::Totals;
use fleet::{JobId, PoolMap};
use jiff::{SignedDuration, Timestamp};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use sandbox::github::JobPlan;
use sandbox::{Delays, Fault, FunctionName, Latencies, Rates, Span};

use self::disturbances::{
    breakage, deploys, interruptions, is_wide, lies, map_changes, miscounts, outage, pushes, skews, thefts,
};
use self::faults::{of_fault, rates};
pub use self::job::REFUSED;
use self::job::{REPOSITORIES, job};
use self::pools::{LEAVES, limits, pools, without};

/// When a world begins.
pub const START: Timestamp = Timestamp::constant(1_791_190_800, 0);

/// Forged deliveries speak of jobs from here on.
pub const FORGED_JOBS: u64 = 9_000_000;

/// A world by its seed, and what was taken out of it to make it smaller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeededWorld {
    /// The seed.
    pub seed: u64,
    /// How many of its jobs there are; all of them where nothing is said.
    pub jobs: Option<usize>,
    /// Faults that do not strike.
    pub without: BTreeSet<Fault>,
}

impl SeededWorld {
    /// The whole world of a seed.
    pub fn of(seed: u64) -> Self {
        Self { seed, jobs: None, without: BTreeSet::new() }
    }
}

/// Something that is done to the world from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// A job is queued.
    Queue(JobId, JobPlan),
    /// Somebody pushes to repositories, whose names are this and a number.
    Push(&'static str, Range<u64>),
    /// A job is put behind an approval gate.
    Gate(JobId, JobPlan),
    /// A gated job is approved, and its webhook sent once or twice.
    Approve(JobId, bool),
    /// A job is cancelled, if it still waits.
    Cancel(JobId),
    /// A job is run again, if it has ended: a new job, and the old one's end is reported again.
    Rerun(JobId, JobId, JobPlan),
    /// Somebody who does not know the secret posts a job.
    Forge(JobId),
    /// A message that nobody understands is on the queue.
    Poison,
    /// EC2 takes a spot instance back, by its place among those that are up: its warning, and its end
    /// two minutes later.
    Interrupt(usize),
    /// GitHub's API answers nobody for an hour; its webhooks go on.
    Outage,
    /// Somebody asks with the ticket of a runner that has asked, by its place among those.
    Steal(usize),
    /// A task of the stack starts that nobody reserved; another one for each number.
    PlantTask(u128),
    /// A registration is made by the name of a runner that has stopped, by its place among those; online or not.
    PlantRegistration(usize, bool),
    /// GitHub forgets an idle listener, by its place among those, which goes on listening.
    LoseRegistration(usize),
    /// From now on a function reads the whole map of pools, or the one without the pool that leaves.
    ReadMap(FunctionName, Map),
    /// From now on ECS refuses every launch like this: its code and message.
    Deploy(&'static str, &'static str),
    /// It refuses none any longer.
    Deployed,
    /// Somebody writes a book by hand, by its place among them: it says this much more.
    Miscount(usize, Totals),
    /// From now on a fault strikes whenever it can.
    Break(Fault),
    /// It strikes as seldom as before.
    Mend(Fault),
}

/// A map of pools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Map {
    /// With every pool.
    Whole,
    /// Without the one that leaves for a while.
    Smaller,
}

/// All of it.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The pools, with maximums and hours of the seed's.
    pub pools: PoolMap,
    /// The map without the pool that leaves it for a while.
    pub smaller: PoolMap,
    /// How far the functions' clocks are ahead, or behind.
    pub skews: BTreeMap<FunctionName, SignedDuration>,
    /// How long things take.
    pub delays: Delays,
    /// How likely each fault is.
    pub rates: Rates,
    /// Whether there are more repositories than a sweep reads, whose jobs come by schedules and by no push.
    pub is_wide: bool,
    /// What is done, in the order of its time.
    pub acts: Vec<(Timestamp, Act)>,
}

impl Plan {
    /// Draws the plan of a world.
    pub fn of(world: &SeededWorld) -> anyhow::Result<Self> {
        let mut random = StdRng::seed_from_u64(world.seed);
        let size = size(&mut random);
        let text = pools(size, &mut random) + &limits(world.seed);
        let (pools, smaller) = (PoolMap::from_toml(&text)?, PoolMap::from_toml(&without(LEAVES, &text))?);
        let delays = delays(&mut random);
        let mut rates = rates(world.seed);
        rates.retain(|fault, _| !world.without.contains(fault));
        let has = |fault| rates.contains_key(&fault);
        let bursts = bursts(&mut random);
        let mut acts: Vec<(Timestamp, Act)> =
            (0..2).map(|at| (moment(&mut random), Act::Forge(JobId(FORGED_JOBS + at)))).collect();
        acts.push((moment(&mut random), Act::Poison));
        acts.extend(interruptions(&mut random));
        acts.extend(thefts(&mut random));
        acts.extend(outage(&mut random));
        acts.extend(lies(world.seed));
        let is_wide = is_wide(world.seed);
        if is_wide {
            acts.extend(pushes(REPOSITORIES));
        }
        if has(Fault::MapChanges) {
            acts.extend(map_changes(&mut of_fault(world.seed, Fault::MapChanges)));
        }
        if has(Fault::BrokenForHours) {
            acts.extend(breakage(&mut of_fault(world.seed, Fault::BrokenForHours)));
        }
        if has(Fault::BooksMiscounted) {
            acts.extend(miscounts(&mut of_fault(world.seed, Fault::BooksMiscounted)));
        }
        if has(Fault::Deploys) {
            acts.extend(deploys(&mut of_fault(world.seed, Fault::Deploys)));
        }
        let skews = if has(Fault::ClocksDiffer) {
            skews(&mut of_fault(world.seed, Fault::ClocksDiffer))
        } else {
            BTreeMap::new()
        };

        for number in 0..world.jobs.unwrap_or(size).min(size) {
            let is_refused = has(Fault::GroupRefuses) && number % 8 == 3;
            acts.extend(job(world.seed, number, &bursts, has(Fault::ShortJobs), (is_wide, is_refused)));
        }
        acts.sort_by_key(|&(at, _)| at);
        Ok(Self { pools, smaller, skews, delays, rates, is_wide, acts })
    }

    /// The pools that serve jobs all the time.
    pub fn lasting_pools(&self) -> &PoolMap {
        if self.rates.contains_key(&Fault::MapChanges) { &self.smaller } else { &self.pools }
    }
}

/// How many jobs: most worlds have up to fifty, one in two hundred a thousand.
fn size(random: &mut StdRng) -> usize {
    if random.random_ratio(1, 200) { random.random_range(500..=1000) } else { random.random_range(1..=50) }
}

fn delays(random: &mut StdRng) -> Delays {
    let calls = Span(Duration::from_millis(4)..=Duration::from_millis(600));
    let calls = if random.random_bool(0.5) { Latencies::Same(calls) } else { Latencies::None };
    Delays { calls, ..Delays::default() }
}

/// The times at which many jobs come at once.
fn bursts(random: &mut StdRng) -> Vec<Timestamp> {
    let count = random.random_range(1..=5);
    (0..count).map(|_| moment(random)).collect()
}

/// A moment of the four hours in which things are done.
fn moment(random: &mut StdRng) -> Timestamp {
    after(START, random.random_range(0..4 * 60 * 60))
}

fn after(start: Timestamp, seconds: i64) -> Timestamp {
    start.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(start)
}
