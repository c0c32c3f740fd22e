//! Jobs at GitHub: assigned, picked up, done, each with its webhook.

use std::time::Duration;

use fleet::{DeliveryId, GithubRunnerId, JobId, Repository, TaskArn};
use github::WorkflowJobPayload;
use serde_json::{Value, json};

use super::{Functions, Happening, World};
use crate::Race;
use crate::delays::Span;
use crate::delivery::Delivery;
use crate::faults::Fault;
use crate::github::{
    JobPlan, LatePost, PICK_UP_LIMIT, Phase as JobPhase, QUEUE_LIMIT, WorkflowJob, workflow_job,
};
use crate::journal::Subject;
use crate::process::ConnectedListener;

/// Jobs that come just as their runner is deleted have ids from here on.
const SQUEEZED_IN: u64 = 5_000_000;

/// How long such a job works.
const WORK: Duration = Duration::from_mins(3);

/// How late a late webhook is.
const LATE_WEBHOOK: Span = Span::minutes(0, 6 * 60);

/// When a call lands whose caller is gone.
const LATE_POST: Span = Span(Duration::from_secs(1)..=Duration::from_mins(2));

impl<F: Functions + 'static> World<F> {
    /// Queues a job at GitHub, which posts its webhook.
    pub fn queue_job(&mut self, id: JobId, plan: JobPlan) {
        self.learn_job(id, plan);
        self.send_webhook(id);
    }

    /// GitHub knows a queued job from now on, whose webhook somebody else delivers.
    pub fn learn_job(&mut self, id: JobId, plan: JobPlan) {
        let now = self.now();
        let asks = plan.labels.clone();
        if self.sandbox.github().borrow_mut().add_job(id, plan, now) {
            self.sandbox.note(|| Subject::Job(id), || format!("queued, asks for {asks}"));
            self.later(QUEUE_LIMIT.unsigned_abs(), Happening::QueueLimit(id));
            self.assign_jobs();
        }
    }

    /// GitHub takes note of a delivery that somebody else makes: its job moves as the payload says.
    pub fn follow_delivery(&mut self, payload: &WorkflowJobPayload) {
        let now = self.now();
        let id = payload.job;
        let moved = match &payload.action {
            github::WorkflowJobAction::InProgress => {
                self.sandbox.github().borrow_mut().taken_elsewhere(id, now);
                let runner = payload.runner.as_ref().map_or("another system", |runner| &runner.name);
                format!("in progress on {runner}")
            }
            github::WorkflowJobAction::Completed => {
                self.sandbox.github().borrow_mut().complete_job(id, "reported", now);
                "completed".to_owned()
            }
            github::WorkflowJobAction::Queued
            | github::WorkflowJobAction::Waiting
            | github::WorkflowJobAction::Other(_) => return,
        };
        self.sandbox.note(|| Subject::Job(id), || moved);
    }

    /// Ends a job that waits, as somebody does who cancels its run.
    pub fn cancel_job(&mut self, id: JobId) {
        let now = self.now();
        if self.sandbox.github().borrow_mut().complete_job(id, "cancelled", now) {
            self.sandbox.note(|| Subject::Job(id), || "cancelled".to_owned());
            if self.sandbox.strikes(Fault::JobForgotten) {
                self.sandbox.github().borrow_mut().forget_job(id);
            } else if self.sandbox.strikes(Fault::JobLeftQueued) {
                self.sandbox.github().borrow_mut().leave_queued(id);
            } else {
                self.send_webhook(id);
            }
            self.assign_jobs();
        }
    }

    /// Puts a job behind an approval gate: GitHub tells that it is queued, and then, in one of two ways,
    /// that it waits. It asks for no runner yet.
    pub fn gate_job(&mut self, id: JobId, plan: JobPlan) {
        let now = self.now();
        if self.sandbox.github().borrow_mut().add_gated_job(id, plan, now) {
            self.sandbox.note(|| Subject::Job(id), || "waits for an approval".to_owned());
            self.send_webhook_of(id, Some(JobPhase::Queued));
            self.send_webhook(id);
        }
    }

    /// Approves a gated job: it is queued from now on.
    pub fn approve_job(&mut self, id: JobId) {
        let now = self.now();
        if self.sandbox.github().borrow_mut().approve_job(id, now) {
            self.sandbox.note(|| Subject::Job(id), || "approved and queued".to_owned());
            self.later(QUEUE_LIMIT.unsigned_abs(), Happening::QueueLimit(id));
            self.send_webhook(id);
            self.assign_jobs();
        }
    }

    /// Nobody took the job in a day.
    pub(super) fn queue_limit(&mut self, id: JobId) {
        let waits = self.sandbox.github().borrow().job(id).is_some_and(|job| job.phase == JobPhase::Queued);
        if waits {
            self.cancel_job(id);
        }
    }

    /// Posts the webhook of a job's present phase once more, as somebody does who redelivers it.
    pub fn redeliver(&mut self, id: JobId) {
        self.send_webhook(id);
    }

    pub(super) fn assign_jobs(&mut self) {
        let now = self.now();
        let assigned = self.sandbox.github().borrow_mut().assign(now, |count| self.sandbox.pick(count));
        for (job, runner) in assigned {
            self.given(job, runner);
        }
    }

    /// A listener gets a job from GitHub.
    fn given(&mut self, job: JobId, runner: GithubRunnerId) {
        let process = self.registered.get(&runner).and_then(|arn| self.processes.get_mut(arn));
        if let Some(listener) = process.and_then(|process| process.listener.as_mut()) {
            listener.given = Some(job);
        }
        let after = self.sandbox.draw(&self.sandbox.delays().pick_up);
        self.later(after, Happening::PickUp(job, runner));
        self.later(PICK_UP_LIMIT.unsigned_abs(), Happening::PickUpLimit(job));
    }

    /// A runner is given a job in the very moment in which GitHub deletes its registration. Its listener
    /// already has the job, and runs it.
    pub(super) fn follow_deletions(&mut self) {
        let deleted = self.sandbox.github().borrow_mut().take_removed_with_a_job();
        for runner in deleted {
            self.squeezed_in += 1;
            let (id, now, registration) = (JobId(SQUEEZED_IN + self.squeezed_in), self.now(), runner.id);
            let plan = JobPlan {
                repository: Repository::new("octo-org/just-in-time"),
                labels: runner.labels.clone(),
                work: WORK,
            };
            self.sandbox.note(|| Subject::Job(id), || format!("queued, asks for {}", runner.labels));
            self.sandbox.github().borrow_mut().add_given_job(id, plan, registration, now);
            self.later(QUEUE_LIMIT.unsigned_abs(), Happening::QueueLimit(id));
            self.send_webhook(id);
            self.given(id, registration);
        }
    }

    /// The listener takes the job, if it is still there.
    pub(super) fn pick_up(&mut self, job: JobId, runner: GithubRunnerId) {
        let Some(arn) = self.process_of(Some(runner)) else { return };
        let listener = self.processes.get(&arn).and_then(|process| process.listener);
        if !listener.is_some_and(|listener| listener.is_idle()) {
            return;
        }
        let now = self.now();
        if !self.sandbox.github().borrow_mut().start_job(job, runner, now) {
            return;
        }
        if let Some(process) = self.processes.get_mut(&arn) {
            process.listener =
                process.listener.map(|listener| ConnectedListener { job: Some(job), ..listener });
            let id = process.runner.clone();
            self.sandbox.note(|| Subject::Runner(id.clone()), || format!("busy with job {job}"));
            self.sandbox.note(|| Subject::Job(job), || format!("in progress on runner {id}"));
        }
        let work = self.sandbox.github().borrow().job(job).map(|job| job.plan.work).unwrap_or_default();
        if self.sandbox.strikes(Fault::RunnerDiesAtWork) {
            self.later(work / 2, Happening::Die(arn.clone()));
        }
        if !self.is_outside() {
            let worker = self.sandbox.draw(&self.sandbox.delays().worker);
            self.later(worker, Happening::WorkerStarts(arn));
            self.later(worker + work, Happening::JobEnds(job));
        }
        self.send_webhook(job);
    }

    /// A job that nobody picked up is queued again, without another webhook.
    pub(super) fn pick_up_limit(&mut self, job: JobId) {
        let now = self.now();
        if self.sandbox.github().borrow_mut().requeue_if_not_picked_up(job, now) {
            self.sandbox.note(|| Subject::Job(job), || "not picked up in time, queued again".to_owned());
            self.assign_jobs();
        }
    }

    /// A job's work ends, if its runner is still at it, and so does the runner's part.
    pub fn job_ends(&mut self, job: JobId) {
        let worker = self.sandbox.github().borrow().job(job).and_then(|job| Some(job.runner.as_ref()?.0));
        let Some(arn) = self.process_of(worker) else { return };
        let listener = self.processes.get(&arn).and_then(|process| process.listener);
        let Some(listener) = listener.filter(|it| it.job == Some(job) && !it.is_frozen) else { return };
        if !listener.has_worker {
            self.worker_starts(&arn);
        }
        self.end_job(job, "success");
        self.program_ends(&arn);
    }

    /// GitHub ends a job.
    pub(super) fn end_job(&mut self, job: JobId, conclusion: &'static str) {
        let now = self.now();
        if self.sandbox.github().borrow_mut().complete_job(job, conclusion, now) {
            self.sandbox.note(|| Subject::Job(job), || format!("completed: {conclusion}"));
            self.send_webhook(job);
        }
    }

    /// GitHub posts the webhook of a job's present phase, a little later.
    fn send_webhook(&mut self, job: JobId) {
        self.send_webhook_of(job, None);
    }

    /// The same of another phase than its present one.
    fn send_webhook_of(&mut self, job: JobId, phase: Option<JobPhase>) {
        let told = {
            let github = self.sandbox.github().borrow();
            let job = github.job(job).cloned();
            job.map(|job| WorkflowJob { phase: phase.unwrap_or(job.phase), ..job })
        };
        let Some(told) = told else { return };
        let is_public = self.sandbox.github().borrow().is_public(&told.plan.repository);
        let (mut payload, mut phase) = (workflow_job(&told, is_public), told.phase);
        let is_of_a_run = matches!(phase, JobPhase::InProgress | JobPhase::Completed { .. });
        if is_of_a_run && told.runner.is_some() && self.sandbox.strikes(Fault::WebhookNameless) {
            take_name(&mut payload, self.posted);
            if phase == JobPhase::InProgress {
                phase = JobPhase::Queued;
            }
        }
        self.posted += 1;
        let id = DeliveryId::new(format!("00000000-0000-0000-0000-{:012}", self.posted));
        self.sent.insert(id.clone(), (job, phase));
        let delivery =
            Delivery { id, event: github::workflow_job::EVENT.to_owned(), body: payload.to_string() };
        let lost = if is_of_a_run { Fault::WebhookOfRunDropped } else { Fault::WebhookDropped };
        if !self.sandbox.github().borrow().sends_webhooks() || self.sandbox.strikes(lost) {
            return;
        }
        let times = if self.sandbox.strikes(Fault::WebhookDoubled) { 2 } else { 1 };
        for _ in 0..times {
            let late = self.sandbox.strikes(Fault::WebhookDelayed);
            let span = if late { &LATE_WEBHOOK } else { &self.sandbox.delays().webhook };
            self.later(self.sandbox.draw(span), Happening::Post(delivery.clone()));
        }
    }

    /// Calls whose caller is gone land some time later.
    pub(super) fn follow_late_posts(&mut self) {
        let posts = self.sandbox.github().borrow_mut().take_late_posts();
        for post in posts {
            self.later(self.sandbox.draw(&LATE_POST), Happening::LatePost(post));
        }
    }

    /// One lands. Nobody connects with it, so GitHub forgets it in time.
    pub(super) fn post_lands(&mut self, post: LatePost) {
        let made = self.sandbox.github().borrow_mut().land(post);
        let race = if made.is_some() { Race::LatePostLands } else { Race::LatePostMeetsItsName };
        self.sandbox.table().borrow_mut().note_race(race);
        if let Some(registration) = made {
            self.forget_later(registration);
        }
    }

    /// The task whose PID 1 has this registration.
    fn process_of(&self, runner: Option<GithubRunnerId>) -> Option<TaskArn> {
        self.registered.get(&runner?).cloned()
    }
}

/// Takes the runner out of a payload, or one half of it: the id alone, or the name.
fn take_name(payload: &mut Value, which: u64) {
    let job = &mut payload["workflow_job"];
    match which % 3 {
        0 => (job["runner_id"], job["runner_name"]) = (Value::Null, Value::Null),
        1 => job["runner_id"] = json!(0),
        _ => job["runner_name"] = json!(""),
    }
}
