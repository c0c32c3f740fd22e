//! A burst: many jobs queued at once, each to its end, through the functions' own binaries.
//!
//! GitHub's deliveries are posted twenty at a time, and one in twenty of them twice. ministack is AWS, but for
//! ECS, which is the sandbox's, and so is GitHub: its runners claim, take the jobs, and its webhooks of that
//! go to the same Function URL.

mod delivery_poster;
mod figures;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use fleet::{JobId, Repository};
use futures_util::{StreamExt as _, stream};
use sandbox::github::JobPlan;
use sandbox::{Delays, Span, World};
use wire::Resident;
use wire::processes::Processes;
use wire::stack::{OnTheWire, Options, Secrets, Stack};

use self::delivery_poster::DeliveryPoster;
pub use self::figures::BurstFigures;

/// Deliveries that are posted at once.
const AT_ONCE: usize = 20;

/// One delivery in this many is posted twice.
const TWICE: u64 = 20;

/// The time after which a message comes again that a launcher did not write down.
const VISIBILITY: Duration = Duration::from_secs(30);

/// How long a minute of the rules takes.
const MINUTE: Duration = Duration::from_secs(10);

/// Longer than any burst: every job works until all of them do. One that is over before its first
/// webhook is through costs a spare runner, as the ledger says; that is not what a burst is to show.
const WORK: Duration = Duration::from_hours(24);

/// How long a job works where each task is a process: longer than its webhooks take.
const SHORT_WORK: Duration = Duration::from_secs(2);

/// The pool that serves all of the burst.
const POOLS: &str = r#"
[pools.burst]
labels = []
architecture = "x86_64"
capacity = "fargate"
cpu_units = 4096
memory_mib = 16384
disk_gib = 60
runner_group = "fargate"
priority = 10
maximum = 2000
"#;

/// What the burst's GitHub signs with, and what its tickets are issued under.
pub const SECRETS: [&str; 2] = ["the-burst's-webhook-secret", "the-burst's-ticket-key"];

/// The platform's times: far shorter than Fargate's, so that the functions are what takes time.
fn delays() -> Delays {
    Delays::each(&Span(Duration::from_millis(50)..=Duration::from_millis(200)))
}

/// Queues this many jobs at once, kills this many launchers in mid-batch meanwhile, and waits for
/// the end of the last job, so long at most.
pub async fn burst(jobs: u64, kills: u64, binaries: &Path, patience: Duration) -> Result<BurstFigures> {
    let (stack, world) = start(binaries).await?;
    let posted = post_all(jobs, WORK, &world, &stack);
    let killed = tokio::time::timeout(patience, kill_launchers(kills, jobs, &world, &stack));
    let (accepted, killed) = tokio::join!(posted, killed);
    let accepted = accepted?;
    let killed = killed.context("no launcher was there to be killed")?;
    let to_the_end = async {
        figures::until_all_work(jobs, &stack, &world).await;
        let ends = world.ask(move |world| (1..=jobs).for_each(|id| world.job_ends(JobId(id))));
        ends.await;
        figures::until_all_is_over(jobs, &stack, &world).await;
    };
    let waiting = tokio::time::timeout(patience, to_the_end);
    // What is not over by then, the figures tell.
    let in_time = waiting.await.is_ok();
    Ok(BurstFigures { killed, ..figures::read(jobs, accepted, in_time, &stack, &world).await? })
}

/// The same with a process for each task: `runner-init`, with a stub for GitHub's runner program.
pub async fn by_processes(jobs: u64, binaries: &Path, patience: Duration) -> Result<BurstFigures> {
    let (stack, world) = start(binaries).await?;
    let (runner_init, stub) = (binaries.join("runner-init"), binaries.join("stub-runner"));
    let log = logs::file_of("runner-init");
    let processes = Processes::start(world.clone(), &runner_init, &stub, &log).await;
    let _processes = processes.map_err(|error| anyhow!(error))?;
    let accepted = post_all(jobs, SHORT_WORK, &world, &stack).await?;
    let waiting = tokio::time::timeout(patience, figures::until_all_is_over(jobs, &stack, &world));
    let in_time = waiting.await.is_ok();
    figures::read(jobs, accepted, in_time, &stack, &world).await
}

/// The whole platform, with no job yet.
async fn start(binaries: &Path) -> Result<(Stack, Resident<World<OnTheWire>>)> {
    let [webhook, ticket_key] = SECRETS.map(Into::into);
    let secrets = Secrets::with_new_app(webhook, ticket_key)?;
    let options = Options {
        map: POOLS,
        binaries,
        zipped: false,
        port: 0,
        seen: wire::stack::unseen(),
        visibility: VISIBILITY,
        minute: MINUTE,
        secrets: &secrets,
        log: &logs::file_of,
        running: &|_| Ok(()),
    };
    let mut world = None;
    let stack = Stack::start(&options, |wires| {
        let made = OnTheWire::world(wires, &secrets, delays());
        world.insert(made).clone()
    })
    .await?;
    Ok((stack, world.context("the stack made no world")?))
}

/// Kills a launcher with a batch in hand each time that another part of the tasks has started. The
/// batch comes again when its messages are visible again, and the scheduler launches what it had
/// reserved and not launched. Gives how many were killed.
async fn kill_launchers(kills: u64, jobs: u64, world: &Resident<World<OnTheWire>>, stack: &Stack) -> u64 {
    for kill in 1..=kills {
        let due = jobs * kill / (kills + 1);
        let started = || world.ask(|world| world.sandbox().ecs().borrow().tasks().count());
        while started().await.is_none_or(|tasks| u64::try_from(tasks).is_ok_and(|tasks| tasks < due))
            || !stack.kill_a_launcher().await.unwrap_or_default()
        {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    kills
}

/// Posts every job's delivery; gives how many were accepted.
async fn post_all(
    jobs: u64,
    work: Duration,
    world: &Resident<World<OnTheWire>>,
    stack: &Stack,
) -> Result<u64> {
    let poster = DeliveryPoster::new(&stack.webhook, SECRETS[0].into());
    let mut deliveries = Vec::new();
    for id in (1..=jobs).map(JobId) {
        let plan = JobPlan {
            repository: Repository::new("octo-org/storefront"),
            labels: ["self-hosted", "burst"].into_iter().collect(),
            work,
        };
        let payload = world.ask(move |world| {
            world.learn_job(id, plan);
            world.sandbox().github().borrow().job(id).map(|job| sandbox::github::workflow_job(job, false))
        });
        let payload = payload.await.flatten().context("GitHub does not know the job")?;
        let times = if id.0.is_multiple_of(TWICE) { 2 } else { 1 };
        deliveries.extend((0..times).map(|_| (format!("queued-{id}"), payload.to_string())));
    }
    let posts = deliveries.into_iter().map(|(id, body)| poster.post(id, body));
    let statuses: Vec<u16> = stream::iter(posts).buffer_unordered(AT_ONCE).collect().await;
    Ok(u64::try_from(statuses.iter().filter(|status| **status == 202).count())?)
}
