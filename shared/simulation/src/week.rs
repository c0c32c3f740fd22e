//! A week of the office-hours profile under more load than it has room for, while the scheduler's
//! ticks are missed, doubled and cut short.

use std::time::Duration;

use fleet::ledger::RunnerState;
use fleet::{JobId, Pool, PoolMap, Repository};
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use platform::{Platform, PlatformWorld};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use sandbox::ecs::TaskStatus;
use sandbox::github::{JobPlan, Phase};
use sandbox::{Delays, Fault, FunctionName, Rates, Sandbox, Violation};

use crate::run::SECRET;

const PROFILE: &str = include_str!("../../../examples/pools-office-hours.toml");

/// The first instant of Monday, 2026-03-23, by the profile's clock.
const MONDAY: Timestamp = Timestamp::constant(1_774_224_000, 0);

/// Most runners that may live at once, by the profile's own words.
const MOST: usize = 100;

/// How many jobs a pool is given in a morning, for each runner that it has room for: they last into
/// the night.
const JOBS_A_ROOM: u32 = 3;

/// What goes wrong with ticks.
fn faults() -> impl Iterator<Item = Fault> {
    let ticks = [Fault::SchedulerTickMissed, Fault::SchedulerTickDoubled];
    ticks.into_iter().chain(Fault::crashes(|function| function == FunctionName::Scheduler))
}

/// What came of a week.
#[derive(Debug, Default)]
pub struct WeekOutcome {
    /// What must never be, and was.
    pub violations: Vec<Violation>,
    /// Jobs there were.
    pub jobs: usize,
    /// Tasks that were started.
    pub tasks: usize,
    /// How often something went wrong with a tick.
    pub struck: u32,
}

/// A time of the day at which something is done or looked at, by the profile's clock.
#[derive(Debug, Clone, Copy)]
enum TimeOfWeek {
    /// The night is over: the waiting runners are the night's minimum.
    LookAtNight,
    /// Working hours have begun, and nobody has a job yet.
    LookAtMorning,
    /// Jobs come, more than there is room for.
    Jobs,
    /// They have filled every pool.
    LookAtNoon,
}

/// The days that have working hours.
const WORKING_DAYS: std::ops::Range<i64> = 0..5;

/// Lets the week of a seed happen, and looks at it each minute.
pub fn run(seed: u64) -> anyhow::Result<WeekOutcome> {
    let mut random = StdRng::seed_from_u64(seed);
    let pools = PoolMap::from_toml(PROFILE)?;
    let sandbox = Sandbox::new(seed, MONDAY, Delays::default(), &pools);
    sandbox.set_faults(rates(&mut random));
    let mut week = WeekUnderWay {
        world: Platform::world(sandbox.clone(), &pools, &SECRET.into()),
        pools,
        random,
        outcome: WeekOutcome::default(),
    };
    let mut now = MONDAY;
    for (at, stop) in plan() {
        while now < at {
            now = now.checked_add(1.minute())?;
            week.world.run_until(now);
            week.look_at_the_living(now);
        }
        match stop {
            TimeOfWeek::Jobs => week.queue_jobs(),
            TimeOfWeek::LookAtNight => week.look_at_the_waiting(now, |pool| pool.off_hours_minimum),
            TimeOfWeek::LookAtMorning => week.look_at_the_waiting(now, |pool| pool.working_hours_minimum),
            TimeOfWeek::LookAtNoon => week.look_at_the_load(now),
        }
    }
    week.look_at_the_jobs();
    let WeekUnderWay { world, mut outcome, .. } = week;
    outcome.violations.extend(world.sandbox().table().borrow().violations().iter().cloned());
    outcome.violations.extend_from_slice(world.violations());
    outcome.tasks = sandbox.ecs().borrow().tasks().count();
    outcome.struck = sandbox.faults_struck().values().sum();
    Ok(outcome)
}

/// Each fault is absent, rare or frequent, but some tick goes wrong in every week.
fn rates(random: &mut StdRng) -> Rates {
    let mut rates = Rates::from([(Fault::SchedulerTickMissed, 0.1)]);
    for fault in faults() {
        let rate = *[0.0, 0.01, 0.03, 0.1].choose(random).unwrap_or(&0.1);
        if rate > 0.0 {
            rates.insert(fault, rate);
        }
    }
    rates
}

/// The stops of the week, in the order of their time.
fn plan() -> Vec<(Timestamp, TimeOfWeek)> {
    let at = |day: i64, hour: i64, minute: i64| {
        let since = SignedDuration::from_mins((day * 24 + hour) * 60 + minute);
        MONDAY.checked_add(since).unwrap_or(Timestamp::MAX)
    };
    let mut stops: Vec<(Timestamp, TimeOfWeek)> =
        (0..=7).map(|day| (at(day, 7, 0), TimeOfWeek::LookAtNight)).collect();
    for day in WORKING_DAYS {
        stops.push((at(day, 8, 30), TimeOfWeek::LookAtMorning));
        stops.push((at(day, 8, 30), TimeOfWeek::Jobs));
        stops.push((at(day, 12, 0), TimeOfWeek::LookAtNoon));
    }
    stops.sort_by_key(|&(at, _)| at);
    stops
}

/// A week under way.
struct WeekUnderWay {
    world: PlatformWorld,
    pools: PoolMap,
    random: StdRng,
    outcome: WeekOutcome,
}

impl WeekUnderWay {
    fn queue_jobs(&mut self) {
        for pool in self.pools.iter() {
            for _ in 0..pool.maximum * JOBS_A_ROOM {
                self.outcome.jobs += 1;
                let labels = ["self-hosted", pool.name.as_str()].into_iter().collect();
                let work = Duration::from_mins(self.random.random_range(60..=240));
                let plan = JobPlan { repository: Repository::new("octo-org/storefront"), labels, work };
                self.world.queue_job(JobId(self.outcome.jobs as u64), plan);
            }
        }
    }

    /// Never more than a hundred, neither in the ledger nor at ECS.
    fn look_at_the_living(&mut self, now: Timestamp) {
        let (books, tasks) = {
            let (table, ecs) = (self.world.sandbox().table().borrow(), self.world.sandbox().ecs().borrow());
            let books: i64 = table.books().map(|book| book.live).sum();
            (books, ecs.tasks().filter(|task| task.status != TaskStatus::Stopped).count())
        };
        if usize::try_from(books).is_ok_and(|live| live > MOST) || tasks > MOST {
            self.note("a hundred runners at most", [format!("{now}: {books} live, {tasks} tasks")]);
        }
    }

    /// Each pool has as many idle runners as it keeps at this hour, and no other one lives.
    fn look_at_the_waiting(&mut self, now: Timestamp, minimum: impl Fn(&Pool) -> u32) {
        let mut wrong = Vec::new();
        for pool in self.pools.iter() {
            let table = self.world.sandbox().table().borrow();
            let of_pool = table.runners().filter(|it| it.pool == pool.name);
            let living = of_pool.filter(|it| it.state != RunnerState::Stopped);
            let states: Vec<RunnerState> = living.map(|runner| runner.state).collect();
            let idle = states.iter().filter(|&&state| state == RunnerState::Idle).count();
            let expected = usize::try_from(minimum(pool)).unwrap_or(usize::MAX);
            if idle != expected || states.len() != expected {
                wrong.push(format!("{now}: {} keeps {expected} and has {states:?}", pool.name));
            }
        }
        self.note("what waits is exactly the minimum", wrong);
    }

    /// A week in which pools have room says nothing about their maximum.
    fn look_at_the_load(&mut self, now: Timestamp) {
        let busy = {
            let table = self.world.sandbox().table().borrow();
            table.runners().filter(|runner| runner.state == RunnerState::Busy).count()
        };
        if busy < MOST * 9 / 10 {
            self.note("the load saturates the pools", [format!("{now}: {busy} runners are busy")]);
        }
    }

    /// Every job has run to its own end: nobody has cancelled one, and no runner has died by itself.
    fn look_at_the_jobs(&mut self) {
        let wrong: Vec<String> = {
            let github = self.world.sandbox().github().borrow();
            let well = |phase: &Phase| matches!(phase, Phase::Completed { conclusion: "success" });
            let cut = github.jobs().filter(|job| !well(&job.phase));
            cut.map(|job| format!("job {} is {:?}", job.id, job.phase)).collect()
        };
        self.note("no begun job is cut short", wrong);
    }

    fn note(&mut self, rule: &'static str, found: impl IntoIterator<Item = String>) {
        self.outcome.violations.extend(found.into_iter().map(|found| Violation { rule, found }));
    }
}
