//! The loop around the decisions. It owns the processes, the signals, the clock and the thread that asks.

use std::collections::VecDeque;
use std::io::{self, Read as _};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Instant, SystemTime};

use fleet::BootId;
use fleet::launch::exit_code::FAILED;
use fleet::pid1::{Machine, Pid1Action, Pid1Event, Pid1State};
use fleet::question::Config;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use signal_hook::consts::{SIGCHLD, SIGINT, SIGTERM};
use signal_hook::low_level::pipe;

use crate::asking::{Errand, ErrandThread};
use crate::config::TaskConfig;
use crate::listener::RunnerProgram;
use crate::processes::{self, Frozen};
use crate::random::{self, SeededRandom};
use crate::registrar::RegistrarClient;
use crate::summary::Summary;
use crate::tool_cache::{Markers, Restore};

/// PID 1 and everything it acts on.
struct Loop<'a> {
    task: &'a TaskConfig,
    machine: Machine,
    began: Instant,
    random: SeededRandom,
    asking: ErrandThread,
    results: UnixStream,
    children: UnixStream,
    terminations: UnixStream,
    config: Option<Config>,
    program: Option<RunnerProgram>,
    frozen: Option<Frozen>,
    /// The tool cache's restore while it runs, and the socket that it closes at its end.
    restore: Option<(Restore, UnixStream)>,
    /// The data for the job's summary, if its pool has one.
    summary: Option<Summary>,
    /// The runner program's pool, and what the tool cache contained when the program started.
    started: Option<(String, Markers)>,
}

/// Runs one runner and returns the exit code. It leaves no process behind.
pub(crate) fn run(task: &TaskConfig) -> io::Result<i64> {
    let mut pid1 = Loop::new(task)?;
    pid1.asking.send(Errand::Prepare);
    let code = loop {
        if let Pid1State::Over(code) = pid1.machine.state() {
            break code;
        }
        match catch_unwind(AssertUnwindSafe(|| pid1.turn())) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::error!(%error, "cannot continue");
                break pid1.machine.code_of_failure();
            }
            Err(_) => {
                tracing::error!("cannot continue: PID 1 panicked");
                break pid1.machine.code_of_failure();
            }
        }
    };
    if !processes::kill_all() {
        tracing::error!("a process cannot be killed");
    }
    Ok(code)
}

impl<'a> Loop<'a> {
    #[expect(clippy::disallowed_methods, reason = "PID 1 lives by the real clock")]
    fn new(task: &'a TaskConfig) -> io::Result<Self> {
        let (children, child_ended) = wake()?;
        let (terminations, terminated) = wake()?;
        pipe::register(SIGCHLD, child_ended)?;
        for signal in [SIGTERM, SIGINT] {
            pipe::register(signal, terminated.try_clone()?)?;
        }
        let (results, done) = wake()?;
        let (random, began) = (SeededRandom::new()?, Instant::now());
        let boot = BootId::new(random::id()?);
        let registrar =
            RegistrarClient::new(&task.registrar, task.ticket.clone(), boot, began, task.runner_current_on);
        let restore = match &task.tool_cache_source {
            Some(source) => {
                let (ended, ends) = wake()?;
                Some((Restore::start(source.clone(), task.tool_cache.clone(), ends), ended))
            }
            None => None,
        };
        let machine = if restore.is_some() { Machine::restoring } else { Machine::new };
        Ok(Self {
            task,
            machine: machine(task.timings),
            began,
            random,
            asking: ErrandThread::start(task, registrar, done),
            results,
            children,
            terminations,
            config: None,
            program: None,
            frozen: None,
            restore,
            summary: None,
            started: None,
        })
    }

    /// Waits for the next event, and handles it.
    fn turn(&mut self) -> io::Result<()> {
        self.wait()?;
        // The listener's output comes before any event that may end the listener.
        self.hear();
        if drain(&mut self.children)? {
            self.reap();
        }
        if drain(&mut self.terminations)? {
            tracing::info!("asked to stop");
            self.take(Pid1Event::Terminate);
        }
        // The socket carries no data; it only closes.
        if self.restore.as_mut().is_some_and(|(_, ended)| drain(ended).is_err()) {
            self.restore = None;
            self.take(Pid1Event::Restored);
        }
        drain(&mut self.results)?;
        while let Some((event, config)) = self.asking.result() {
            self.config = config.or(self.config.take());
            self.take(event);
        }
        if self.machine.deadline().is_some_and(|deadline| deadline <= self.began.elapsed()) {
            self.take(Pid1Event::Due);
        }
        Ok(())
    }

    fn wait(&self) -> io::Result<()> {
        let timeout = self.machine.deadline().map(|deadline| {
            let left = deadline.saturating_sub(self.began.elapsed());
            Timespec::try_from(left).unwrap_or(Timespec { tv_sec: 60, tv_nsec: 0 })
        });
        let own = [self.results.as_fd(), self.children.as_fd(), self.terminations.as_fd()];
        let program: Option<BorrowedFd<'_>> = self.program.as_ref().and_then(RunnerProgram::readable);
        let restore = self.restore.as_ref().map(|(_, ended)| ended.as_fd());
        let mut awaited: Vec<PollFd<'_>> = own
            .into_iter()
            .chain(program)
            .chain(restore)
            .map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN))
            .collect();
        match poll(&mut awaited, timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn hear(&mut self) {
        for event in self.program.as_mut().map(RunnerProgram::heard).unwrap_or_default() {
            self.take(event);
        }
    }

    /// Reaps every child that has ended. Before the runner program exists, there are no children that nobody waits for.
    fn reap(&mut self) {
        let Some(program) = self.program.as_ref().map(|it| it.pid) else { return };
        while let Some((pid, exit)) = processes::reap() {
            if pid == program {
                self.hear();
                tracing::info!(?exit, "runner program ended");
                self.take(Pid1Event::Exited(exit));
            }
        }
    }

    /// Handles an event: does what follows from it, and handles the events that result.
    fn take(&mut self, event: Pid1Event) {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            self.note(&event);
            let before = self.machine.state();
            let actions = self.machine.step(self.began.elapsed(), self.random.fraction(), event);
            self.tell(before, self.machine.state());
            for action in actions {
                events.extend(self.act(action));
            }
        }
    }

    /// Records the data for the job's summary.
    #[expect(clippy::disallowed_methods, reason = "the hook of the image reads the real clock")]
    fn note(&mut self, event: &Pid1Event) {
        let (Some(summary), age) = (self.summary.as_mut(), self.began.elapsed()) else { return };
        let noted = match event {
            Pid1Event::ListenerUp => {
                summary.up(age);
                Ok(())
            }
            Pid1Event::JobBegun => summary.begun(age, SystemTime::now()),
            _ => Ok(()),
        };
        if let Err(error) = noted {
            tracing::warn!(%error, "the job's summary has no times");
        }
    }

    fn act(&mut self, action: Pid1Action) -> Vec<Pid1Event> {
        match action {
            Pid1Action::Ask(listener) => self.asking.send(Errand::Ask(listener)),
            Pid1Action::GiveUpRestore => drop(self.restore.take().map(|(restore, _)| restore.give_up())),
            Pid1Action::Start => return self.start(),
            Pid1Action::Look => return vec![Pid1Event::Looked(processes::has_worker())],
            Pid1Action::Freeze => {
                self.frozen = processes::freeze();
                if self.frozen.is_none() {
                    return vec![Pid1Event::NotFrozen];
                }
                let heard = self.program.as_mut().map(RunnerProgram::heard).unwrap_or_default();
                for event in &heard {
                    self.note(event);
                }
                let began = heard.contains(&Pid1Event::JobBegun) || processes::has_worker();
                return vec![Pid1Event::Looked(began)];
            }
            Pid1Action::Thaw => drop(self.frozen.take().map(Frozen::thaw)),
            Pid1Action::Interrupt => {
                let asked = self.program.as_ref().map(|program| processes::terminate(program.pid));
                if let Some(Err(error)) = asked {
                    tracing::warn!(%error, "the runner program cannot be asked to end");
                }
            }
        }
        vec![]
    }

    fn start(&mut self) -> Vec<Pid1Event> {
        let Some(config) = self.config.take() else { return vec![Pid1Event::NotStarted] };
        let before = Markers::of(&self.task.tool_cache);
        self.summary = Summary::new(&config.settings, self.began.elapsed()).unwrap_or_else(|error| {
            tracing::warn!(%error, "the job's summary will have no times");
            None
        });
        match RunnerProgram::start(self.task, &config, self.summary.as_ref().map(Summary::path)) {
            Ok(program) => {
                let runner = &config.settings;
                tracing::info!(pool = %runner.pool, runner = runner.runner_name, sudo = runner.sudo, "runner program started");
                self.program = Some(program);
                self.started = Some((runner.pool.to_string(), before));
                vec![]
            }
            Err(error) => {
                let program = self.task.program.display();
                tracing::error!(%error, %program, "runner program not started");
                vec![Pid1Event::NotStarted]
            }
        }
    }

    /// The log line of a change of state. Looks and freezes have none.
    fn tell(&self, before: Pid1State, after: Pid1State) {
        if before == after {
            return;
        }
        let seconds = self.began.elapsed().as_secs();
        match after {
            Pid1State::Unconfigured(_) if before == Pid1State::Preparing => {
                tracing::info!(seconds, "asks for its JIT config");
            }
            Pid1State::LastLook => tracing::info!(seconds, "leaves, unless a job shows"),
            Pid1State::Working { interrupted: false } if !matches!(before, Pid1State::Working { .. }) => {
                tracing::info!(seconds, "job begun");
            }
            Pid1State::Working { interrupted: true } => {
                tracing::warn!(seconds, "out of time: job interrupted");
            }
            Pid1State::Over(code) if code == FAILED => tracing::error!(code, seconds, "failed"),
            Pid1State::Over(code) => match &self.started {
                Some((pool, had)) if matches!(before, Pid1State::Working { .. }) => {
                    let added = Markers::of(&self.task.tool_cache).added_since(had);
                    tracing::info!(code, seconds, pool, added, "done");
                }
                _ => tracing::info!(code, seconds, "done"),
            },
            _ => {}
        }
    }
}

/// Two ends, one of which wakes the other. Reads never block.
fn wake() -> io::Result<(UnixStream, UnixStream)> {
    let (ours, theirs) = UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    Ok((ours, theirs))
}

/// Whether the other end has woken this one. An error if there is no other end any more.
fn drain(wake: &mut UnixStream) -> io::Result<bool> {
    let (mut any, mut bytes) = (false, [0; 64]);
    loop {
        match wake.read(&mut bytes) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) => any = true,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(any),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
