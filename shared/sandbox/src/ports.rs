//! The ports of `fleet`, implemented by the sandbox.
//!
//! Each call waits once before its effect and once after it: between two of these steps somebody
//! else may run, or the caller may be ended.

use std::task::Poll;
use std::time::Duration;

use fleet::TaskArn;
use fleet::launch::{LaunchFailure, RunTaskRequest, of_exception, of_failure_reason};
use fleet::ledger::{Item, JobMessage, Key, Put};
use fleet::ports::{Clock, Ledger, LedgerError, QueueError, Random, RunTask, SendMessage};
use jiff::Timestamp;

use crate::Sandbox;
use crate::ecs::RunTaskError;
use crate::journal::Subject;

/// Lets others run first.
async fn step() {
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

/// Does something, with a step before and one after it.
async fn between_steps<T>(effect: impl FnOnce() -> T) -> T {
    step().await;
    let done = effect();
    step().await;
    done
}

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
        between_steps(|| Ok(self.table().borrow().read(keys))).await
    }

    async fn commit(&self, puts: &[Put]) -> Result<(), LedgerError> {
        between_steps(|| self.table().borrow_mut().commit(puts)).await
    }
}

impl SendMessage for Sandbox {
    async fn send_message(&self, message: &JobMessage) -> Result<(), QueueError> {
        let body = serde_json::to_string(message).map_err(|error| QueueError(error.to_string()))?;
        between_steps(|| {
            if self.is_queue_down() {
                return Err(QueueError("the queue is down".to_owned()));
            }
            self.queue().borrow_mut().send(body, self.now());
            Ok(())
        })
        .await
    }
}

impl RunTask for Sandbox {
    async fn run_task(&self, request: &RunTaskRequest) -> Result<TaskArn, LaunchFailure> {
        let answer = between_steps(|| {
            let answer = self.ecs().borrow_mut().run_task(request, self.now());
            if let Ok(task) = &answer {
                self.launched(task);
            }
            answer
        });
        answer.await.map_err(|error| match error {
            RunTaskError::Failure(reason) => LaunchFailure { class: of_failure_reason(&reason), reason },
            RunTaskError::Exception(code, message) => {
                LaunchFailure { class: of_exception(&code, &message), reason: format!("{code}: {message}") }
            }
        })
    }
}

impl Sandbox {
    fn launched(&self, arn: &TaskArn) {
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
