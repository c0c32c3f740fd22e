//! `mayfly local`: the whole stack on one machine, to look at.

mod interrupt;
mod screen;

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, ensure};
use github::WorkflowJobAction;
use platform::ORGANISATION;
use sandbox::github::JobPlan;
use sandbox::queue::VISIBILITY;
use sandbox::{Delays, Subject, TICKET_KEY, World};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use wire::Resident;
use wire::aws::{AnsweredDelivery, WebhookObserver};
use wire::processes::Processes;
use wire::stack::{FUNCTIONS, OnTheWire, Options, Secrets, Stack};

use self::interrupt::Interrupt;
use self::screen::Places;
use crate::{DEVELOPMENT_SECRET, report};

/// How long a job works.
const WORK: Duration = Duration::from_secs(20);

/// How often to look for news.
const OFTEN: Duration = Duration::from_millis(100);

/// PID 1 of a task.
const RUNNER_INIT: &str = "runner-init";

type SharedWorld = Arc<OnceLock<Resident<World<OnTheWire>>>>;

/// Where it runs.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'a> {
    /// This program.
    pub program: &'a Path,
    /// The folder of the functions' binaries.
    pub binaries: &'a Path,
    /// The port of AWS; GitHub gets the next one. 0 for any two free ports.
    pub port: u16,
    /// The folder for the functions' logs; older logs are emptied.
    pub logs: &'a Path,
}

/// Runs with the pools of `map`, in the form of `pools.toml`, until Ctrl-C, which ends every process that
/// this started. `out` is the screen: it gets lines to paste, and a line for each thing that happens.
pub fn run(map: &str, ground: Ground<'_>, tasks: TaskMode, out: &mut impl Write) -> Result<()> {
    let Ground { program, binaries, port, logs } = ground;
    begin_anew(logs).with_context(|| format!("--logs: {} cannot be written", logs.display()))?;
    writeln!(out, "ministack starts and deploys the templates: five to twenty seconds")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ended = runtime.block_on(async {
        let interrupt = Interrupt::listen()?;
        let secrets = Secrets::with_new_app(DEVELOPMENT_SECRET.into(), TICKET_KEY.into())?;
        let world = SharedWorld::default();
        let (answered, deliveries) = unbounded_channel();
        let options = Options {
            map,
            binaries,
            zipped: false,
            port,
            seen: seen_by(answered, Arc::clone(&world)),
            visibility: VISIBILITY,
            minute: Duration::from_mins(1),
            secrets: &secrets,
            log: &|function| log_of(logs, function),
            running: &|ministack| interrupt.ends(ministack),
        };
        let started = Stack::start(&options, |wires| {
            world.get_or_init(|| OnTheWire::world(wires, &secrets, Delays::default())).clone()
        })
        .await;
        if interrupt.is_pressed() {
            return Ok(());
        }
        let stack = started?;
        interrupt.started();
        let world = world.get().context("the stack made no world")?;
        world.ask(|world| world.sandbox().journal().borrow_mut().keep()).await;
        let _processes = match tasks {
            TaskMode::Process => Some(processes(world.clone(), binaries, &log_of(logs, RUNNER_INIT)).await?),
            TaskMode::Play => None,
        };
        let places = Places {
            program,
            aws: stack.aws.url(),
            github: stack.github.url(),
            webhook: &stack.webhook,
            registrar: &stack.registrar,
            table: &stack.provisioned.table,
            organisation: ORGANISATION,
            logs,
        };
        write!(out, "\n{}", screen::ready(&places))?;
        out.flush()?;
        show(interrupt, deliveries, world, out).await
    });
    // Calls under way get no answer any more.
    runtime.shutdown_background();
    ended
}

/// Shows what happens, until Ctrl-C.
async fn show(
    mut interrupt: Interrupt,
    mut deliveries: UnboundedReceiver<AnsweredDelivery>,
    world: &Resident<World<OnTheWire>>,
    out: &mut impl Write,
) -> Result<()> {
    let mut looks = tokio::time::interval(OFTEN);
    loop {
        tokio::select! {
            () = interrupt.pressed() => return Ok(()),
            Some(answered) = deliveries.recv() => writeln!(out, "{}", screen::delivery(&answered))?,
            _ = looks.tick() => {
                let lines = world.ask(|world| world.sandbox().journal().borrow_mut().take()).await;
                // Deliveries of the world are shown with all other deliveries.
                let lines = lines.unwrap_or_default().into_iter();
                for line in lines.filter(|line| !matches!(line.subject, Subject::Delivery(_))) {
                    writeln!(out, "{}", report::happened(&line))?;
                }
            }
        }
        out.flush()?;
    }
}

/// A file of the folder of logs.
fn log_of(folder: &Path, program: &str) -> PathBuf {
    folder.join(format!("{program}.log"))
}

/// Makes the folder, and empties the log files in it.
fn begin_anew(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for program in FUNCTIONS.into_iter().chain([RUNNER_INIT]) {
        File::create(log_of(folder, program))?;
    }
    Ok(())
}

/// What runs a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskMode {
    /// The sandbox plays it.
    Play,
    /// `runner-init` is started as a process, with a stub for GitHub's runner program.
    Process,
}

async fn processes(world: Resident<World<OnTheWire>>, binaries: &Path, log: &Path) -> Result<Processes> {
    let [runner_init, stub] = [RUNNER_INIT, "stub-runner"].map(|name| binaries.join(name));
    for binary in [&runner_init, &stub] {
        ensure!(binary.is_file(), "there is no {}; `cargo build -p runner-init` makes it", binary.display());
    }
    Processes::start(world, &runner_init, &stub, log).await.map_err(|error| anyhow!(error))
}

/// Each delivery goes to the screen. A queued job that the webhook accepted becomes a job of the sandbox's
/// GitHub.
fn seen_by(screen: UnboundedSender<AnsweredDelivery>, world: SharedWorld) -> WebhookObserver {
    Arc::new(move |answered| {
        let payload = screen::job(&answered);
        let queued =
            payload.filter(|payload| answered.status == 202 && payload.action == WorkflowJobAction::Queued);
        // At the end, nobody reads the screen any more.
        let _ = screen.send(answered);
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
