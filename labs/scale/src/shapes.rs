//! The shapes of load, each with its sizes.

use std::time::{Duration, Instant};

use anyhow::Result;
use clap::ValueEnum;
use jiff::{SignedDuration, Timestamp};
use platform::scene::START;

use crate::bench::{Bench, GithubIs, pool_names};
use crate::data::Data;
use crate::figures::Figures;
use crate::planted;
use crate::ticks::Tick;

/// The one pool, where there is one.
const POOL: &str = "fargate-x64";

/// How long a job of a burst runs: longer than GitHub takes to register 3,000 runners, so that all of them
/// live at once.
const LONG: Duration = Duration::from_mins(30);

/// How long a job of a steady load runs.
const SHORT: Duration = Duration::from_mins(1);

/// How long a steady load lasts.
const LASTS: SignedDuration = SignedDuration::from_mins(5);

/// How long the jobs of an outage wait before it ends, once all of them are recorded.
const OUTAGE: SignedDuration = SignedDuration::from_mins(3);

/// Webhook events of a job: queued, in progress, completed.
const EVENTS_OF_A_JOB: u64 = 3;

/// A shape of load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shape {
    /// Jobs at a steady rate, this many webhook events a second
    Steady,
    /// Jobs queued at once, on one pool
    Burst,
    /// Jobs that waited for a pool with the maximum 1, which is then raised
    Outage,
    /// Jobs queued at once, on seven pools
    Pools,
    /// The scheduler's tick over runners whose tasks are starting
    Scheduler,
}

/// A run of a shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// The shape.
    pub shape: Shape,
    /// Jobs; of a steady load, webhook events a second; of the scheduler's, runners.
    pub size: u64,
    /// The maximum of each pool.
    pub maximum: u32,
    /// Whether GitHub's limits hold.
    pub github: GithubIs,
}

/// What a run gives.
#[derive(Debug, Clone)]
pub enum ShapeResult {
    /// The figures of a load.
    Load(Box<Figures>),
    /// The longest of the ticks over this many runners.
    Tick(u64, Tick, Duration),
}

impl Shape {
    /// The runs of this shape.
    pub fn loads(self) -> Vec<Load> {
        let of = |size, maximum, github| Load { shape: self, size, maximum, github };
        let as_large = |size: u64| of(size, u32::try_from(size).unwrap_or(u32::MAX), GithubIs::AsPublished);
        match self {
            Self::Steady => [25, 50, 100].map(|rate| of(rate, 20_000, GithubIs::Unlimited)).to_vec(),
            Self::Burst => {
                let sizes = [300, 1_000, 3_000].map(as_large);
                sizes.into_iter().chain([of(10_000, 5_000, GithubIs::AsPublished)]).collect()
            }
            Self::Outage => [1_000, 3_000]
                .into_iter()
                .flat_map(|size| [GithubIs::AsPublished, GithubIs::Unlimited].map(|it| of(size, 5_000, it)))
                .collect(),
            Self::Pools => [300, 1_000, 3_000].map(as_large).to_vec(),
            Self::Scheduler => [1_000, 3_000, 10_000].map(as_large).to_vec(),
        }
    }

    /// The run of this size.
    pub fn load(self, size: u64) -> Vec<Load> {
        let known: Vec<_> = self.loads().into_iter().filter(|load| load.size == size).collect();
        if !known.is_empty() {
            return known;
        }
        let maximum = u32::try_from(size).unwrap_or(u32::MAX);
        let github = if self == Self::Steady { GithubIs::Unlimited } else { GithubIs::AsPublished };
        vec![Load { shape: self, size, maximum, github }]
    }
}

impl Load {
    /// Runs it. Anything left over at its end, or any broken invariant, is an error.
    pub fn run(self, data: &Data) -> Result<ShapeResult> {
        let started = now();
        let mut outcome = match self.shape {
            Shape::Scheduler => planted::run(data, self.size)?,
            Shape::Steady => self.steady(data)?,
            Shape::Burst => self.burst(data, &[POOL])?,
            Shape::Pools => {
                let names = pool_names()?;
                self.burst(data, &names.iter().map(fleet::PoolName::as_str).collect::<Vec<_>>())?
            }
            Shape::Outage => self.outage(data)?,
        };
        let took = started.elapsed();
        match &mut outcome {
            ShapeResult::Load(figures) => figures.wall = took,
            ShapeResult::Tick(_, _, wall) => *wall = took,
        }
        Ok(outcome)
    }

    /// The jobs a second that make this many webhook events.
    fn steady(self, data: &Data) -> Result<ShapeResult> {
        let mut bench = Bench::new(data, self.maximum, self.github)?;
        let jobs = self.size * u64::try_from(LASTS.as_secs()).unwrap_or_default() / EVENTS_OF_A_JOB;
        let between = LASTS / i32::try_from(jobs.max(1)).unwrap_or(i32::MAX);
        for _ in 0..jobs {
            let (id, plan) = bench.plan(POOL, SHORT);
            bench.world.queue_job(id, plan);
            bench.pass(between);
        }
        end(bench, START, format!("{} events a second", self.size))
    }

    fn burst(self, data: &Data, pools: &[&str]) -> Result<ShapeResult> {
        let mut bench = Bench::new(data, self.maximum, self.github)?;
        bench.burst(self.size, pools, LONG);
        let name = if u64::from(self.maximum) < self.size {
            format!("{} jobs, maximum {}", self.size, self.maximum)
        } else {
            format!("{} jobs", self.size)
        };
        end(bench, START, name)
    }

    /// One runner has lived for all jobs until the maximum is raised.
    fn outage(self, data: &Data) -> Result<ShapeResult> {
        let mut bench = Bench::new(data, 1, self.github)?;
        bench.burst(self.size, &[POOL], LONG);
        bench.pass(OUTAGE);
        bench.set_maximum(self.maximum)?;
        let raised = bench.now();
        let github = match self.github {
            GithubIs::AsPublished => "GitHub as published",
            GithubIs::Unlimited => "GitHub unlimited",
        };
        end(bench, raised, format!("{} jobs, {github}", self.size))
    }
}

fn end(mut bench: Bench, began: Timestamp, name: String) -> Result<ShapeResult> {
    bench.pass_to_the_end();
    bench.rest()?;
    Ok(ShapeResult::Load(Box::new(Figures::of(name, &bench, began))))
}

/// How long a run takes is measured; nothing in it depends on it.
#[expect(clippy::disallowed_methods, reason = "the time that a run takes")]
fn now() -> Instant {
    Instant::now()
}
