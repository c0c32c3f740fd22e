//! A task: `runner-init` as a process, with the stub in the place of the runner program.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::registrar::ScriptedRegistrar;

/// The ticket of every task here.
pub const TICKET: &str = "the-ticket-of-the-tests";

/// Where the stub is, under the names that it needs, for everybody to read.
static PROGRAMS: LazyLock<TempDir> = LazyLock::new(|| {
    let folder = open_folder();
    for name in ["run.sh", "Runner.Worker"] {
        fs::copy(env!("CARGO_BIN_EXE_stub-runner"), folder.path().join(name)).unwrap();
    }
    folder
});

/// A folder in which every user may write.
pub fn open_folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    folder
}

/// Whether the tests may change users.
pub fn is_root() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        eprintln!("not run as root: what needs another user is not tried here");
    }
    root
}

/// `runner-init`, ready to be started with short waits. Variables may be added.
pub fn command(registrar: &ScriptedRegistrar) -> Command {
    prepare(Command::new(env!("CARGO_BIN_EXE_runner-init")), registrar)
}

/// The same, as the first process of a PID namespace of its own.
pub fn as_pid_1(registrar: &ScriptedRegistrar) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--pid", "--fork", "--mount-proc", "--kill-child", env!("CARGO_BIN_EXE_runner-init")]);
    prepare(command, registrar)
}

/// Gives a command the environment of a task.
pub fn prepare(mut command: Command, registrar: &ScriptedRegistrar) -> Command {
    let program = PROGRAMS.path().join("run.sh");
    command
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("MAYFLY_TICKET", TICKET)
        .env("MAYFLY_REGISTRAR_URL", &registrar.url)
        .env("MAYFLY_RUNNER_PROGRAM", program)
        .env("MAYFLY_RUNNER_HOME", "/tmp")
        .env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/x")
        .env("ECS_CONTAINER_METADATA_URI_V4", "http://169.254.170.2/v4/x")
        .env("MAYFLY_LISTENER_SECONDS", "0.05")
        .env("MAYFLY_LAST_LOOK_SECONDS", "0.05")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs a task to its end.
pub fn to_the_end(mut command: Command) -> Ended {
    Ended::of(command.output().unwrap())
}

/// A task that has ended.
pub struct Ended {
    /// Its exit code.
    pub code: i32,
    /// All that it has written.
    pub log: String,
}

impl Ended {
    /// Reads what a process left.
    pub fn of(output: Output) -> Self {
        let log = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        assert!(!log.contains(TICKET), "the ticket is in the log");
        Self { code: output.status.code().expect(&log), log }
    }

    /// The lines of its log. What the runner program said stands between them.
    pub fn lines(&self) -> impl Iterator<Item = Value> {
        self.log.lines().filter_map(|line| serde_json::from_str(line).ok())
    }

    /// What the lines say.
    pub fn messages(&self) -> Vec<String> {
        self.lines().map(|line| line["message"].as_str().unwrap().to_owned()).collect()
    }
}

/// Sends SIGTERM to a task, and waits for its end.
pub fn stop(task: Child) -> Ended {
    let pid = Pid::from_child(&task);
    kill_process(pid, Signal::TERM).unwrap();
    Ended::of(task.wait_with_output().unwrap())
}

/// Waits until something holds, and fails if it does not come to.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(20), "{what} does not come");
        std::thread::yield_now();
    }
}

/// Waits until a file is there.
pub fn until_there(path: &Path) {
    until(&path.display().to_string(), || path.exists());
}

/// The path of a file in a folder, as a step of the stub needs it.
pub fn path(folder: &TempDir, name: &str) -> (String, PathBuf) {
    let path = folder.path().join(name);
    (path.display().to_string(), path)
}

/// A program that is this script, with the stub beside it as `run-helper.sh`.
pub fn script(folder: &TempDir, script: &str) -> PathBuf {
    let program = folder.path().join("run.sh");
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    for name in ["run-helper.sh", "Runner.Worker"] {
        fs::copy(env!("CARGO_BIN_EXE_stub-runner"), folder.path().join(name)).unwrap();
    }
    program
}
