//! The processes below PID 1: found, frozen, thawed, killed, reaped.

use std::collections::BTreeMap;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

use fleet::pid1::Exit;
use procfs::process::{Process, all_processes};
use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process, wait};

/// GitHub's worker: the process that runs a job.
const WORKER: &str = "Runner.Worker";

/// How long to wait for processes to stand still or to disappear.
const PATIENCE: Duration = Duration::from_secs(5);

/// Time between two looks.
const EVERY: Duration = Duration::from_micros(500);

/// A process below this one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Below {
    pid: Pid,
    name: String,
    state: char,
}

impl Below {
    fn is_dead(&self) -> bool {
        matches!(self.state, 'Z' | 'X')
    }
}

/// Whether a worker process exists.
pub(crate) fn has_worker() -> bool {
    below().iter().any(|process| process.name == WORKER && !process.is_dead())
}

/// Every process below this one, parents before their children. Orphans are children of this one.
fn below() -> Vec<Below> {
    let mut children: BTreeMap<i32, Vec<Below>> = BTreeMap::new();
    let stats = all_processes().into_iter().flatten().filter_map(|process| process.ok()?.stat().ok());
    for stat in stats {
        if let Some(pid) = Pid::from_raw(stat.pid) {
            let process = Below { pid, name: stat.comm, state: stat.state };
            children.entry(stat.ppid).or_default().push(process);
        }
    }
    let mut found = children.remove(&getpid().as_raw_nonzero().get()).unwrap_or_default();
    let mut next = 0;
    while let Some(process) = found.get(next) {
        found.extend(children.remove(&process.pid.as_raw_nonzero().get()).unwrap_or_default());
        next += 1;
    }
    found
}

/// Stopped processes, in the order in which they were stopped.
#[derive(Debug, Default)]
pub(crate) struct Frozen(Vec<Pid>);

/// Stops every process, each before its children: a running shell with job control would notice a stopped child and
/// leave it stopped. Processes that start meanwhile are stopped too. If one cannot be stopped, all continue and the
/// result is `None`.
pub(crate) fn freeze() -> Option<Frozen> {
    let mut frozen = Frozen::default();
    let until = Deadline::after(PATIENCE);
    loop {
        let next = below().into_iter().find(|process| !process.is_dead() && !frozen.0.contains(&process.pid));
        let Some(next) = next else { return Some(frozen) };
        // One that has disappeared meanwhile stands still as well.
        let _ = kill_process(next.pid, Signal::STOP);
        frozen.0.push(next.pid);
        while !stands_still(next.pid) {
            if until.is_past() {
                frozen.thaw();
                return None;
            }
            thread::sleep(EVERY);
        }
    }
}

/// Whether a process can do nothing now: stopped, dead, or gone.
fn stands_still(pid: Pid) -> bool {
    let stat = Process::new(pid.as_raw_nonzero().get()).and_then(|process| process.stat());
    stat.map_or(true, |stat| matches!(stat.state, 'T' | 't' | 'Z' | 'X'))
}

impl Frozen {
    /// Lets them continue, children before their parents.
    pub(crate) fn thaw(self) {
        for pid in self.0.into_iter().rev() {
            let _ = kill_process(pid, Signal::CONT);
        }
    }
}

/// Kills and reaps every process. `false` if some are left, because they cannot be killed.
pub(crate) fn kill_all() -> bool {
    let until = Deadline::after(PATIENCE);
    loop {
        while reap().is_some() {}
        let processes = below();
        if processes.is_empty() {
            return true;
        }
        if until.is_past() {
            return false;
        }
        for process in processes.iter().filter(|process| !process.is_dead()) {
            let _ = kill_process(process.pid, Signal::KILL);
        }
        thread::sleep(EVERY);
    }
}

/// Asks one process to end.
pub(crate) fn terminate(pid: Pid) -> io::Result<()> {
    Ok(kill_process(pid, Signal::TERM)?)
}

/// Reaps one child that has ended, own or adopted. `None` if none has.
pub(crate) fn reap() -> Option<(Pid, Exit)> {
    let (pid, status) = wait(WaitOptions::NOHANG).ok()??;
    let exit = match status.terminating_signal() {
        Some(signal) => Exit::Signal(signal),
        None => Exit::Code(status.exit_status().unwrap_or_default()),
    };
    Some((pid, exit))
}

struct Deadline(Instant);

impl Deadline {
    #[expect(clippy::disallowed_methods, reason = "a real wait for real processes")]
    fn after(wait: Duration) -> Self {
        Self(Instant::now() + wait)
    }

    #[expect(clippy::disallowed_methods, reason = "a real wait for real processes")]
    fn is_past(&self) -> bool {
        Instant::now() >= self.0
    }
}
