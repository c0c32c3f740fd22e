//! The ports of `fleet`, implemented by the sandbox.
//!
//! Each call waits once before its effect and once after it: between two of these steps somebody
//! else may run, or the caller may crash.

use std::task::Poll;
use std::time::Duration;

use fleet::TaskArn;
use fleet::launch::{FailureClass, LaunchFailure, RunTaskRequest, of_exception, of_failure_reason};
use fleet::ledger::{Item, JobMessage, Key, Put};
use fleet::ports::{Clock, Ledger, LedgerError, QueueError, Random, RunTask, SendMessage};
use jiff::Timestamp;

use crate::Sandbox;
use crate::ecs::RunTaskError;
use crate::faults::Fault;
use crate::journal::Subject;
use crate::sandbox::FunctionName::{Launcher, Webhook};

impl Clock for Sandbox {
    fn now(&self) -> Timestamp {
        self.manual_clock().now()
    }

    async fn sleep(&self, length: Duration) {
        self.manual_clock().sleep(length).await;
    }
}

impl Random for Sandbox {
    fn bits(&self) -> u128 {
        self.random_bits()
    }
}

impl Ledger for Sandbox {
    async fn read(&self, keys: &[Key]) -> Result<Vec<Item>, LedgerError> {
        self.step().await;
        if self.strikes(Fault::LedgerReadFails) {
            return Err(unavailable());
        }
        let items = self.table().borrow().read(keys);
        self.step().await;
        Ok(items)
    }

    async fn commit(&self, puts: &[Put]) -> Result<(), LedgerError> {
        self.step().await;
        self.may_crash(Launcher, Fault::LauncherCrashesBeforeCommit).await;
        let written = self.table().borrow_mut().commit(puts);
        self.step().await;
        self.may_crash(Launcher, Fault::LauncherCrashesAfterCommit).await;
        if written.is_ok() && self.strikes(Fault::CommitAnswerLost) { Err(unavailable()) } else { written }
    }
}

impl SendMessage for Sandbox {
    async fn send_message(&self, message: &JobMessage) -> Result<(), QueueError> {
        let body = serde_json::to_string(message).map_err(|error| QueueError(error.to_string()))?;
        self.step().await;
        self.may_crash(Webhook, Fault::WebhookCrashesBeforeSend).await;
        if self.is_queue_down() || self.strikes(Fault::SendFails) {
            return Err(QueueError("the queue is down".to_owned()));
        }
        self.queue().borrow_mut().send(body, self.now());
        self.step().await;
        self.may_crash(Webhook, Fault::WebhookCrashesAfterSend).await;
        if self.strikes(Fault::SendAnswerLost) { Err(QueueError("time-out".to_owned())) } else { Ok(()) }
    }
}

impl RunTask for Sandbox {
    async fn run_task(&self, request: &RunTaskRequest) -> Result<TaskArn, LaunchFailure> {
        self.step().await;
        self.may_crash(Launcher, Fault::LauncherCrashesBeforeRunTask).await;
        let answer = match self.refusal() {
            Some(refusal) => Err(refusal),
            None => self.ecs().borrow_mut().run_task(request, self.now()),
        };
        if let Ok(task) = &answer {
            self.note_launch(task);
        }
        self.step().await;
        self.may_crash(Launcher, Fault::LauncherCrashesAfterRunTask).await;
        let task = answer.map_err(|error| match error {
            RunTaskError::Failure(reason) => LaunchFailure { class: of_failure_reason(&reason), reason },
            RunTaskError::Exception(code, message) => {
                LaunchFailure { class: of_exception(&code, &message), reason: format!("{code}: {message}") }
            }
        })?;
        if self.strikes(Fault::RunTaskAnswerLost) {
            return Err(LaunchFailure { class: FailureClass::Later, reason: "time-out".to_owned() });
        }
        Ok(task)
    }
}

impl Sandbox {
    /// Lets others run first, and a little time pass where calls take any.
    async fn step(&self) {
        if let Some(span) = &self.delays().call {
            return self.sleep(self.draw(span)).await;
        }
        let mut waited = false;
        std::future::poll_fn(|context| {
            if waited {
                return Poll::Ready(());
            }
            waited = true;
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    /// How RunTask refuses by a fault, if one strikes.
    fn refusal(&self) -> Option<RunTaskError> {
        let exception =
            |code: &str, message: &str| RunTaskError::Exception(code.to_owned(), message.to_owned());
        if self.strikes(Fault::RunTaskThrottled) {
            Some(exception("ThrottlingException", "Rate exceeded"))
        } else if self.strikes(Fault::RunTaskAgentFails) {
            Some(RunTaskError::Failure("AGENT".to_owned()))
        } else if self.strikes(Fault::RunTaskNoCapacity) {
            Some(RunTaskError::Failure("Capacity is unavailable at this time.".to_owned()))
        } else if self.strikes(Fault::RunTaskRefused) {
            Some(exception("AccessDeniedException", "not authorized to perform: ecs:RunTask"))
        } else {
            None
        }
    }

    fn note_launch(&self, arn: &TaskArn) {
        let ecs = self.ecs().borrow();
        let Some((task, runner)) = ecs.task(arn).and_then(|task| Some((task, task.runner()?))) else {
            return;
        };
        if task.started_at == self.now() {
            let (definition, provider) = (&task.request.task_definition, task.capacity_provider());
            let text = || format!("launched: {definition}, {} on {provider}", task.architecture);
            self.note(|| Subject::Runner(runner), text);
        }
    }
}

fn unavailable() -> LedgerError {
    LedgerError::Unavailable("time-out".to_owned())
}
