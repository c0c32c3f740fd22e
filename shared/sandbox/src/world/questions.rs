//! PID 1's questions to the registrar, and the way to the answers.

use std::rc::Rc;
use std::time::Duration;

use aws_lambda_events::lambda_function_urls::{LambdaFunctionUrlRequest, LambdaFunctionUrlResponse};
use fleet::claim::{CLAIM, Question, RELEASE};
use fleet::pid1::{ClaimOutcome, Event, answers};
use fleet::{BootId, GithubRunnerId, TaskArn};
use http::header::RETRY_AFTER;

use super::functions::{End, bad_gateway};
use super::{Functions, World};
use crate::ecs::Task;
use crate::faults::Fault;
use crate::github::registration_of;
use crate::journal::Subject;
use crate::process::Process;
use crate::sandbox::FunctionName;

impl<F: Functions + 'static> World<F> {
    pub(super) fn claim(&mut self, arn: &TaskArn) {
        self.watch_claim(arn);
        let question = self.processes.get(arn).and_then(Process::claim);
        self.ask(arn, question, End::Claim);
    }

    pub(super) fn release(&mut self, arn: &TaskArn) {
        let question = self.processes.get(arn).and_then(Process::release);
        self.ask(arn, question, End::Release);
    }

    fn ask(
        &mut self,
        arn: &TaskArn,
        question: Option<LambdaFunctionUrlRequest>,
        answered: fn(TaskArn, LambdaFunctionUrlResponse) -> End,
    ) {
        let Some(question) = question else { return };
        let (functions, arn) = (Rc::clone(&self.functions), arn.clone());
        let crashed = answered(arn.clone(), bad_gateway());
        let run = async move { answered(arn, functions.registrar(question).await) };
        self.invoke(FunctionName::Registrar, run, crashed);
    }

    pub(super) fn claim_answered(&mut self, arn: &TaskArn, response: &LambdaFunctionUrlResponse) {
        let lost = self.sandbox.strikes(Fault::ClaimAnswerLost);
        let now = self.now();
        let Some(process) = self.processes.get_mut(arn) else {
            // It has exited meanwhile. Nobody will use what was registered for it.
            let runner = self.sandbox.ecs().borrow().task(arn).and_then(Task::runner);
            return runner.into_iter().for_each(|runner| self.forget_unanswered(&runner));
        };
        let (outcome, registration) =
            if lost { (ClaimOutcome::NoAnswer, None) } else { claim_outcome(response) };
        let wait = retry_after(response).filter(|_| !lost).map(Duration::from_secs);
        process.not_before = wait.and_then(|wait| now.checked_add(wait).ok());
        process.registration = registration;
        let runner = process.runner.clone();
        self.registered.extend(registration.map(|id| (id, arn.clone())));
        match outcome {
            ClaimOutcome::Granted => {
                self.sandbox.note(|| Subject::Runner(runner), || "claimed its JIT config: idle".to_owned());
            }
            ClaimOutcome::NotNeeded | ClaimOutcome::Refused | ClaimOutcome::Malformed => {
                let text = || format!("claim answered {outcome:?}: leaves");
                self.sandbox.note(|| Subject::Runner(runner), text);
            }
            ClaimOutcome::Later(_) | ClaimOutcome::NoAnswer => {}
        }
        self.take(arn, Event::Claimed(outcome));
    }

    pub(super) fn release_answered(&mut self, arn: &TaskArn, response: &LambdaFunctionUrlResponse) {
        let lost = self.sandbox.strikes(Fault::ReleaseAnswerLost);
        let answer = if lost { None } else { answers::of_release(status(response), body(response)) };
        self.take(arn, Event::Released(answer));
    }
}

impl Process {
    fn claim(&self) -> Option<LambdaFunctionUrlRequest> {
        self.question(CLAIM, &self.boot)
    }

    fn release(&self) -> Option<LambdaFunctionUrlRequest> {
        self.question(RELEASE, &self.boot)
    }

    /// The claim of somebody who has read this process's ticket.
    pub(super) fn stolen_claim(&self) -> Option<LambdaFunctionUrlRequest> {
        self.question(CLAIM, &BootId::new("a thief's boot"))
    }

    fn question(&self, path: &str, boot: &BootId) -> Option<LambdaFunctionUrlRequest> {
        let question = Question { ticket: self.ticket.clone(), boot: boot.clone() };
        let mut request = LambdaFunctionUrlRequest::default();
        request.raw_path = Some(format!("/{path}"));
        request.request_context.http.method = Some("POST".to_owned());
        request.body = Some(serde_json::to_string(&question).ok()?);
        Some(request)
    }
}

/// What an answer says of a claim. A JIT config is a registration here.
fn claim_outcome(response: &LambdaFunctionUrlResponse) -> (ClaimOutcome, Option<GithubRunnerId>) {
    let (outcome, granted) = answers::of_claim(status(response), retry_after(response), body(response));
    (outcome, granted.and_then(|granted| registration_of(&granted.jit_config)))
}

fn status(response: &LambdaFunctionUrlResponse) -> u16 {
    u16::try_from(response.status_code).unwrap_or_default()
}

fn body(response: &LambdaFunctionUrlResponse) -> &[u8] {
    response.body.as_deref().unwrap_or_default().as_bytes()
}

fn retry_after(response: &LambdaFunctionUrlResponse) -> Option<u64> {
    response.headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()
}
