//! The runner program: how it is started, and what its listener says.

use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Command, Stdio};

use fleet::pid1::Pid1Event;
use fleet::question::Config;
use rustix::io::ioctl_fionbio;
use rustix::process::{Pid, geteuid};

use crate::config::{CACHE_HOOK, TaskConfig};
use crate::shim::{self, NO_NEW_PRIVILEGES};

/// Longest line that is looked at, in bytes; the rest of a longer one is passed on all the same.
const LONGEST_LINE: usize = 64 * 1024;

/// The runner program, once it was started.
#[derive(Debug)]
pub(crate) struct RunnerProgram {
    /// Its process, which leads a group of its own.
    pub(crate) pid: Pid,
    stdout: ChildStdout,
    line: Vec<u8>,
    is_open: bool,
}

impl RunnerProgram {
    /// Starts it, as the runner's user, with an environment that holds what it needs and no more.
    pub(crate) fn start(task: &TaskConfig, config: &Config) -> io::Result<Self> {
        // The program itself: it is found whatever the runner's user may read.
        let mut command = Command::new("/proc/self/exe");
        command.arg(shim::EXEC);
        if !config.settings.sudo {
            command.arg(NO_NEW_PRIVILEGES);
        }
        command.arg(&task.program).env_clear().envs(environment(task, config));
        if geteuid().is_root() {
            command.gid(task.user.gid).uid(task.user.uid);
        }
        let folder = task.program.parent().map(PathBuf::from).unwrap_or_default();
        command.current_dir(folder).process_group(0).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let stdout = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        ioctl_fionbio(&stdout, true)?;
        // Its end is taken note of where all children's is.
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::NotFound)?;
        Ok(Self { pid, stdout, line: Vec::new(), is_open: true })
    }

    /// What to wait on for more of its output; `None` after the last of it.
    pub(crate) fn readable(&self) -> Option<BorrowedFd<'_>> {
        self.is_open.then(|| self.stdout.as_fd())
    }

    /// Reads all that it has said until now, passes it on, and gives what follows from it.
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

/// Takes bytes into the present line, and gives what the lines say that were completed by it.
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

/// What a line of the listener says (actions/runner: `JobDispatcher`, `MessageListener`). A time may
/// stand before it.
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
fn environment(task: &TaskConfig, config: &Config) -> Vec<(String, String)> {
    let mut environment = task.passed_on.clone();
    environment.extend(cache_hook(&task.passed_on, Path::new(CACHE_HOOK)));
    let mut set = |name: &str, value: &str| environment.push((name.to_owned(), value.to_owned()));
    set("HOME", &task.home.display().to_string());
    set("USER", "runner");
    set("LOGNAME", "runner");
    // A child of PID 1 is not signalled by a terminal: run.sh has to pass a signal on by itself.
    set("RUNNER_MANUALLY_TRAP_SIG", "1");
    set("ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE", "1");
    set("ACTIONS_RUNNER_INPUT_JITCONFIG", &config.jit_config);
    if let Some(socket) = &task.docker_socket {
        set("DOCKER_HOST", &format!("unix://{}", socket.display()));
    }
    environment
}

/// The runner's hook, where the map has caches. An image with a hook of its own keeps that, and one that lacks
/// Mayfly's gets none: GitHub's runner ends a job whose hook is not there.
fn cache_hook(passed_on: &[(String, String)], hook: &Path) -> Option<(String, String)> {
    const VARIABLE: &str = "ACTIONS_RUNNER_HOOK_JOB_STARTED";
    let has = |name: &str| passed_on.iter().any(|(its, _)| its == name);
    let is_wanted = has("MAYFLY_CACHES") && !has(VARIABLE) && hook.is_file();
    is_wanted.then(|| (VARIABLE.to_owned(), hook.display().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_has_the_hook_where_there_are_caches_and_the_image_brings_it_and_no_other() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let hook = |names: &[&str], hook: &Path| {
            let set: Vec<_> = names.iter().map(|name| ((*name).to_owned(), "{}".to_owned())).collect();
            cache_hook(&set, hook).map(|(name, _)| name)
        };
        let started = "ACTIONS_RUNNER_HOOK_JOB_STARTED";
        assert_eq!(hook(&["PATH", "MAYFLY_CACHES"], &here).as_deref(), Some(started));
        assert_eq!(hook(&["PATH"], &here), None, "no caches");
        assert_eq!(hook(&["MAYFLY_CACHES", started], &here), None, "the image has a hook of its own");
        assert_eq!(hook(&["MAYFLY_CACHES"], Path::new("/no/hook.sh")), None, "the image lacks it");
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
