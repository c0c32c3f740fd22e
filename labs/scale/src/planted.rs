//! Starting runners for a tick of the scheduler to look at: written to the ledger and started at ECS directly,
//! because their launch is not measured.

use anyhow::{Context as _, Result};
use fleet::launch::RunTaskRequest;
use fleet::ledger::{Entries, Event, JobAction, JobEvent};
use fleet::ticket::Ticket;
use fleet::{JobId, PoolName, RunnerId};
use jiff::SignedDuration;
use sandbox::ecs::EcsLimits;
use sandbox::github::JobPlan;
use sandbox::{Span, TICKET_KEY, placement_of};

use crate::bench::{Bench, GithubIs, map_of};
use crate::data::Data;
use crate::shapes::ShapeResult;

/// The pool of all of them.
const POOL: &str = "fargate-x64";

/// A transaction's: each is a job and a runner, and there is the book.
const AT_ONCE: u64 = 40;

/// How long the tasks' images take to pull: long enough that no task has asked when the ticks come.
const PENDING: Span = Span::minutes(8, 9);

/// When it ends: after two ticks that have nothing else to do.
const ENDS: SignedDuration = SignedDuration::from_secs(170);

/// The longest tick over this many runners.
pub(crate) fn run(data: &Data, runners: u64) -> Result<ShapeResult> {
    let mut data = data.clone();
    data.ecs = EcsLimits::default();
    data.delays.pending = PENDING;
    let mut bench = Bench::new(&data, u32::try_from(runners)?, GithubIs::AsPublished)?;
    plant(&mut bench, runners)?;
    bench.pass(ENDS);
    bench.check()?;
    let longest = bench.ticks.longest().context("no tick has ended")?;
    Ok(ShapeResult::Tick(runners, longest, std::time::Duration::ZERO))
}

fn plant(bench: &mut Bench, runners: u64) -> Result<()> {
    let (pools, pool) = (map_of(u32::try_from(runners)?, GithubIs::AsPublished)?, PoolName::new(POOL)?);
    let placement = placement_of(pools.get(&pool).context("the pool is in the map")?);
    let now = bench.now();
    let mut left = runners;
    let mut entries = Entries::default();
    entries.open_books(&[pool.clone()].into(), &pools);
    while left > 0 {
        let count = left.min(AT_ONCE);
        left -= count;
        let first = left + 1;
        for number in first..first + count {
            let (id, plan) = bench.plan(POOL, std::time::Duration::from_mins(1));
            entries.apply(&queued(id, &plan, &pool), now);
            entries.reserve(RunnerId::from_random(number.into()), &pool, &pool, now);
            bench.world.learn_job(id, plan);
        }
        let puts = entries.puts();
        bench.sandbox().table().borrow_mut().commit(&puts)?;
        entries.written();
    }
    let sandbox = bench.sandbox();
    let reserved: Vec<_> = sandbox.table().borrow().runners().cloned().collect();
    for runner in reserved {
        let ticket = Ticket::issue(&runner.id, &TICKET_KEY.into());
        let request = RunTaskRequest::new(&runner, &placement, &ticket, "https://registrar.sandbox.invalid/");
        let started = sandbox.start_task(&request);
        started.map_err(|refusal| anyhow::anyhow!("a task does not start: {refusal:?}"))?;
    }
    Ok(())
}

/// The event of a waiting job.
fn queued(job: JobId, plan: &JobPlan, pool: &PoolName) -> Event {
    Event::Job(JobEvent {
        action: JobAction::Queued,
        job,
        pool: Some(pool.clone()),
        repository: plan.repository.clone(),
        is_public: false,
        labels: plan.labels.clone(),
        runner: None,
        may_not_have_run: false,
        created_at: None,
        accepted_at: None,
        names: fleet::ledger::JobNames::default(),
    })
}
