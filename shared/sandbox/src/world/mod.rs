//! Turns the clock: whatever is due happens, and every invocation takes its steps.

mod functions;
mod jobs;
mod tasks;

use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use aws_lambda_events::lambda_function_urls::{LambdaFunctionUrlRequest, LambdaFunctionUrlResponse};
use fleet::{DeliveryId, GithubRunnerId, JobId, TaskArn};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;

use self::functions::End;
pub use self::functions::{ClaimReply, Functions, ReleaseReply};
use crate::Sandbox;
use crate::agenda::Agenda;
use crate::delivery::Delivery;
use crate::executor::Executor;
use crate::journal::Subject;
use crate::process::Process;

/// Launchers that run at once (the template's maximum concurrency).
const LAUNCHERS: usize = 5;

/// Something that is going to happen.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Happening {
    /// GitHub posts a webhook.
    Post(Delivery),
    /// A task comes to its next status.
    TaskMovesOn(TaskArn),
    /// PID 1 claims.
    Claim(TaskArn),
    /// PID 1 asks for its release, if it is idle.
    AskRelease(TaskArn),
    /// PID 1 leaves, if it is still idle.
    Leave(TaskArn),
    /// A runner picks up the job that it was given.
    PickUp(JobId, GithubRunnerId),
    /// An assigned job is looked after.
    PickUpLimit(JobId),
    /// A job's work is done.
    JobEnds(JobId),
}

/// The platform with the functions that run on it.
pub struct World<F> {
    sandbox: Sandbox,
    functions: Rc<F>,
    webhook_secret: SecretString,
    agenda: Agenda<Happening>,
    executor: Executor<End>,
    launchers: usize,
    processes: BTreeMap<TaskArn, Process>,
    registered: BTreeMap<GithubRunnerId, TaskArn>,
    answers: BTreeMap<DeliveryId, LambdaFunctionUrlResponse>,
    posted: u64,
}

impl<F> fmt::Debug for World<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World")
            .field("sandbox", &self.sandbox)
            .field("agenda", &self.agenda)
            .finish_non_exhaustive()
    }
}

impl<F: Functions + 'static> World<F> {
    /// A world of these functions on this platform; GitHub signs with this secret.
    pub fn new(sandbox: Sandbox, functions: F, webhook_secret: SecretString) -> Self {
        Self {
            sandbox,
            functions: Rc::new(functions),
            webhook_secret,
            agenda: Agenda::default(),
            executor: Executor::default(),
            launchers: 0,
            processes: BTreeMap::new(),
            registered: BTreeMap::new(),
            answers: BTreeMap::new(),
            posted: 0,
        }
    }

    /// The platform.
    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// Hands a request to the webhook function.
    pub fn post(&mut self, delivery: DeliveryId, request: LambdaFunctionUrlRequest) {
        let functions = Rc::clone(&self.functions);
        self.executor
            .spawn(Box::pin(async move { End::Webhook(delivery, functions.webhook(request).await) }));
    }

    /// What the webhook function answered to a delivery, last.
    pub fn answer(&self, delivery: &DeliveryId) -> Option<&LambdaFunctionUrlResponse> {
        self.answers.get(delivery)
    }

    /// Lets everything happen that can happen at this moment.
    pub fn drain(&mut self) {
        self.run_until(self.sandbox.manual_clock().now());
    }

    /// Lets time pass until nothing is left to happen, or until so much of it has passed. `true` if
    /// the platform came to rest.
    pub fn run_to_rest(&mut self, longest: SignedDuration) -> bool {
        let now = self.sandbox.manual_clock().now();
        self.run_due(now.checked_add(longest).unwrap_or(Timestamp::MAX));
        self.next_time().is_none() && self.executor.is_empty()
    }

    /// Lets time pass until `end`.
    pub fn run_until(&mut self, end: Timestamp) {
        self.run_due(end);
        self.sandbox.manual_clock().advance_to(end);
    }

    /// Lets everything happen that is due by `end`; the clock stays at the last of it.
    fn run_due(&mut self, end: Timestamp) {
        loop {
            self.pump_queue();
            if self.step_invocation() {
                continue;
            }
            let Some(next) = self.next_time().filter(|&next| next <= end) else { break };
            self.sandbox.manual_clock().advance_to(next);
            if let Some(happening) = self.agenda.take_due(self.sandbox.manual_clock().now()) {
                self.happen(happening);
            }
        }
    }

    /// Lets one invocation take one step. `false` if none can.
    fn step_invocation(&mut self) -> bool {
        let ready = self.executor.ready();
        let place = if ready.len() > 1 { self.sandbox.pick(ready.len()) } else { 0 };
        let Some(&place) = ready.get(place) else { return false };
        let end = self.executor.step(place);
        self.follow_new_tasks();
        if let Some(end) = end {
            self.ended(end);
        }
        true
    }

    /// When the next thing happens, someone wakes or a message comes into sight.
    fn next_time(&self) -> Option<Timestamp> {
        let wake = self.sandbox.manual_clock().next_wake();
        let visible = self.sandbox.queue().borrow().next_visible();
        [self.agenda.next_time(), wake, visible].into_iter().flatten().min()
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Post(delivery) => self.post_delivery(&delivery),
            Happening::TaskMovesOn(task) => self.task_moves_on(&task),
            Happening::Claim(task) => self.claim(task),
            Happening::AskRelease(task) => self.ask_release(task),
            Happening::Leave(task) => self.leave(&task),
            Happening::PickUp(job, runner) => self.pick_up(job, runner),
            Happening::PickUpLimit(job) => self.pick_up_limit(job),
            Happening::JobEnds(job) => self.job_ends(job),
        }
    }

    fn ended(&mut self, end: End) {
        match end {
            End::Webhook(delivery, response) => {
                let (status, body) = (response.status_code, response.body.clone().unwrap_or_default());
                self.sandbox
                    .note(|| Subject::Delivery(delivery.clone()), || format!("answered {status} {body}"));
                self.answers.insert(delivery, response);
            }
            End::Launcher(mut messages, response) => {
                self.launchers -= 1;
                messages
                    .retain(|id| !response.batch_item_failures.iter().any(|it| it.item_identifier == *id));
                self.sandbox.queue().borrow_mut().delete(&messages);
            }
            End::Claim(task, reply) => self.claim_answered(task, reply),
            End::Release(task, reply) => self.release_answered(task, reply),
        }
    }

    /// Puts something down for `after` from now.
    fn later(&mut self, after: std::time::Duration, happening: Happening) {
        let at = self.sandbox.manual_clock().now().checked_add(after).unwrap_or(Timestamp::MAX);
        self.agenda.at(at, happening);
    }
}
