//! What is going to happen in a world, all drawn from its seed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use fleet::pools::DEFAULT_POOLS;
use fleet::{JobId, PoolMap, Repository};
use jiff::{SignedDuration, Timestamp};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use sandbox::github::JobPlan;
use sandbox::{Delays, Fault, FunctionName, Rates, Repairer, Span};

/// When a world begins.
pub const START: Timestamp = Timestamp::constant(1_791_190_800, 0);

/// Forged deliveries speak of jobs from here on.
pub const FORGED_JOBS: u64 = 9_000_000;

/// A re-run's job id is this much higher than the job's.
const RERUN: u64 = 1_000_000;

/// Label sets of jobs: exact pools, sets that several pools serve, and some that none does.
const LABELS: [&[&str]; 16] = [
    &["self-hosted", "fargate-x64"],
    &["self-hosted", "fargate-x64-spot"],
    &["self-hosted", "fargate-arm64"],
    &["self-hosted", "ec2-x64"],
    &["self-hosted", "ec2-x64-spot"],
    &["self-hosted", "ec2-arm64"],
    &["self-hosted", "ec2-arm64-spot"],
    &["self-hosted"],
    &["linux", "X64"],
    &["linux", "ARM64"],
    &["docker"],
    &["x64", "spot"],
    &["arm64", "docker", "spot"],
    &["linux", "on-demand"],
    &["linux", "gpu"],
    &["ubuntu-latest"],
];

/// A world by its seed, and what was taken out of it to make it smaller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct World {
    /// The seed.
    pub seed: u64,
    /// How many of its jobs there are; all of them where nothing is said.
    pub jobs: Option<usize>,
    /// Faults that do not strike.
    pub without: BTreeSet<Fault>,
}

impl World {
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
    /// A job is put behind an approval gate.
    Gate(JobId, JobPlan),
    /// A gated job is approved, and its webhook sent once or twice.
    Approve(JobId, bool),
    /// A job is cancelled, if it still waits.
    Cancel(JobId),
    /// A job is run again, if it has ended: a new job, and the old one's end is told once more.
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
    /// From now on a function reads the whole map of pools, or the one without the pool that leaves.
    ReadMap(FunctionName, Map),
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
    /// Whether every fault is one that the functions that are built repair.
    pub is_calm: bool,
    /// What is done, in the order of its time.
    pub acts: Vec<(Timestamp, Act)>,
}

impl Plan {
    /// Draws the plan of a world.
    pub fn of(world: &World) -> anyhow::Result<Self> {
        let mut random = StdRng::seed_from_u64(world.seed);
        let is_calm = random.random_bool(0.5);
        let size = size(&mut random);
        let text = pools(size, &mut random);
        let (pools, smaller) = (PoolMap::from_toml(&text)?, PoolMap::from_toml(&without(LEAVES, &text))?);
        let delays = delays(&mut random);
        let mut rates = rates(world.seed, is_calm);
        rates.retain(|fault, _| !world.without.contains(fault));
        if is_calm && rates.contains_key(&Fault::MapChanges) {
            // The end of a job that no pool serves is not kept. Where its demand comes later than that, and
            // a pool serves it by then, it waits until GitHub is asked.
            rates.remove(&Fault::WebhookDelayed);
        }
        let has = |fault| rates.contains_key(&fault);
        let bursts = bursts(&mut random);
        let mut acts: Vec<(Timestamp, Act)> =
            (0..2).map(|at| (moment(&mut random), Act::Forge(JobId(FORGED_JOBS + at)))).collect();
        acts.push((moment(&mut random), Act::Poison));
        acts.extend(interruptions(&mut random));
        acts.extend(thefts(&mut random));
        acts.extend(outage(&mut random));
        if has(Fault::MapChanges) {
            acts.extend(map_changes(&mut of_fault(world.seed, Fault::MapChanges)));
        }
        if has(Fault::BrokenForHours) {
            acts.extend(breakage(is_calm, &mut of_fault(world.seed, Fault::BrokenForHours)));
        }
        let skews = if has(Fault::ClocksDiffer) {
            skews(&mut of_fault(world.seed, Fault::ClocksDiffer))
        } else {
            BTreeMap::new()
        };

        for number in 0..world.jobs.unwrap_or(size).min(size) {
            acts.extend(job(world.seed, number, &bursts, has(Fault::ShortJobs)));
        }
        acts.sort_by_key(|&(at, _)| at);
        Ok(Self { pools, smaller, skews, delays, rates, is_calm, acts })
    }

    /// The pools that serve jobs all the time.
    pub fn lasting_pools(&self) -> &PoolMap {
        if self.rates.contains_key(&Fault::MapChanges) { &self.smaller } else { &self.pools }
    }
}

/// The pool that leaves the map in some worlds. No other one falls back to it.
const LEAVES: &str = "ec2-x64-spot";

/// A map's text without a pool.
fn without(pool: &str, text: &str) -> String {
    let own = format!("[pools.{pool}]");
    let mut is_in = false;
    let kept = text.lines().filter(|line| {
        if line.starts_with('[') {
            is_in = *line == own;
        }
        !is_in
    });
    kept.collect::<Vec<_>>().join("\n")
}

/// How many jobs: most worlds have up to fifty, one in two hundred a thousand.
fn size(random: &mut StdRng) -> usize {
    if random.random_ratio(1, 200) { random.random_range(500..=1000) } else { random.random_range(1..=50) }
}

/// The default pools with other maximums: out of the way, or so low that jobs have to wait, but not
/// for the day after which GitHub gives them up. In one world of three some of them keep runners
/// waiting for a while.
fn pools(size: usize, random: &mut StdRng) -> String {
    let roomy = random.random_bool(0.5);
    let keeps_runners = random.random_ratio(1, 3);
    let least = u32::try_from(size / 20).unwrap_or(u32::MAX).max(1);
    let mut text = String::new();
    for line in DEFAULT_POOLS.lines() {
        if line.starts_with("maximum = ") {
            let maximum: u32 = if roomy { 2000 } else { random.random_range(least..=least + 7) };
            text.extend(["maximum = ", &maximum.to_string()]);
            if keeps_runners && random.random_bool(0.5) {
                text.extend(["\n", &own_hours(maximum, random)]);
            }
        } else {
            text.push_str(line);
        }
        text.push('\n');
    }
    text
}

/// A schedule with up to two windows on the day of [`START`], a Monday, while things are done. No other
/// opens before the world has come to rest.
fn own_hours(maximum: u32, random: &mut StdRng) -> String {
    let count = random.random_range(1..=2);
    let minutes = rand::seq::index::sample(random, 4 * 60, 2 * count).into_vec();
    let edges: BTreeSet<usize> = minutes.into_iter().collect();
    let clocks: Vec<String> =
        edges.into_iter().map(|minute| format!("{:02}:{:02}", 9 + minute / 60, minute % 60)).collect();
    let windows = clocks.chunks_exact(2).filter_map(|edges| {
        let (from, to) = (edges.first()?, edges.last()?);
        let minimum = random.random_range(1..=3).min(maximum);
        Some(format!(r#"{{ days = ["mon"], from = "{from}", to = "{to}", minimum = {minimum} }}"#))
    });
    format!("schedule = {{ windows = [{}] }}", windows.collect::<Vec<_>>().join(", "))
}

fn delays(random: &mut StdRng) -> Delays {
    let call = random.random_bool(0.5).then(|| Span(Duration::from_millis(2)..=Duration::from_millis(300)));
    Delays { call, ..Delays::default() }
}

/// The numbers that are drawn for a fault. They are its own: a world stays as it is when another fault is
/// thought of.
fn of_fault(seed: u64, fault: Fault) -> StdRng {
    // FNV-1a.
    let name = fault.to_string();
    let mixed = name.bytes().fold(0xcbf2_9ce4_8422_2325, |mixed: u64, byte| {
        (mixed ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    StdRng::seed_from_u64(seed ^ mixed)
}

/// Each fault is absent, rare or frequent; idle runners may all be removed by GitHub. Those of a whole
/// world are there in a few.
fn rates(seed: u64, is_calm: bool) -> Rates {
    let mut rates = Rates::new();
    for fault in Fault::all() {
        let mut random = of_fault(seed, fault);
        let rate = if Fault::OF_A_WORLD.contains(&fault) {
            f64::from(u8::from(random.random_ratio(1, 10)))
        } else {
            let highest = if fault == Fault::RunnerReaped { 1.0 } else { 0.2 };
            *[0.0, 0.0, 0.01, 0.03, 0.1, highest].choose(&mut random).unwrap_or(&0.0)
        };
        if rate > 0.0 && (!is_calm || fault.repairer() == Repairer::Built) {
            rates.insert(fault, rate);
        }
    }
    rates
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

/// In one world of three EC2 takes some spot instances back.
fn interruptions(random: &mut StdRng) -> Vec<(Timestamp, Act)> {
    if random.random_ratio(2, 3) {
        return Vec::new();
    }
    let count = random.random_range(1..=6);
    (0..count).map(|_| (moment(random), Act::Interrupt(random.random_range(0..100)))).collect()
}

/// In one world of four some tickets are stolen.
fn thefts(random: &mut StdRng) -> Vec<(Timestamp, Act)> {
    if random.random_ratio(3, 4) {
        return Vec::new();
    }
    let count = random.random_range(1..=20);
    (0..count).map(|_| (moment(random), Act::Steal(random.random_range(0..100)))).collect()
}

/// In one world of six GitHub's API is out of order for an hour.
fn outage(random: &mut StdRng) -> Option<(Timestamp, Act)> {
    random.random_ratio(1, 6).then(|| (moment(random), Act::Outage))
}

/// A pool leaves the map and comes back. Each function learns of it within five minutes.
fn map_changes(random: &mut StdRng) -> Vec<(Timestamp, Act)> {
    let leaves = random.random_range(0..3 * 60 * 60);
    let comes_back = leaves + random.random_range(10 * 60..60 * 60);
    let mut acts = Vec::new();
    for (when, map) in [(leaves, Map::Smaller), (comes_back, Map::Whole)] {
        for function in
            [FunctionName::Webhook, FunctionName::Launcher, FunctionName::Registrar, FunctionName::Scheduler]
        {
            acts.push((after(START, when + random.random_range(0..5 * 60)), Act::ReadMap(function, map)));
        }
    }
    acts
}

/// Up to two minutes, either way.
fn skews(random: &mut StdRng) -> BTreeMap<FunctionName, SignedDuration> {
    let functions = [FunctionName::Launcher, FunctionName::Registrar, FunctionName::Scheduler];
    functions.map(|it| (it, SignedDuration::from_secs(random.random_range(-120..=120)))).into()
}

/// What may be broken for hours: images, runners, what tells of them.
const BREAKABLE: [Fault; 12] = [
    Fault::ImageEnds,
    Fault::RunnerOutdated,
    Fault::RunnerFails,
    Fault::PreparationFails,
    Fault::TaskFailsToStart,
    Fault::TaskNeverStarts,
    Fault::TaskNeverAsks,
    Fault::HangsWithoutConfig,
    Fault::RunnerReaped,
    Fault::GithubSlow,
    Fault::StopEventLate,
    Fault::StopEventLost,
];

/// One fault strikes always, from a moment on, for hours or a day.
fn breakage(is_calm: bool, random: &mut StdRng) -> Vec<(Timestamp, Act)> {
    let breakable: Vec<Fault> =
        BREAKABLE.into_iter().filter(|fault| !is_calm || fault.repairer() == Repairer::Built).collect();
    let fault = breakable.choose(random).copied().unwrap_or(Fault::RunnerFails);
    let from = random.random_range(0..4 * 60 * 60);
    let hours = *[1, 3, 8, 24].choose(random).unwrap_or(&1);
    vec![(after(START, from), Act::Break(fault)), (after(START, from + hours * 60 * 60), Act::Mend(fault))]
}

/// Everything that is done to one job. It depends on the seed and the job's number alone, so that a
/// smaller world has the same jobs.
fn job(seed: u64, number: usize, bursts: &[Timestamp], is_short: bool) -> Vec<(Timestamp, Act)> {
    let mut random = StdRng::seed_from_u64(seed ^ (number as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let id = JobId(number as u64 + 1);
    let labels = LABELS.choose(&mut random).copied().unwrap_or_default();
    let plan = JobPlan {
        repository: Repository::new("octo-org/storefront"),
        labels: labels.iter().collect(),
        work: if is_short { Duration::from_secs(random.random_range(0..=3)) } else { work(&mut random) },
    };
    let burst = bursts.choose(&mut random).copied().unwrap_or(START);
    let at = after(burst, random.random_range(0..10));
    let mut acts = Vec::new();
    if random.random_ratio(1, 20) {
        acts.push((at, Act::Gate(id, plan.clone())));
        let approved = after(at, random.random_range(1..30 * 60));
        acts.push((approved, Act::Approve(id, random.random_bool(0.5))));
    } else {
        acts.push((at, Act::Queue(id, plan.clone())));
    }
    if random.random_ratio(1, 10) || is_short && random.random_ratio(2, 5) {
        let within = if is_short { 60 } else { 10 * 60 };
        acts.push((after(at, random.random_range(0..within)), Act::Cancel(id)));
    }
    if random.random_ratio(1, 20) {
        acts.push((after(at, random.random_range(60..60 * 60)), Act::Rerun(id, JobId(id.0 + RERUN), plan)));
    }
    acts
}

/// A few seconds, some minutes or some hours.
fn work(random: &mut StdRng) -> Duration {
    let seconds = match random.random_range(0..10) {
        0..=2 => random.random_range(1..=10),
        3..=8 => random.random_range(60..=600),
        _ => random.random_range(3600..=5 * 3600),
    };
    Duration::from_secs(seconds)
}
