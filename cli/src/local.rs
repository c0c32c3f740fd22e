//! `mayfly local`: the whole on one machine, to look at.

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Result, anyhow, ensure};
use github::{WorkflowJobAction, WorkflowJobDelivery};
use sandbox::github::JobPlan;
use sandbox::queue::VISIBILITY;
use sandbox::{Delays, TICKET_KEY, World};
use wire::Resident;
use wire::aws::WebhookObserver;
use wire::processes::Processes;
use wire::stack::{OnTheWire, Options, Secrets, Stack};

use crate::DEVELOPMENT_SECRET;

/// How long a job works.
const WORK: Duration = Duration::from_secs(20);

type SharedWorld = Arc<OnceLock<Resident<World<OnTheWire>>>>;

/// Runs with the pools of `map`, in the form of `pools.toml`, until Ctrl-C, which ends every process that this has started. The functions' logs come out
/// on standard output.
pub fn run(map: &str, binaries: &Path, port: u16, tasks: TaskMode, out: &mut impl Write) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let secrets = Secrets::with_new_app(DEVELOPMENT_SECRET.into(), TICKET_KEY.into())?;
        let world = SharedWorld::default();
        let options = Options {
            map,
            binaries,
            zipped: false,
            port,
            seen: jobs_of(Arc::clone(&world)),
            visibility: VISIBILITY,
            minute: Duration::from_mins(1),
            secrets: &secrets,
            log: |_| None,
        };
        let stack = Stack::start(&options, |wires| {
            world.get_or_init(|| OnTheWire::world(wires, &secrets, Delays::default())).clone()
        })
        .await?;
        let _processes = match (tasks, world.get()) {
            (TaskMode::Process, Some(world)) => Some(processes(world.clone(), binaries).await?),
            _ => None,
        };
        let (aws, webhook) = (stack.aws.url(), &stack.webhook);
        writeln!(out, "AWS       {aws}     aws ecs list-tasks --cluster mayfly_ec2 --endpoint-url {aws}")?;
        writeln!(
            out,
            "webhook   {webhook}     mayfly replay events/github/queued-ec2-arm64.json --url {webhook}"
        )?;
        writeln!(out, "registrar {}ask", stack.registrar)?;
        writeln!(out, "GitHub    {}     runners, groups", stack.github.url())?;
        writeln!(
            out,
            "a job     AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local AWS_ENDPOINT_URL={aws} GITHUB_API_URL={} \
             GITHUB_TOKEN=local mayfly why JOB --region us-east-1 --organisation octo-org --table {}",
            stack.github.url(),
            stack.provisioned.table,
        )?;
        writeln!(out, "Ctrl-C ends all of it.")?;
        tokio::signal::ctrl_c().await?;
        Ok(())
    })
}

/// Who runs a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum TaskMode {
    /// The sandbox plays it
    Play,
    /// `runner-init` is started as a process, with a stub for GitHub's runner program
    Process,
}

async fn processes(world: Resident<World<OnTheWire>>, binaries: &Path) -> Result<Processes> {
    let [runner_init, stub] = ["runner-init", "stub-runner"].map(|name| binaries.join(name));
    for binary in [&runner_init, &stub] {
        ensure!(binary.is_file(), "there is no {}; `cargo build -p runner-init` makes it", binary.display());
    }
    Processes::start(world, &runner_init, &stub, None).await.map_err(|error| anyhow!(error))
}

/// A queued job that the webhook has accepted is one of the sandbox's GitHub from then on.
fn jobs_of(world: SharedWorld) -> WebhookObserver {
    Arc::new(move |body, status| {
        let payload = serde_json::from_slice(body).ok().and_then(WorkflowJobDelivery::job);
        let queued = payload.filter(|payload| status == 202 && payload.action == WorkflowJobAction::Queued);
        if let (Some(payload), Some(world)) = (queued, world.get().cloned()) {
            let (repository, labels) = (payload.repository, payload.labels);
            let public = payload.is_public.then(|| repository.clone());
            let plan = JobPlan { repository, labels, work: WORK };
            let learn = move |world: &mut World<OnTheWire>| {
                if let Some(public) = public {
                    world.sandbox().github().borrow_mut().publish(public);
                }
                world.learn_job(payload.job, plan);
            };
            tokio::spawn(async move { world.ask(learn).await });
        }
    })
}
