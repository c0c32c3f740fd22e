//! PID 1 of each task: `fleet`'s machine decides, and here are its hands.

use std::time::Duration;

use fleet::TaskArn;
use fleet::launch::exit_code::RELEASED;
use fleet::pid1::{Action, Event, Exit, State};

use super::{Functions, Happening, World};
use crate::faults::Fault;
use crate::journal::Subject;
use crate::process::{Listener, Process};
use crate::sandbox::Span;

/// When an idle runner fails that is going to.
const SOON: Span = Span::minutes(0, 3);

/// How long a runner program takes to cancel its job, once it is asked to end.
const CANCELS: Span = Span(Duration::from_secs(1)..=Duration::from_secs(3));

impl<F: Functions + 'static> World<F> {
    /// PID 1 takes an event, and does what follows. One that has exited takes none.
    pub(super) fn take(&mut self, arn: &TaskArn, event: Event) {
        let now = self.now();
        let Some(process) = self.processes.get_mut(arn).filter(|process| !process.has_exited) else { return };
        let actions = process.machine.step(process.age(now), self.sandbox.fraction(), event);
        for action in actions {
            if let Some(answer) = self.act(arn, action) {
                self.take(arn, answer);
            }
        }
        self.follow_machine(arn);
    }

    /// What PID 1 has decided on is put down: its end, or when it is to be asked again.
    fn follow_machine(&mut self, arn: &TaskArn) {
        let Some(process) = self.processes.get_mut(arn).filter(|process| !process.has_exited) else { return };
        let (state, deadline) = (process.machine.state(), process.machine.deadline());
        if let State::Over(code) = state {
            return self.leave(arn, code);
        }
        if deadline != process.due {
            process.due = deadline;
            let at = deadline.and_then(|deadline| process.began.checked_add(deadline).ok());
            if let Some(at) = at {
                self.agenda.at(at, Happening::Due(arn.clone()));
            }
        }
    }

    /// A time has come that PID 1 once waited for.
    pub(super) fn due(&mut self, arn: &TaskArn) {
        let now = self.now();
        let waits_for_it = |process: &Process| {
            process.machine.deadline().is_some_and(|deadline| deadline <= process.age(now))
        };
        if self.processes.get(arn).is_some_and(waits_for_it) {
            self.take(arn, Event::Due);
        }
    }

    /// Does what PID 1 has decided on. A look and a freeze are answered at once.
    fn act(&mut self, arn: &TaskArn, action: Action) -> Option<Event> {
        match action {
            Action::Claim => self.claim(arn),
            Action::Release => self.release(arn),
            Action::Start if self.processes.get(arn)?.registration.is_none() => {
                return Some(Event::NotStarted);
            }
            Action::Start => {
                let after = self.sandbox.draw(&self.sandbox.delays().listener);
                self.later(after, Happening::ListenerUp(arn.clone()));
            }
            Action::Freeze if self.sandbox.strikes(Fault::FreezeFails) => return Some(Event::NotFrozen),
            Action::Freeze | Action::Look => {
                let listener = self.processes.get_mut(arn)?.listener.as_mut();
                let has_worker = listener.is_some_and(|listener| {
                    listener.is_frozen |= action == Action::Freeze;
                    listener.has_worker
                });
                return Some(Event::Looked(has_worker));
            }
            Action::Thaw => self.processes.get_mut(arn)?.listener.as_mut()?.is_frozen = false,
            Action::Interrupt => {
                let after = self.sandbox.draw(&CANCELS);
                self.later(after, Happening::Interrupted(arn.clone()));
            }
        }
        None
    }

    /// The runner program connects to GitHub, which may have a job for it, and says so.
    pub(super) fn listener_up(&mut self, arn: &TaskArn) {
        let process = self.processes.get(arn).filter(|process| !process.has_exited);
        let Some(registration) = process.and_then(|process| process.registration) else { return };
        if !self.sandbox.github().borrow_mut().connect(registration) {
            // Its registration was deleted: it ends.
            return self.take(arn, Event::Exited(Exit::Code(1)));
        }
        let is_silent = self.sandbox.strikes(Fault::ListenerSaysNothing);
        if let Some(process) = self.processes.get_mut(arn) {
            process.listener = Some(Listener { is_silent, ..Listener::default() });
        }
        self.may_fail_idle(arn);
        if !is_silent {
            self.take(arn, Event::ListenerUp);
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
    }

    /// The worker process of the picked up job is there, and the listener says so.
    pub(super) fn worker_starts(&mut self, arn: &TaskArn) {
        let listener = self.processes.get_mut(arn).and_then(|process| process.listener.as_mut());
        let Some(listener) = listener.filter(|it| it.job.is_some() && !it.is_frozen) else { return };
        listener.has_worker = true;
        if !listener.is_silent {
            self.take(arn, Event::JobBegun);
        }
    }

    /// The runner program ends by itself: its job is done, or it has none.
    pub(super) fn program_ends(&mut self, arn: &TaskArn) {
        if let Some(process) = self.processes.get_mut(arn) {
            process.listener = None;
        }
        self.take(arn, Event::Exited(Exit::Code(0)));
    }

    pub(super) fn ends_without_job(&mut self, arn: &TaskArn) {
        let listener = self.processes.get(arn).and_then(|process| process.listener);
        if listener.is_some_and(|listener| listener.is_idle()) {
            self.program_ends(arn);
        }
    }

    /// The runner program was asked to end: it cancels its job, if it has one.
    pub(super) fn interrupted(&mut self, arn: &TaskArn) {
        let Some(process) = self.processes.get(arn).filter(|process| !process.has_exited) else { return };
        if let Some(job) = process.job() {
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
            self.sandbox.note(|| Subject::Runner(runner), || "released: leaves".to_owned());
        }
        self.exit(arn, code);
    }
}
