//! A world with a load: its time passes second by second, and the bench records what it sees.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Result, bail};
use fleet::pools::DEFAULT_POOLS;
use fleet::{JobId, PoolMap, PoolName, Repository};
use jiff::{SignedDuration, Timestamp};
use platform::scene::START;
use platform::{Platform, leftovers};
use sandbox::github::{GithubLimits, JobPlan, Phase};
use sandbox::{FunctionName, Sandbox, World};
use secrecy::SecretString;

use crate::data::Data;
use crate::observed::Observed;
use crate::ticks::TickRecord;

/// The one seed: a run is the same each time.
const SEED: u64 = 1;

/// How often the run looks for changes.
const STEP: SignedDuration = SignedDuration::from_secs(1);

/// How long jobs may take; those that have not ended by then are lost.
const PATIENCE: SignedDuration = SignedDuration::from_hours(6);

/// How long the platform may take to come to rest once all jobs have ended.
const TO_REST: SignedDuration = SignedDuration::from_hours(6);

/// Which limits GitHub applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GithubIs {
    /// Those that it publishes.
    AsPublished,
    /// None, and the map says so.
    Unlimited,
}

/// A world with a load.
pub struct Bench {
    /// The world.
    pub world: World<Platform>,
    /// What was seen from outside.
    pub observed: Rc<RefCell<Observed>>,
    /// What it assumes.
    pub data: Data,
    /// The scheduler's ticks.
    pub ticks: TickRecord,
    /// Whether a pool had as many runners as the map lets it have while jobs waited there.
    pub was_full: bool,
    maximum: u32,
    github: GithubIs,
    jobs: u64,
}

impl Bench {
    /// The default pools, each with this maximum.
    pub fn new(data: &Data, maximum: u32, github: GithubIs) -> Result<Self> {
        let pools = map_of(maximum, github)?;
        let sandbox = Sandbox::new(SEED, START, data.delays.clone(), &pools);
        sandbox.ecs().borrow_mut().set_limits(data.ecs);
        let observed = Observed::of(&sandbox);
        let world = Platform::world(sandbox, &pools, &SecretString::from("a bench's secret"));
        let ticks = TickRecord::default();
        let bench =
            Self { world, observed, data: data.clone(), ticks, was_full: false, maximum, github, jobs: 0 };
        bench.sandbox().github().borrow_mut().set_limits(bench.limits_of_github());
        Ok(bench)
    }

    /// The platform.
    pub fn sandbox(&self) -> &Sandbox {
        self.world.sandbox()
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.sandbox().manual_clock().now()
    }

    /// GitHub's limits in this world.
    pub fn limits_of_github(&self) -> GithubLimits {
        match self.github {
            GithubIs::AsPublished => self.data.github,
            GithubIs::Unlimited => GithubLimits::default(),
        }
    }

    /// From now on every function reads a map in which each pool has this maximum.
    pub fn set_maximum(&mut self, maximum: u32) -> Result<()> {
        let pools = map_of(maximum, self.github)?;
        for function in [
            FunctionName::Webhook,
            FunctionName::Launcher,
            FunctionName::Registrar,
            FunctionName::Scheduler,
            FunctionName::Reconciler,
        ] {
            self.world.functions().use_map(function, &pools);
        }
        (self.maximum, self.was_full) = (maximum, false);
        Ok(())
    }

    /// A new job of one of a hundred repositories, which asks for this pool and runs for this long.
    pub fn plan(&mut self, pool: &str, work: Duration) -> (JobId, JobPlan) {
        self.jobs += 1;
        let repository = Repository::new(format!("octo-org/r{}", self.jobs % 100));
        (JobId(self.jobs), JobPlan { repository, labels: [pool].into_iter().collect(), work })
    }

    /// Queues this many jobs at GitHub now, for these pools in turn; their deliveries come one after another.
    pub fn burst(&mut self, jobs: u64, pools: &[&str], work: Duration) {
        let mut ids = Vec::new();
        for pool in pools.iter().cycle().take(usize::try_from(jobs).unwrap_or(usize::MAX)) {
            let (id, plan) = self.plan(pool, work);
            self.world.learn_job(id, plan);
            ids.push(id);
        }
        let between =
            SignedDuration::from_secs(1) / i32::try_from(self.data.deliveries_a_second).unwrap_or(i32::MAX);
        for id in ids {
            self.world.redeliver(id);
            self.pass(between);
        }
    }

    /// Lets time pass.
    pub fn pass(&mut self, length: SignedDuration) {
        let end = self.now().checked_add(length).unwrap_or(Timestamp::MAX);
        while self.now() < end {
            let step = self.now().checked_add(STEP).unwrap_or(Timestamp::MAX);
            self.world.run_until(step.min(end));
            self.look();
        }
    }

    /// Lets time pass until every job has ended, or the patience has.
    pub fn pass_to_the_end(&mut self) {
        let end = self.now().checked_add(PATIENCE).unwrap_or(Timestamp::MAX);
        while self.jobs_left() > 0 && self.now() < end {
            self.pass(STEP);
        }
    }

    /// Brings the platform to rest. Anything left over, or any broken invariant, is an error.
    pub fn rest(&mut self) -> Result<()> {
        let rests = self.world.run_to_rest(TO_REST);
        let mut problems = leftovers(self.sandbox());
        if !rests {
            problems.insert(0, "the platform does not come to rest".to_owned());
        }
        problems.extend(self.violations());
        none_or_error(problems)
    }

    /// A broken invariant is an error; the platform need not be at rest.
    pub fn check(&self) -> Result<()> {
        none_or_error(self.violations())
    }

    fn violations(&self) -> Vec<String> {
        let table = self.sandbox().table().borrow();
        let all = self.world.violations().iter().chain(table.violations());
        all.map(|violation| format!("{}: {}", violation.rule, violation.found)).collect()
    }

    fn jobs_left(&self) -> usize {
        let github = self.sandbox().github().borrow();
        github.jobs().filter(|job| !matches!(job.phase, Phase::Completed { .. })).count()
    }

    fn look(&mut self) {
        self.ticks.look(self.world.sandbox());
        let books = self.sandbox().table().borrow();
        let most = i64::from(self.maximum);
        let is_full = books.books().any(|book| book.live >= most && book.queued > book.supply);
        drop(books);
        self.was_full |= is_full;
    }
}

/// The default pools, each with this maximum, on an account with these limits of GitHub's.
pub fn map_of(maximum: u32, github: GithubIs) -> Result<PoolMap> {
    let lines = DEFAULT_POOLS.lines();
    let limited = |line: &str| match line.strip_prefix("maximum = ") {
        Some(_) => format!("maximum = {maximum}"),
        None => line.to_owned(),
    };
    let limits = match github {
        GithubIs::AsPublished => "",
        GithubIs::Unlimited => "\n[limits]\ngithub_calls_a_minute = 1000000",
    };
    Ok(PoolMap::from_toml(&(lines.map(limited).collect::<Vec<_>>().join("\n") + limits))?)
}

/// The names of the default pools.
pub fn pool_names() -> Result<Vec<PoolName>> {
    Ok(PoolMap::from_toml(DEFAULT_POOLS)?.iter().map(|pool| pool.name.clone()).collect())
}

fn none_or_error(problems: Vec<String>) -> Result<()> {
    const TOLD: usize = 10;
    if problems.is_empty() {
        return Ok(());
    }
    let more = problems.len().saturating_sub(TOLD);
    let mut lines: Vec<String> = problems.into_iter().take(TOLD).collect();
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    bail!("the run did not end as it should:\n{}", lines.join("\n"))
}
