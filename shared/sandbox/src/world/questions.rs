//! PID 1's questions to the registrar, and the way to the answers.

use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use aws_lambda_events::lambda_function_urls::{LambdaFunctionUrlRequest, LambdaFunctionUrlResponse};
use fleet::ledger::{Runner, RunnerState};
use fleet::pid1::{Answered, PATIENCE, Pid1Event, answers};
use fleet::question::{ASK, Listener, Question};
use fleet::version::Version;
use fleet::{BootId, TaskArn};
use futures_util::future::{Either, select};
use http::header::RETRY_AFTER;
use jiff::Timestamp;
use jiff::civil::Date;

use super::functions::{End, bad_gateway};
use super::{Functions, Happening, Hung, World};
use crate::delays::Span;
use crate::ecs::Task;
use crate::faults::Fault;
use crate::github::registration_of;
use crate::journal::Subject;
use crate::process::Process;
use crate::sandbox::FunctionName;
use crate::{Race, Sandbox};

/// How long Lambda lets a registrar run (`template.yaml`).
const REGISTRAR_LIMIT: Duration = Duration::from_secs(30);

/// How long the init of a registrar takes that starts slowly; it does not count towards its limit.
const INIT: Span = Span(Duration::from_secs(1)..=Duration::from_secs(10));

/// When a task dies that dies while it asks.
const AT_ONCE: Span = Span(Duration::ZERO..=Duration::from_secs(2));

impl<F: Functions + 'static> World<F> {
    /// PID 1 asks, and waits for the answer no longer than its patience.
    pub(super) fn ask(&mut self, arn: &TaskArn, listener: Listener) {
        self.watch_question(arn);
        self.note_question(arn, listener);
        let now = self.now();
        let Some(process) = self.processes.get_mut(arn) else { return };
        process.questions += 1;
        process.heard_at.get_or_insert(now);
        process.in_flight += 1;
        let number = process.questions;
        process.awaited = Some(number);
        let current_on = self.sandbox.runner_current_on();
        let Some(question) = process.question(listener, &process.boot.clone(), now, current_on) else {
            return;
        };
        self.later(PATIENCE, Happening::OutOfPatience(arn.clone(), number));
        if listener == Listener::None && self.sandbox.strikes(Fault::TaskDiesAsking) {
            self.later(self.sandbox.draw(&AT_ONCE), Happening::Die(arn.clone()));
        }
        let answered = move |arn, response| End::Answered(arn, number, listener, response);
        let crashed = answered(arn.clone(), bad_gateway());
        let (functions, arn, sandbox) = (Rc::clone(&self.functions), arn.clone(), self.sandbox.clone());
        let begins = self.sandbox.strikes(Fault::RegistrarStartsSlowly);
        let init = if begins { self.sandbox.draw(&INIT) } else { Duration::ZERO };
        let run = async move {
            sandbox.manual_clock().sleep(init).await;
            answered(arn, within_limit(&*functions, question, &sandbox).await)
        };
        self.invoke(FunctionName::Registrar, run, crashed);
    }

    /// PID 1 has waited for the answer for as long as it does.
    pub(super) fn out_of_patience(&mut self, arn: &TaskArn, number: u64) {
        let Some(process) = self.processes.get_mut(arn) else { return };
        if process.awaited.take_if(|awaited| *awaited == number).is_some() {
            self.sandbox.table().borrow_mut().note_race(Race::OutOfPatience);
            self.take(arn, Pid1Event::Answered(Answered::NoAnswer));
        }
    }

    pub(super) fn question_answered(
        &mut self,
        arn: &TaskArn,
        number: u64,
        listener: Listener,
        response: &LambdaFunctionUrlResponse,
    ) {
        let lost = self.sandbox.strikes(Fault::AnswerLost);
        let now = self.now();
        let Some(process) = self.processes.get_mut(arn) else {
            // It has exited meanwhile. Nobody will use what was registered for it.
            let runner = self.sandbox.ecs().borrow().task(arn).and_then(Task::runner);
            return runner.into_iter().for_each(|runner| self.forget_unanswered(&runner));
        };
        process.in_flight = process.in_flight.saturating_sub(1);
        if process.awaited != Some(number) {
            return;
        }
        if lost && number.is_multiple_of(2) {
            // Not even the connection ends: PID 1 waits for as long as it does.
            return;
        }
        process.awaited = None;
        let (answered, config) = if lost { (Answered::NoAnswer, None) } else { read(response) };
        let registration = config.and_then(|config| registration_of(&config.jit_config));
        if matches!(response.status_code, 200 | 403 | 503) && !lost {
            process.heard_at = Some(now);
        }
        let wait = retry_after(response).filter(|_| !lost).map(Duration::from_secs);
        process.not_before = wait.and_then(|wait| now.checked_add(wait).ok());
        process.registration = registration.or(process.registration);
        let runner = process.runner.clone();
        self.registered.extend(registration.map(|id| (id, arn.clone())));
        match (answered, listener) {
            (Answered::Config, _) => {
                self.sandbox
                    .note(|| Subject::Runner(runner), || "gets its JIT config, and is idle".to_owned());
            }
            (Answered::Leave | Answered::Refused | Answered::Malformed, Listener::None) => {
                self.sandbox.note(|| Subject::Runner(runner), || left(answered).to_owned());
            }
            _ => {}
        }
        self.watch_answer(arn, answered, listener);
        self.note_answer(arn, answered);
        if !self.hangs(arn, answered, listener) {
            self.take(arn, Pid1Event::Answered(answered));
        }
    }

    /// Whether PID 1 hangs from now on, by the state that the answer would bring it to.
    fn hangs(&mut self, arn: &TaskArn, answered: Answered, listener: Listener) -> bool {
        let fault = match (answered, listener) {
            (Answered::Config, _) => Fault::HangsWithConfig,
            // An answer that was lost may have had a JIT config.
            (Answered::Leave, Listener::None) if self.has_no_config(arn) => Fault::HangsUnneeded,
            (Answered::Leave, _) => Fault::HangsReleased,
            (_, Listener::None) if self.has_no_config(arn) => Fault::HangsWithoutConfig,
            (Answered::Wait(_), Listener::Up) => Fault::HangsIdle,
            _ => return false,
        };
        let hangs = self.sandbox.strikes(fault);
        if hangs {
            self.hang(arn);
        }
        hangs
    }

    /// Whether no JIT config was ever answered to a task, as the ledger has it, nor does GitHub say that it
    /// is busy.
    fn has_no_config(&self, arn: &TaskArn) -> bool {
        let Some(process) = self.processes.get(arn) else { return false };
        let has_none = |runner: &Runner| runner.has_no_config() && runner.state != RunnerState::Busy;
        self.sandbox.table().borrow().runner(&process.runner).is_none_or(has_none)
    }

    /// PID 1 of a task does nothing any more.
    pub(super) fn hang(&mut self, arn: &TaskArn) {
        let (since, has_config) = (self.now(), !self.has_no_config(arn));
        if let Some(process) = self.processes.get_mut(arn) {
            process.hangs_since = Some(since);
            self.hung.push(Hung { runner: process.runner.clone(), since, has_config });
        }
    }
}

/// The registrar's answer, or Lambda's where the registrar takes too long.
async fn within_limit(
    functions: &impl Functions,
    question: LambdaFunctionUrlRequest,
    sandbox: &Sandbox,
) -> LambdaFunctionUrlResponse {
    let answer = pin!(functions.registrar(question));
    let limit = pin!(sandbox.manual_clock().sleep(REGISTRAR_LIMIT));
    match select(answer, limit).await {
        Either::Left((answer, _)) => answer,
        Either::Right(((), _)) => bad_gateway(),
    }
}

impl Process {
    /// The question of somebody who has read this process's ticket.
    pub(super) fn stolen_question(&self) -> Option<LambdaFunctionUrlRequest> {
        self.question(Listener::None, &BootId::new("a thief's boot"), self.began, None)
    }

    fn question(
        &self,
        listener: Listener,
        boot: &BootId,
        now: Timestamp,
        runner_current_on: Option<Date>,
    ) -> Option<LambdaFunctionUrlRequest> {
        let (ticket, boot) = (self.ticket.clone(), boot.clone());
        let age = u64::try_from(self.age(now).as_millis()).ok();
        let question = Question { version: Version, ticket, boot, listener, age, runner_current_on };
        let mut request = LambdaFunctionUrlRequest::default();
        request.raw_path = Some(format!("/{ASK}"));
        request.request_context.http.method = Some("POST".to_owned());
        request.body = Some(serde_json::to_string(&question).ok()?);
        Some(request)
    }
}

fn read(response: &LambdaFunctionUrlResponse) -> (Answered, Option<fleet::question::Config>) {
    let status = u16::try_from(response.status_code).unwrap_or_default();
    let body = response.body.as_deref().unwrap_or_default().as_bytes();
    answers::read(status, retry_after(response), body)
}

fn retry_after(response: &LambdaFunctionUrlResponse) -> Option<u64> {
    response.headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()
}

/// Why a runner without a listener leaves.
fn left(answered: Answered) -> &'static str {
    match answered {
        Answered::Leave => "is not needed, and leaves",
        Answered::Refused => "is refused, and leaves",
        _ => "gets an answer that it cannot read, and leaves",
    }
}
