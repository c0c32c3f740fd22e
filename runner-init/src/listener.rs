//! The runner program: how PID 1 starts it, and what its listener's output means.

use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Command, Stdio};

use fleet::pid1::Pid1Event;
use fleet::question::Config;
use rustix::io::ioctl_fionbio;
use rustix::process::{Pid, geteuid};

use crate::config::{CACHE_HOOK, SUMMARY_HOOK, TaskConfig};
use crate::shim::{self, NO_NEW_PRIVILEGES};
use crate::summary::SUMMARY_VARIABLE;

/// The longest line that is examined, in bytes. The rest of a longer one is still passed on.
const LONGEST_LINE: usize = 64 * 1024;

/// The running runner program.
#[derive(Debug)]
pub(crate) struct RunnerProgram {
    /// Its process, which leads its own process group.
    pub(crate) pid: Pid,
    stdout: ChildStdout,
    line: Vec<u8>,
    is_open: bool,
}

impl RunnerProgram {
    /// Starts it as the runner's user, with only the environment that it needs.
    pub(crate) fn start(task: &TaskConfig, config: &Config, summary: Option<&Path>) -> io::Result<Self> {
        // This very program, which can be started whatever the runner's user may read.
        let mut command = Command::new("/proc/self/exe");
        command.arg(shim::EXEC);
        if !config.settings.sudo {
            command.arg(NO_NEW_PRIVILEGES);
        }
        command.arg(&task.program).env_clear().envs(environment(task, config, summary));
        if geteuid().is_root() {
            command.gid(task.user.gid).uid(task.user.uid);
        }
        let folder = task.program.parent().map(PathBuf::from).unwrap_or_default();
        command.current_dir(folder).process_group(0).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let stdout = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        ioctl_fionbio(&stdout, true)?;
        // `processes::reap` notices its end, like that of every child.
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::NotFound)?;
        Ok(Self { pid, stdout, line: Vec::new(), is_open: true })
    }

    /// What to poll for more of its output; `None` after the end of it.
    pub(crate) fn readable(&self) -> Option<BorrowedFd<'_>> {
        self.is_open.then(|| self.stdout.as_fd())
    }

    /// Reads all output so far, passes it on, and returns the events in it.
    pub(crate) fn heard(&mut self) -> Vec<Pid1Event> {
        let (mut events, mut bytes) = (Vec::new(), [0; 8192]);
        while self.is_open {
            match self.stdout.read(&mut bytes) {
                Ok(0) => self.is_open = false,
                Ok(length) => {
                    let bytes = bytes.get(..length).unwrap_or_default();
                    let _ = io::stdout().write_all(bytes);
                    events.extend(lines(&mut self.line, bytes));
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => self.is_open = false,
            }
        }
        let _ = io::stdout().flush();
        events
    }
}

/// Adds bytes to the current line, and returns the events of the lines that they complete.
fn lines(line: &mut Vec<u8>, bytes: &[u8]) -> Vec<Pid1Event> {
    let mut events = Vec::new();
    for &byte in bytes {
        if byte == b'\n' {
            events.extend(says(&String::from_utf8_lossy(line)));
            line.clear();
        } else if line.len() < LONGEST_LINE {
            line.push(byte);
        }
    }
    events
}

/// The event that a line of the listener means (actions/runner: `JobDispatcher`, `MessageListener`). A time may
/// precede it.
fn says(line: &str) -> Option<Pid1Event> {
    let line = line.trim();
    let is = |words: &str| line.starts_with(words) || line.contains(&format!("Z: {words}"));
    if is("Running job:") {
        Some(Pid1Event::JobBegun)
    } else if is("Listening for Jobs") {
        Some(Pid1Event::ListenerUp)
    } else {
        None
    }
}

/// The environment of the runner program, which its jobs inherit.
fn environment(task: &TaskConfig, config: &Config, summary: Option<&Path>) -> Vec<(String, String)> {
    let mut environment = task.passed_on.clone();
    environment.extend(wanted_hooks(
        &task.passed_on,
        summary.is_some(),
        Path::new(CACHE_HOOK),
        Path::new(SUMMARY_HOOK),
    ));
    environment.extend(summary.map(|file| (SUMMARY_VARIABLE.to_owned(), file.display().to_string())));
    let mut set = |name: &str, value: &str| environment.push((name.to_owned(), value.to_owned()));
    set("HOME", &task.home.display().to_string());
    set("USER", "runner");
    set("LOGNAME", "runner");
    // No terminal signals a child of PID 1, so run.sh must pass signals on itself.
    set("RUNNER_MANUALLY_TRAP_SIG", "1");
    set("ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE", "1");
    set("ACTIONS_RUNNER_INPUT_JITCONFIG", &config.jit_config);
    if let Some(socket) = &task.docker_socket {
        set("DOCKER_HOST", &format!("unix://{}", socket.display()));
    }
    environment
}

/// The runner's hooks: one if the map has caches, one if the pool has summaries. An image with its own hook keeps
/// that one. An image without Mayfly's hook gets none, because GitHub's runner fails a job whose hook is missing.
fn wanted_hooks(
    passed_on: &[(String, String)],
    has_summary: bool,
    of_caches: &Path,
    of_summary: &Path,
) -> Vec<(String, String)> {
    let has = |name: &str| passed_on.iter().any(|(its, _)| its == name);
    [
        ("ACTIONS_RUNNER_HOOK_JOB_STARTED", has("MAYFLY_CACHES"), of_caches),
        ("ACTIONS_RUNNER_HOOK_JOB_COMPLETED", has_summary, of_summary),
    ]
    .into_iter()
    .filter(|(variable, is_wanted, hook)| *is_wanted && !has(variable) && hook.is_file())
    .map(|(variable, _, hook)| (variable.to_owned(), hook.display().to_string()))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_has_a_hook_if_its_pool_wants_it_and_the_image_contains_it() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let hooks = |names: &[&str], has_summary: bool, [of_caches, of_summary]: [&Path; 2]| -> Vec<String> {
            let set: Vec<_> = names.iter().map(|name| ((*name).to_owned(), "{}".to_owned())).collect();
            wanted_hooks(&set, has_summary, of_caches, of_summary).into_iter().map(|(name, _)| name).collect()
        };
        let (both, none) = ([here.as_path(); 2], Path::new("/no/hook.sh"));
        let (started, completed) = ("ACTIONS_RUNNER_HOOK_JOB_STARTED", "ACTIONS_RUNNER_HOOK_JOB_COMPLETED");
        assert_eq!(hooks(&["PATH", "MAYFLY_CACHES"], true, both), [started, completed]);
        assert_eq!(hooks(&["PATH", "MAYFLY_CACHES"], false, both), [started], "no summaries");
        assert_eq!(hooks(&["PATH"], true, both), [completed], "no caches");
        assert_eq!(
            hooks(&["MAYFLY_CACHES", started], true, both),
            [completed],
            "the image has a hook of its own"
        );
        assert_eq!(
            hooks(&["MAYFLY_CACHES", completed], true, both),
            [started],
            "and here it is the other one"
        );
        assert_eq!(hooks(&["MAYFLY_CACHES"], true, [none, &here]), [completed], "the image lacks one");
        assert_eq!(hooks(&["MAYFLY_CACHES"], true, [&here, none]), [started], "or the other");
    }

    #[test]
    fn a_line_is_understood_however_it_is_cut() {
        let said =
            b"2026-11-24 20:11:02Z: Listening for Jobs\n2026-11-24 20:12:11Z: Running job: build (x64)\n";
        for cut in 0..said.len() {
            let (first, rest) = said.split_at(cut);
            let mut line = Vec::new();
            let mut events = lines(&mut line, first);
            events.extend(lines(&mut line, rest));
            assert_eq!(events, [Pid1Event::ListenerUp, Pid1Event::JobBegun], "cut at {cut}");
        }
    }

    #[test]
    fn other_lines_say_nothing() {
        for line in [
            "",
            "Runner reported: not Running job: yet",
            "2026-11-24 20:12:40Z: Job build completed with result: Succeeded",
            "Connected to GitHub",
        ] {
            assert_eq!(says(line), None, "{line}");
        }
    }
}
