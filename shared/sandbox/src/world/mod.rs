//! Turns the clock: whatever is due happens, and every invocation takes its steps.

mod claims;
mod deliveries;
mod functions;
mod happening;
mod jobs;
mod knowledge;
mod lies;
mod pid1;
mod pid1_processes;
mod questions;
mod stolen_tickets;
mod stops;
mod tasks;
mod ticks;
mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use aws_lambda_events::lambda_function_urls::{LambdaFunctionUrlRequest, LambdaFunctionUrlResponse};
use fleet::delivery::AttemptId;
use fleet::launch::LAUNCHERS;
use fleet::launch::exit_code::JOB_DONE;
use fleet::pid1::Pid1Event;
use fleet::{DeliveryId, GithubRunnerId, JobId, RunnerId, TaskArn};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;

pub use self::claims::Claim;
use self::functions::End;
pub use self::functions::Functions;
use self::happening::Happening;
use self::knowledge::KnownWrongly;
pub(crate) use self::lies::PLANTED;
pub use self::pid1_processes::Begun;
use self::pid1_processes::Outside;
use self::ticks::Ticks;
pub use self::watch::Hung;
use crate::agenda::Agenda;
use crate::executor::Executor;
use crate::github::Phase;
use crate::journal::Subject;
use crate::process::Process;
use crate::sandbox::FunctionName;
use crate::{Sandbox, Violation};

/// The platform with the functions that run on it.
pub struct World<F> {
    sandbox: Sandbox,
    functions: Rc<F>,
    webhook_secret: SecretString,
    agenda: Agenda<Happening>,
    executor: Executor<FunctionName, End>,
    launchers: usize,
    processes: BTreeMap<TaskArn, Process>,
    registered: BTreeMap<GithubRunnerId, TaskArn>,
    answers: BTreeMap<DeliveryId, LambdaFunctionUrlResponse>,
    sent: BTreeMap<DeliveryId, (JobId, Phase)>,
    stolen: Vec<(RunnerId, i64)>,
    violations: Vec<Violation>,
    hung: Vec<Hung>,
    claims: BTreeMap<TaskArn, Claim>,
    planted: BTreeSet<RunnerId>,
    posted: u64,
    squeezed_in: u64,
    outside: Option<Outside>,
    ticks: Ticks,
    known_wrongly: KnownWrongly,
}

impl<F> fmt::Debug for World<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World")
            .field("sandbox", &self.sandbox)
            .field("agenda", &self.agenda)
            .finish_non_exhaustive()
    }
}

impl<F> AsRef<Sandbox> for World<F> {
    fn as_ref(&self) -> &Sandbox {
        &self.sandbox
    }
}

impl<F: Functions + 'static> World<F> {
    /// A world of these functions on this platform; GitHub signs with this secret.
    pub fn new(sandbox: Sandbox, functions: F, webhook_secret: SecretString) -> Self {
        Self {
            ticks: Ticks::from(sandbox.manual_clock().now()),
            sandbox,
            functions: Rc::new(functions),
            webhook_secret,
            agenda: Agenda::default(),
            executor: Executor::default(),
            launchers: 0,
            processes: BTreeMap::new(),
            registered: BTreeMap::new(),
            answers: BTreeMap::new(),
            sent: BTreeMap::new(),
            stolen: Vec::new(),
            violations: Vec::new(),
            hung: Vec::new(),
            claims: BTreeMap::new(),
            planted: BTreeSet::new(),
            posted: 0,
            squeezed_in: 0,
            outside: None,
            known_wrongly: KnownWrongly::new(),
        }
    }

    /// The platform.
    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// The functions.
    pub fn functions(&self) -> &F {
        &self.functions
    }

    /// Hands a request to the webhook function.
    pub fn post(&mut self, delivery: DeliveryId, request: LambdaFunctionUrlRequest) {
        self.post_attempt(delivery, None, request);
    }

    fn post_attempt(
        &mut self,
        delivery: DeliveryId,
        attempt: Option<AttemptId>,
        request: LambdaFunctionUrlRequest,
    ) {
        let functions = Rc::clone(&self.functions);
        let crashed = End::Webhook(delivery.clone(), attempt, functions::bad_gateway());
        let answered = async move { End::Webhook(delivery, attempt, functions.webhook(request).await) };
        self.invoke(FunctionName::Webhook, answered, crashed);
    }

    /// Runs something that is no function of Mayfly's, beside those that are.
    pub fn spawn(&mut self, act: impl Future<Output = ()> + 'static) {
        let done = async move {
            act.await;
            End::Nothing
        };
        self.executor.spawn(Box::pin(done), None, End::Nothing);
    }

    /// What the webhook function answered to a delivery, last.
    pub fn answer(&self, delivery: &DeliveryId) -> Option<&LambdaFunctionUrlResponse> {
        self.answers.get(delivery)
    }

    /// The jobs of GitHub's webhooks that were answered with this status, each with the phase that the
    /// webhook reported.
    pub fn answered_with(&self, status: i64) -> impl Iterator<Item = (JobId, Phase)> {
        let answered = self.answers.iter().filter(move |(_, answer)| answer.status_code == status);
        answered.filter_map(|(delivery, _)| self.sent.get(delivery)).copied()
    }

    /// Every answer of the webhook function.
    pub fn answers(&self) -> impl Iterator<Item = &LambdaFunctionUrlResponse> {
        self.answers.values()
    }

    /// Lets everything happen that can happen at this moment.
    pub fn drain(&mut self) {
        self.run_until(self.now());
    }

    /// Lets time pass until nothing is left to happen, or until so much of it has passed. `true` if
    /// the platform came to rest.
    pub fn run_to_rest(&mut self, longest: SignedDuration) -> bool {
        let now = self.now();
        self.run_due(now.checked_add(longest).unwrap_or(Timestamp::MAX), true);
        self.is_at_rest()
    }

    /// Whether no message is on the queue and no function runs, except those that come each minute: they have
    /// no input that could be lost.
    pub fn is_quiet(&self) -> bool {
        let is_other = |name| !matches!(name, Some(FunctionName::Scheduler | FunctionName::Reconciler));
        let others = self.executor.names().any(is_other);
        !others && self.sandbox.queue().borrow().is_empty()
    }

    /// Lets time pass until `end`.
    pub fn run_until(&mut self, end: Timestamp) {
        self.run_due(end, false);
        self.sandbox.manual_clock().advance_to(end);
    }

    /// Whether nothing is left to happen, and the scheduler has found nothing more to do.
    fn is_at_rest(&self) -> bool {
        self.next_time().is_none() && self.executor.is_empty() && !self.needs_ticks()
    }

    /// Lets everything happen that is due by `end`, or until the platform is at rest if it is brought
    /// `to_rest`; the clock stays at the last of it.
    fn run_due(&mut self, end: Timestamp, to_rest: bool) {
        loop {
            // Somebody may have called ECS, or GitHub, from outside of every invocation.
            self.follow_tasks();
            self.follow_redeliveries();
            self.pump_queue();
            if self.step_invocation() {
                continue;
            }
            self.drop_stale_limits();
            if to_rest && self.is_at_rest() {
                break;
            }
            let tick = self.next_tick(to_rest);
            let due = [self.next_time(), tick].into_iter().flatten().min();
            let Some(next) = due.filter(|&next| next <= end) else { break };
            self.sandbox.manual_clock().advance_to(next);
            if tick.is_some_and(|tick| tick <= next) {
                self.tick();
            } else if let Some(happening) = self.agenda.take_due(self.now()) {
                self.happen(happening);
            }
        }
    }

    /// Lets one invocation take one step. `false` if none can.
    fn step_invocation(&mut self) -> bool {
        let ready = self.executor.ready();
        let place = if ready.len() > 1 { self.sandbox.pick(ready.len()) } else { 0 };
        let Some(&place) = ready.get(place) else { return false };
        self.sandbox.set_running(self.executor.name(place));
        let ended = self.executor.step(place);
        let crashed = if self.sandbox.take_crashed() { self.executor.crash(place) } else { None };
        self.follow_tasks();
        self.follow_deletions();
        self.follow_late_posts();
        self.follow_redeliveries();
        if let Some(end) = ended.or(crashed) {
            self.ended(end);
        }
        true
    }

    fn invoke(&mut self, name: FunctionName, run: impl Future<Output = End> + 'static, crashed: End) {
        let sandbox = self.sandbox.clone();
        let run = async move { sandbox.within_time(name, run).await };
        self.executor.spawn(Box::pin(run), Some(name), crashed);
    }

    /// When the next thing happens, someone wakes or a message comes into sight.
    fn next_time(&self) -> Option<Timestamp> {
        let wake = self.sandbox.manual_clock().next_wake();
        // Visible messages wait for a launcher that ends; the world need not wake for them.
        let visible = self.sandbox.queue().borrow().next_visible().filter(|_| self.launchers < LAUNCHERS);
        [self.agenda.next_time(), wake, visible].into_iter().flatten().min()
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Post(delivery) => self.post_delivery(&delivery, false),
            Happening::Redeliver(delivery) => self.post_delivery(&delivery, true),
            Happening::TaskMovesOn(task) => self.task_moves_on(&task),
            Happening::Prepared(task, prepared) => self.take(&task, Pid1Event::Prepared(prepared)),
            Happening::ListenerUp(task) => self.listener_up(&task),
            Happening::OutOfPatience(task, number) => self.out_of_patience(&task, number),
            Happening::Reaped(task) => self.reaped(&task),
            Happening::LatePost(post) => self.post_lands(post),
            Happening::Due(task) => self.take(&task, Pid1Event::Due),
            Happening::Interrupted(task) => self.interrupted(&task),
            Happening::EndsWithoutJob(task) => self.ends_without_job(&task),
            Happening::ImageEnds(task) => self.exit(&task, JOB_DONE),
            Happening::Die(task) => self.die(&task),
            Happening::FailsToStart(task, reason) => self.fails_to_start(&task, reason),
            Happening::InstanceGone(instance) => self.instance_gone(&instance),
            Happening::TaskEvent(event) => self.sandbox.put_on_queue(event, Duration::ZERO),
            Happening::PickUp(job, runner) => self.pick_up(job, runner),
            Happening::PickUpLimit(job) => self.pick_up_limit(job),
            Happening::WorkerStarts(task) => self.worker_starts(&task),
            Happening::JobEnds(job) => self.job_ends(job),
            Happening::JobAbandoned(job) => self.end_job(job, "failure"),
            Happening::QueueLimit(job) => self.queue_limit(job),
            Happening::ForgetOffline(runner) => self.sandbox.github().borrow_mut().forget_offline(runner),
        }
    }

    fn ended(&mut self, end: End) {
        match end {
            End::Webhook(delivery, attempt, response) => {
                if let Some(attempt) = attempt {
                    let status = u16::try_from(response.status_code).unwrap_or_default();
                    self.sandbox.github().borrow_mut().end_attempt(attempt, status);
                }
                let (status, body) = (response.status_code, response.body.clone().unwrap_or_default());
                self.sandbox
                    .note(|| Subject::Delivery(delivery.clone()), || format!("answered {status} {body}"));
                self.answers.insert(delivery, response);
            }
            End::Launcher(done) => {
                self.launchers -= 1;
                self.done_with(done);
            }
            End::Nothing => {}
            End::Answered(task, number, listener, response) => {
                self.question_answered(&task, number, listener, &response);
            }
            End::Stolen(runner, status) => self.stolen.push((runner, status)),
            End::Tick(seen) => self.ticked(&seen),
        }
    }

    /// Puts something down for `after` from now.
    fn later(&mut self, after: Duration, happening: Happening) {
        self.agenda.at(self.now().checked_add(after).unwrap_or(Timestamp::MAX), happening);
    }

    fn now(&self) -> Timestamp {
        self.sandbox.manual_clock().now()
    }
}
