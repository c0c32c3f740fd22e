//! PID 1 of each task: `fleet`'s machine decides, and here are its hands.

use std::time::Duration;

use fleet::TaskArn;
use fleet::launch::exit_code::RELEASED;
use fleet::pid1::{Exit, Pid1Action, Pid1Event, Pid1State};

use super::{Functions, Happening, World};
use crate::Sandbox;
use crate::delays::Span;
use crate::faults::Fault;
use crate::journal::Subject;
use crate::process::{ConnectedListener, Process};

/// When an idle runner fails that is going to.
const SOON: Span = Span::minutes(0, 3);

/// When GitHub removes an idle runner that it is going to remove.
const REAPED: Span = Span::minutes(2, 6);

/// What is so far ahead does not happen: no job of a world lasts for days, and a world is at rest when nothing more is to
/// happen. The end of a job's longest life is held by `fleet`'s own tests.
const NEVER: Duration = Duration::from_hours(4 * 24);

/// How long a runner program takes to cancel its job, once it is asked to end.
const CANCELS: Span = Span(Duration::from_secs(1)..=Duration::from_secs(3));

impl<F: Functions + 'static> World<F> {
    /// PID 1 takes an event, and does what follows. One that has exited takes none, and a time that it no
    /// longer waits for does not count.
    pub(super) fn take(&mut self, arn: &TaskArn, event: Pid1Event) {
        let now = self.now();
        let Some(process) = self.processes.get_mut(arn).filter(|it| it.hangs_since.is_none()) else { return };
        let age = process.age(now);
        if event == Pid1Event::Due && process.machine.deadline().is_none_or(|deadline| age < deadline) {
            return;
        }
        let to_do = decide(process, age, event, &self.sandbox);
        let (state, deadline) = (process.machine.state(), process.machine.deadline());
        if process.due != deadline {
            process.due = deadline;
            let soon = deadline.filter(|&deadline| deadline.saturating_sub(age) < NEVER);
            let at = soon.and_then(|deadline| process.began.checked_add(deadline).ok());
            if let Some(at) = at {
                self.agenda.at(at, Happening::Due(arn.clone()));
            }
        }
        for action in to_do {
            self.act(arn, action);
        }
        if let Pid1State::Over(code) = state {
            self.leave(arn, code);
        }
    }

    /// Does what PID 1 has decided on.
    fn act(&mut self, arn: &TaskArn, action: Pid1Action) {
        match action {
            Pid1Action::Ask(listener) => self.ask(arn, listener),
            Pid1Action::Start => {
                let after = self.sandbox.draw(&self.sandbox.delays().listener);
                self.later(after, Happening::ListenerUp(arn.clone()));
            }
            Pid1Action::Interrupt => {
                let after = self.sandbox.draw(&CANCELS);
                self.later(after, Happening::Interrupted(arn.clone()));
            }
            // Done by the process itself.
            Pid1Action::GiveUpRestore | Pid1Action::Look | Pid1Action::Freeze | Pid1Action::Thaw => {}
        }
    }

    /// The runner program connects to GitHub, which may have a job for it, and says so.
    pub(super) fn listener_up(&mut self, arn: &TaskArn) {
        let Some(registration) = self.processes.get(arn).and_then(|process| process.registration) else {
            return;
        };
        if self.sandbox.strikes(Fault::RunnerOutdated) {
            return self.take(arn, Pid1Event::Exited(Exit::Code(7)));
        }
        if self.sandbox.strikes(Fault::RunnerFails) {
            return self.take(arn, Pid1Event::Exited(Exit::Code(1)));
        }
        if !self.sandbox.github().borrow_mut().connect(registration) {
            // Its registration was deleted: it ends.
            return self.take(arn, Pid1Event::Exited(Exit::Code(1)));
        }
        self.watch_listener(arn, registration);
        let is_silent = self.sandbox.strikes(Fault::ListenerSaysNothing);
        if let Some(process) = self.processes.get_mut(arn) {
            process.has_listened = true;
            process.listener = Some(ConnectedListener { is_silent, ..ConnectedListener::default() });
        }
        self.may_fail_idle(arn);
        if !is_silent {
            self.take(arn, Pid1Event::ListenerUp);
        }
        self.assign_jobs();
    }

    /// Some runners are not going to take a job, though they are idle.
    fn may_fail_idle(&mut self, arn: &TaskArn) {
        if self.sandbox.strikes(Fault::TaskExitsWithoutJob) {
            self.later(self.sandbox.draw(&SOON), Happening::EndsWithoutJob(arn.clone()));
        }
        if self.sandbox.strikes(Fault::RunnerDiesIdle) {
            self.later(self.sandbox.draw(&SOON), Happening::Die(arn.clone()));
        }
        if self.sandbox.strikes(Fault::RunnerReaped) {
            self.later(self.sandbox.draw(&REAPED), Happening::Reaped(arn.clone()));
        }
    }

    /// GitHub removes an idle runner: its listener says that it no longer exists on the server, and ends
    /// with 0.
    pub(super) fn reaped(&mut self, arn: &TaskArn) {
        let Some(registration) = self.processes.get(arn).and_then(|process| process.registration) else {
            return;
        };
        let removed = {
            let mut github = self.sandbox.github().borrow_mut();
            let is_idle = github.runner(registration).is_some_and(|it| it.online && it.job.is_none());
            is_idle && github.remove(registration).is_ok()
        };
        if removed {
            self.program_ends(arn);
        }
    }

    /// The worker process of the picked up job is there, and the listener says so.
    pub(super) fn worker_starts(&mut self, arn: &TaskArn) {
        let listener = self.processes.get_mut(arn).and_then(|process| process.listener.as_mut());
        let Some(listener) = listener.filter(|it| it.job.is_some() && !it.is_frozen) else { return };
        listener.has_worker = true;
        let (job, is_silent) = (listener.job, listener.is_silent);
        if let Some(job) = job {
            let now = self.now();
            self.sandbox.github().borrow_mut().begin_steps(job, now);
        }
        if !is_silent {
            self.take(arn, Pid1Event::JobBegun);
        }
    }

    /// The runner program ends by itself: its job is done, or it has none.
    pub(super) fn program_ends(&mut self, arn: &TaskArn) {
        if let Some(process) = self.processes.get_mut(arn) {
            process.listener = None;
        }
        self.take(arn, Pid1Event::Exited(Exit::Code(0)));
    }

    pub(super) fn ends_without_job(&mut self, arn: &TaskArn) {
        let listener = self.processes.get(arn).and_then(|process| process.listener);
        if listener.is_some_and(|listener| listener.is_idle()) {
            self.program_ends(arn);
        }
    }

    /// The runner program was asked to end: it cancels its job, if it has one.
    pub(super) fn interrupted(&mut self, arn: &TaskArn) {
        if let Some(job) = self.processes.get(arn).and_then(Process::job) {
            self.end_job(job, "cancelled");
        }
        self.program_ends(arn);
    }

    /// PID 1 exits by its own decision.
    fn leave(&mut self, arn: &TaskArn, code: i64) {
        self.watch_leave(arn, code);
        if code == RELEASED
            && let Some(runner) = self.processes.get(arn).map(|process| process.runner.clone())
        {
            self.sandbox.note(|| Subject::Runner(runner), || "told to leave: leaves".to_owned());
        }
        self.exit(arn, code);
    }
}

/// Lets the machine take an event, with what a look and a freeze answer at once, and gives what is left
/// to do.
fn decide(process: &mut Process, age: Duration, event: Pid1Event, sandbox: &Sandbox) -> Vec<Pid1Action> {
    let (mut next, mut to_do) = (Some(event), Vec::new());
    while let Some(event) = next.take() {
        for action in process.machine.step(age, sandbox.fraction(), event) {
            match action {
                Pid1Action::Look => next = Some(process.look()),
                Pid1Action::Freeze if sandbox.strikes(Fault::FreezeFails) => {
                    next = Some(Pid1Event::NotFrozen);
                }
                Pid1Action::Freeze => next = Some(process.freeze()),
                Pid1Action::Thaw => process.thaw(),
                Pid1Action::Start if process.registration.is_none() => next = Some(Pid1Event::NotStarted),
                Pid1Action::GiveUpRestore => {}
                Pid1Action::Ask(_) | Pid1Action::Start | Pid1Action::Interrupt => to_do.push(action),
            }
        }
    }
    to_do
}
