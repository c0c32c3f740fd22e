//! Each task of a world as a process: `runner-init`, with a stub in the place of GitHub's runner
//! program, which takes its job from the world's GitHub.

mod front;
mod task;

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fleet::TaskArn;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::task::AbortHandle;

use self::front::WorldService;
pub use self::task::TaskProgram;
use crate::Resident;
use crate::http::Served;
use sandbox::{Functions, World};

/// How often the world is asked for tasks that begin or stop.
const TICK: Duration = Duration::from_millis(20);

/// The processes that run now.
type Running = Arc<Mutex<BTreeMap<TaskArn, Pid>>>;

/// The tasks of a world, as processes. They are killed when this is dropped, with all that they have started.
#[derive(Debug)]
pub struct Processes {
    running: Running,
    following: AbortHandle,
    _served: Served,
    _programs: TempDir,
}

impl Processes {
    /// From now on, each task of the world is a process. The binaries are `runner-init`'s and the
    /// stub's; `log` is where the tasks' output goes.
    pub async fn start<F: Functions + 'static>(
        world: Resident<World<F>>,
        runner_init: &Path,
        stub: &Path,
        log: &Path,
    ) -> Result<Self, String> {
        let programs =
            programs(stub).map_err(|error| format!("{} cannot be used: {error}", stub.display()))?;
        let served = Served::start(0, WorldService::new(world.clone())).await?;
        let url = format!("http://{}/", served.address());
        world.ask(move |world| world.run_tasks_outside(&url)).await;
        let program = TaskProgram {
            runner_init: runner_init.to_owned(),
            runner: programs.path().join("run.sh"),
            log: log.to_owned(),
        };
        let running = Running::default();
        let following = tokio::spawn(follow(world, program, Arc::clone(&running))).abort_handle();
        Ok(Self { running, following, _served: served, _programs: programs })
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        self.following.abort();
        for pid in self.running.lock().unwrap_or_else(PoisonError::into_inner).values() {
            kill_with_children(*pid);
        }
    }
}

/// Kills a process and all that it has started: PID 1 would wait for its job, and its runner has a group of its own.
fn kill_with_children(pid: Pid) {
    let id = pid.as_raw_nonzero();
    let threads = fs::read_dir(format!("/proc/{id}/task")).into_iter().flatten().flatten();
    let children: Vec<String> =
        threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok()).collect();
    let _ = kill_process(pid, Signal::KILL);
    let children = children.iter().flat_map(|ids| ids.split_whitespace());
    children.filter_map(|id| Pid::from_raw(id.parse().ok()?)).for_each(kill_with_children);
}

/// The stub under the names of GitHub's programs, for the runner's user to read.
fn programs(stub: &Path) -> io::Result<TempDir> {
    let folder = tempfile::Builder::new()
        .prefix("mayfly-runner-")
        .permissions(Permissions::from_mode(0o755))
        .tempdir()?;
    for name in ["run.sh", "Runner.Worker"] {
        fs::copy(stub, folder.path().join(name))?;
    }
    Ok(folder)
}

/// Starts what begins, and stops what is to stop.
async fn follow<F: Functions + 'static>(world: Resident<World<F>>, program: TaskProgram, running: Running) {
    while let Some((begun, stopping)) = world.ask(|world| (world.take_begun(), world.take_stopping())).await {
        for begun in begun {
            let (world, running, program) = (world.clone(), Arc::clone(&running), program.clone());
            tokio::spawn(async move {
                let code = program.run(&begun, &running).await;
                world.ask(move |world| world.exited(&begun.task, code)).await;
            });
        }
        for task in stopping {
            if let Some(pid) = running.lock().unwrap_or_else(PoisonError::into_inner).get(&task) {
                let _ = kill_process(*pid, Signal::TERM);
            }
        }
        tokio::time::sleep(TICK).await;
    }
}
