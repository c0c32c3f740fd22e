//! One task's PID 1.

use std::fs::File;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::PoisonError;

use fleet::launch::exit_code::FAILED;
use rustix::process::Pid;
use tokio::process::Command;

use super::Running;
use sandbox::Begun;

/// What a task is made of.
#[derive(Debug, Clone)]
pub struct TaskProgram {
    /// The binary of `runner-init`.
    pub runner_init: PathBuf,
    /// What stands for GitHub's runner program.
    pub runner: PathBuf,
    /// The file that its output is added to.
    pub log: PathBuf,
}

impl TaskProgram {
    /// Runs one task to its end, and gives the exit code of its PID 1.
    pub(super) async fn run(&self, begun: &Begun, running: &Running) -> i64 {
        let Ok(mut child) = self.command(begun).and_then(|mut command| command.spawn()) else {
            return FAILED;
        };
        let known = || running.lock().unwrap_or_else(PoisonError::into_inner);
        let pid = child.id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
        known().extend(pid.map(|pid| (begun.task.clone(), pid)));
        let status = child.wait().await;
        known().remove(&begun.task);
        let code =
            status.ok().and_then(|status| status.code().or(status.signal().map(|signal| 128 + signal)));
        code.map_or(FAILED, i64::from)
    }

    fn command(&self, begun: &Begun) -> io::Result<Command> {
        let mut command = Command::new(&self.runner_init);
        command.env_clear().envs(begun.environment.iter().cloned()).stdin(Stdio::null());
        command.env("PATH", "/usr/local/bin:/usr/bin:/bin").env("MAYFLY_RUNNER_PROGRAM", &self.runner);
        command.env("MAYFLY_RUNNER_HOME", "/tmp");
        let file = File::options().create(true).append(true).open(&self.log)?;
        command.stdout(file.try_clone()?).stderr(file);
        Ok(command)
    }
}
