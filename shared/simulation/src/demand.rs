//! How long it takes from a job's demand to its runner's launch, with webhooks and without any: fifty
//! repositories beside a hundred in which nothing happens, more room than is needed, nobody who waits for
//! jobs, and nothing else that goes wrong.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Context as _;
use fleet::pools::DEFAULT_POOLS;
use fleet::{JobId, PoolMap, Repository};
use jiff::{SignedDuration, Timestamp};
use platform::Platform;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use sandbox::github::JobPlan;
use sandbox::{Delays, Latencies, Sandbox, Span};

use crate::plan::START;
use crate::run::SECRET;

/// Repositories, each of which has jobs.
pub const REPOSITORIES: u64 = 50;

/// Repositories beside them in which nothing happens.
const QUIET: u64 = 100;

/// Jobs of a world.
const JOBS: u64 = 300;

/// The seconds in which they come: one in half a minute, as many as all sweeps together have room for.
const WITHIN: i64 = 150 * 60;

/// The one pool that they ask for.
const POOL: &str = "fargate-x64";

/// A call, of GitHub as of AWS. No vendor says how long GitHub takes; a fifth of a second is slow for what is
/// answered 304.
const CALL: Span = Span(Duration::from_millis(60)..=Duration::from_millis(200));

/// The longest that the launch of 99 of a hundred jobs may take without any webhook.
pub const GOAL: SignedDuration = SignedDuration::from_secs(60);

/// Whether GitHub's webhooks come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Webhooks {
    /// All of them, in a second or two.
    Come,
    /// None ever.
    Never,
}

/// How long each job's launch took, the shortest first.
pub fn run(seed: u64, webhooks: Webhooks) -> anyhow::Result<Vec<SignedDuration>> {
    let mut random = StdRng::seed_from_u64(seed);
    let pools = PoolMap::from_toml(&roomy())?;
    let sandbox =
        Sandbox::new(seed, START, Delays { calls: Latencies::Same(CALL), ..Delays::default() }, &pools);
    if webhooks == Webhooks::Never {
        sandbox.github().borrow_mut().send_no_webhooks();
    }
    for number in 0..QUIET {
        let repository = Repository::new(format!("octo-org/quiet-{number}"));
        sandbox.github().borrow_mut().push(&repository, START);
    }
    let mut world = Platform::world(sandbox.clone(), &pools, &SECRET.into());
    let mut moments: Vec<i64> = (0..JOBS).map(|_| random.random_range(0..WITHIN)).collect();
    moments.sort_unstable();
    for (number, seconds) in (1..).zip(moments) {
        world.run_until(START.checked_add(SignedDuration::from_secs(seconds))?);
        let plan = JobPlan {
            repository: Repository::new(format!("octo-org/r{}", random.random_range(0..REPOSITORIES))),
            labels: [POOL].into_iter().collect(),
            work: Duration::from_secs(random.random_range(2 * 60..=10 * 60)),
        };
        world.queue_job(JobId(number), plan);
    }
    world.run_until(START.checked_add(SignedDuration::from_secs(WITHIN + 60 * 60))?);
    let mut took = took(&sandbox)?;
    took.sort();
    Ok(took)
}

/// The default pools with room for all jobs.
fn roomy() -> String {
    let lines = DEFAULT_POOLS.lines();
    let lines = lines.map(|line| if line.starts_with("maximum = ") { "maximum = 2000" } else { line });
    lines.collect::<Vec<_>>().join("\n")
}

/// From each demand to its launch: the first one after the ledger had the job. One that needed none, because
/// an earlier job has left a runner over, is counted to its begin.
fn took(sandbox: &Sandbox) -> anyhow::Result<Vec<SignedDuration>> {
    let (github, ecs, table) = (sandbox.github().borrow(), sandbox.ecs().borrow(), sandbox.table().borrow());
    let launches: BTreeSet<Timestamp> = ecs.tasks().map(|task| task.started_at).collect();
    let took = github.jobs().map(|job| {
        let known = table.job(job.id).with_context(|| format!("nobody knows job {}", job.id))?;
        let launch = launches.range(known.seen_at..).next().copied();
        let at = launch.into_iter().chain(job.started_at).min();
        let at = at.with_context(|| format!("job {} has no runner", job.id))?;
        Ok(at.duration_since(job.queued_at))
    });
    took.collect()
}
