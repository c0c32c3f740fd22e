//! `mayfly local`: the whole on one machine, to look at.

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::Result;
use fleet::PoolMap;
use github::{Action, WorkflowJobPayload};
use sandbox::github::JobPlan;
use sandbox::queue::VISIBILITY;
use sandbox::wire::Resident;
use sandbox::wire::lambda::Seen;
use sandbox::{Delays, TICKET_KEY, World};

use super::{OnTheWire, Options, Secrets, Stack};
use crate::DEVELOPMENT_SECRET;

/// How long a job works.
const WORK: Duration = Duration::from_secs(20);

type SharedWorld = Arc<OnceLock<Resident<World<OnTheWire>>>>;

/// Runs until Ctrl-C, which ends every process that this has started. The functions' logs come out
/// on standard output.
pub fn run(pools: &PoolMap, binaries: &Path, port: u16, out: &mut impl Write) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let secrets = Secrets { webhook: DEVELOPMENT_SECRET.into(), ticket_key: TICKET_KEY.into() };
        let world = SharedWorld::default();
        let options = Options {
            pools,
            binaries,
            port,
            seen: jobs_of(Arc::clone(&world)),
            visibility: VISIBILITY,
            tick: Duration::from_mins(1),
            secrets: &secrets,
            log: |_| None,
        };
        let stack = Stack::start(&options, |wires| {
            world.get_or_init(|| OnTheWire::world(wires, pools, &secrets, Delays::default())).clone()
        })
        .await?;
        let moto = stack.moto.url();
        let (url, ecs) = (stack.url.url(), stack.ecs.url());
        writeln!(out, "webhook  {url}     mayfly replay events/github/queued-ec2-arm64.json --url {url}")?;
        writeln!(out, "ECS      {ecs}     aws ecs list-tasks --cluster ecs --endpoint-url {ecs}")?;
        writeln!(out, "the rest {moto}     queue, table, parameters")?;
        writeln!(out, "Ctrl-C ends all of it.")?;
        tokio::signal::ctrl_c().await?;
        Ok(())
    })
}

/// A queued job that the webhook has accepted is one of the sandbox's GitHub from then on.
fn jobs_of(world: SharedWorld) -> Seen {
    Arc::new(move |body, status| {
        let payload = serde_json::from_slice::<WorkflowJobPayload>(body).ok();
        let queued = payload.filter(|payload| status == 202 && payload.action == Action::Queued);
        if let (Some(payload), Some(world)) = (queued, world.get().cloned()) {
            let (repository, labels) = (payload.repository, payload.labels);
            let plan = JobPlan { repository, labels, work: WORK };
            tokio::spawn(async move { world.ask(move |world| world.learn_job(payload.job, plan)).await });
        }
    })
}
