//! The `registrar` function: answers the questions of a task's PID 1.
//!
//! There is one question, from a task's first boot to its end: what am I to do? The answer is a JIT
//! config, if the runner is needed, or to wait, or to leave. The question shows the ticket that is in the
//! task's environment, and the boot id that PID 1 made: the first one binds the two, so that a ticket is
//! of no use to who reads it later.

mod answer;
mod ask;
pub mod metrics;
mod question;
mod register;
mod settings;

use aws_lambda_events::lambda_function_urls::{LambdaFunctionUrlRequest, LambdaFunctionUrlResponse};
use control::{Bookkeeper, BudgetError, PostError, Posted};
use fleet::ledger::{Event, LedgerAnswer, RunnerEvent};
use fleet::ports::{
    Clock, DeleteRunner, FindRunner, FindRunnerGroup, GenerateJitConfig, GithubError, Ledger, LedgerError,
    Random,
};
use fleet::ticket::Ticket;
use jiff::{SignedDuration, Timestamp};

use crate::answer::AnswerToPid1;
use crate::ask::{QuestionContext, waits_for_config};
pub use crate::settings::{RegistrarParameters, RegistrarSettings};

/// How long after its beginning an answer may still begin a call. The function is ended after 30 seconds
/// (`template.yaml`), and by then every call has come to its end.
pub const CALLING_TIME: SignedDuration = SignedDuration::from_secs(20);

/// GitHub, with all that the registrar does there.
pub trait RegistrarGithub: FindRunnerGroup + GenerateJitConfig + FindRunner + DeleteRunner {}

impl<T: FindRunnerGroup + GenerateJitConfig + FindRunner + DeleteRunner> RegistrarGithub for T {}

/// The function with what it keeps from one request to the next.
#[derive(Debug)]
pub struct Registrar<L, C, G> {
    /// The ledger, with the clock and the random bits that its transactions need.
    pub books: Bookkeeper<L, C>,
    /// GitHub, where the runners are registered.
    pub github: G,
}

/// Why a question has no answer yet, and is to be asked again.
#[derive(Debug, thiserror::Error)]
enum Later {
    /// The ledger did not take an event.
    #[error(transparent)]
    Post(#[from] PostError),
    /// The ledger did not answer.
    #[error("the ledger is out of reach: {0}")]
    Ledger(#[from] LedgerError),
    /// GitHub must not be called now.
    #[error(transparent)]
    Budget(#[from] BudgetError),
    /// GitHub did not do it.
    #[error(transparent)]
    Github(#[from] GithubError),
    /// The settings are older than the runner, or the pool has just been taken out of the map: once the
    /// scheduler has closed its book, its runners leave.
    #[error("the pool {0} is not known")]
    Pool(fleet::PoolName),
    /// There is no time for another call.
    #[error("no time for another call")]
    OutOfTime,
}

/// The answer to a question whose ticket cannot be verified now.
pub fn not_ready(problem: &dyn std::error::Error) -> LambdaFunctionUrlResponse {
    answer::not_ready(problem).into_response()
}

/// The ledger's answer to the one event of a posting.
fn told(posted: &Posted) -> LedgerAnswer {
    posted.answers.first().copied().unwrap_or(LedgerAnswer::Noted)
}

impl<L: Ledger, C: Clock + Random, G: RegistrarGithub> Registrar<L, C, G> {
    /// Answers one request of the Function URL, with the settings of this moment. It never fails:
    /// whatever is wrong is a status and a sentence.
    pub async fn handle(
        &self,
        settings: &RegistrarSettings,
        request: &LambdaFunctionUrlRequest,
    ) -> LambdaFunctionUrlResponse {
        self.answer(settings, request).await.unwrap_or_else(|refusal| refusal).into_response()
    }

    /// Nothing is read or written before the ticket has proved itself.
    async fn answer(
        &self,
        settings: &RegistrarSettings,
        request: &LambdaFunctionUrlRequest,
    ) -> Result<AnswerToPid1, AnswerToPid1> {
        let began = self.books.system.now();
        let question = question::read(request)?;
        let runner =
            Ticket::verify(&question.ticket, &settings.ticket_keys).ok_or_else(answer::forged_ticket)?;
        let until = began.checked_add(CALLING_TIME).unwrap_or(Timestamp::MAX);
        let asked = QuestionContext { settings, runner: &runner, until };
        let answered = self.ask(&asked, &question).await;
        answered.map_err(|unanswered| {
            answer::later(&unanswered, &runner, waits_for_config(&question), self.books.system.now())
        })
    }

    /// Tells the ledger what happens to a runner; what came of it is what a later event goes on with.
    async fn post(&self, asked: &QuestionContext<'_>, event: RunnerEvent) -> Result<Posted, Later> {
        self.in_time(asked)?;
        let event = Event::Runner(asked.runner.clone(), event);
        Ok(self.books.post(&asked.settings.pools, &[event]).await?)
    }

    /// Tells the ledger what happens to a runner after what it was told before.
    async fn post_after(
        &self,
        asked: &QuestionContext<'_>,
        earlier: Posted,
        event: RunnerEvent,
    ) -> Result<LedgerAnswer, Later> {
        self.in_time(asked)?;
        let event = Event::Runner(asked.runner.clone(), event);
        Ok(told(&self.books.post_after(&asked.settings.pools, earlier, event).await?))
    }

    /// Takes calls to GitHub out of the minute's budget.
    async fn spend(&self, asked: &QuestionContext<'_>, calls: u32) -> Result<(), Later> {
        self.in_time(asked)?;
        self.books.spend(asked.settings.pools.limits(), calls).await?;
        self.in_time(asked)
    }

    /// Whether there is time for another call.
    fn in_time(&self, asked: &QuestionContext<'_>) -> Result<(), Later> {
        if self.books.system.now() > asked.until { Err(Later::OutOfTime) } else { Ok(()) }
    }

    /// What GitHub answered. A wait that it asks for is written down for all.
    async fn heard<T>(&self, answered: Result<T, GithubError>) -> Result<T, Later> {
        if let Err(GithubError::Wait(length)) = &answered {
            self.books.remember_wait(*length).await;
        }
        Ok(answered?)
    }
}
