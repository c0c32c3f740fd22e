//! The one question: what is a runner to do?
//!
//! The ledger decides first, GitHub comes second, its id of the registration is stored third, the JIT
//! config is answered last. A crash after any of these leaves the runner where the next question of the
//! same boot goes on.

use control::Posted;
use fleet::cost::TaskPrice;
use fleet::ledger::{AskAnswer, LedgerAnswer, Runner, RunnerEvent};
use fleet::ports::{Clock, Ledger, Random};
use fleet::question::{Config, JobSummary, LONGEST_WAIT_SECONDS, Listener, Question, RunnerSettings};
use fleet::{PoolMap, RunnerId};
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp, Unit};
use metrics::histogram;
use secrecy::ExposeSecret as _;
use tracing::warn;

use crate::answer::{self, AnswerToPid1};
use crate::metrics::RUNNER_VERSION_DAYS;
use crate::register::Made;
use crate::{Later, Registrar, RegistrarGithub, RegistrarSettings, told};

/// What a question that is being answered has to do with.
pub(crate) struct QuestionContext<'a> {
    pub(crate) settings: &'a RegistrarSettings,
    pub(crate) runner: &'a RunnerId,
    /// When the last call of its own may begin: the function is ended soon after.
    pub(crate) until: Timestamp,
}

/// A question without an answer yet, and what the ledger knows of its runner by then.
pub(crate) struct Unanswered {
    pub(crate) later: Later,
    pub(crate) runner: Option<Runner>,
}

impl<L: Ledger, C: Clock + Random, G: RegistrarGithub> Registrar<L, C, G> {
    /// Answers a question whose ticket is good.
    pub(crate) async fn ask(
        &self,
        asked: &QuestionContext<'_>,
        question: &Question,
    ) -> Result<AnswerToPid1, Unanswered> {
        let event = RunnerEvent::Asked(question.boot.digest(), question.listener, age(question));
        let posted = self.post(asked, event).await.map_err(|later| Unanswered { later, runner: None })?;
        let runner = posted.runners.get(asked.runner).cloned();
        let answered = self.follow(asked, question, posted, runner.as_ref()).await;
        answered.map_err(|later| Unanswered { later, runner })
    }

    /// Does what the ledger has decided.
    async fn follow(
        &self,
        asked: &QuestionContext<'_>,
        question: &Question,
        posted: Posted,
        runner: Option<&Runner>,
    ) -> Result<AnswerToPid1, Later> {
        match (told(&posted), runner) {
            (LedgerAnswer::Ask(AskAnswer::Config), Some(runner)) => {
                self.config(asked, question, posted, runner).await
            }
            (LedgerAnswer::Ask(AskAnswer::Leave), Some(runner)) => self.leave(asked, question, runner).await,
            (LedgerAnswer::Ask(AskAnswer::Contested), Some(runner)) => {
                // The alarm does not wait for GitHub. What is not deleted now, its own boot's next
                // question deletes.
                let answer = answer::contested(asked.runner);
                if let Err(later) = self.delete_registration(asked, runner).await {
                    warn!(runner = %asked.runner, problem = %later, "registration is not deleted yet");
                }
                Ok(answer)
            }
            (LedgerAnswer::Ask(AskAnswer::Replayed), _) => Ok(answer::replayed(asked.runner)),
            (LedgerAnswer::Ask(AskAnswer::Wait), _) => Ok(answer::wait(LONGEST_WAIT_SECONDS)),
            _ => Ok(answer::unknown(asked.runner)),
        }
    }

    /// Its JIT config, of a registration whose id is in the ledger before it is answered.
    async fn config(
        &self,
        asked: &QuestionContext<'_>,
        question: &Question,
        posted: Posted,
        runner: &Runner,
    ) -> Result<AnswerToPid1, Later> {
        let pools = &asked.settings.pools;
        let pool = pools.get(&runner.pool).ok_or_else(|| Later::Pool(runner.pool.clone()))?;
        let name = asked.runner.github_name(&pool.name);
        let config = match self.register(asked, pool, &name).await? {
            Made::Config(config) => config,
            Made::FoundBusy => return Ok(answer::wait(LONGEST_WAIT_SECONDS)),
        };
        let registered = RunnerEvent::Registered(question.boot.digest(), config.runner);
        let told = self.post_after(asked, posted, registered).await?;
        if told != LedgerAnswer::Ask(AskAnswer::Config) {
            // It is busy, or was told to leave, or was fenced, meanwhile.
            self.forget(asked, config.runner).await;
            return Ok(match told {
                LedgerAnswer::Ask(AskAnswer::Wait) => answer::wait(LONGEST_WAIT_SECONDS),
                _ => answer::leave(asked.runner, question.listener),
            });
        }
        if let Some(days) = version_days(question, self.books.system.now()) {
            histogram!(RUNNER_VERSION_DAYS.name).record(days);
        }
        let summary = pool.job_summary.then(|| self.summary(pools, runner));
        let settings =
            RunnerSettings { pool: pool.name.clone(), runner_name: name, sudo: pool.sudo, summary };
        let jit_config = config.encoded.expose_secret().to_owned();
        Ok(answer::config(asked.runner, Config { jit_config, settings }))
    }

    /// What is known here of the table in its job's summary.
    fn summary(&self, pools: &PoolMap, runner: &Runner) -> JobSummary {
        let reserved_for = self.books.system.now().duration_since(runner.reserved_at).as_millis();
        JobSummary {
            capacity: runner.capacity.clone(),
            reserved_for: u64::try_from(reserved_for).unwrap_or(0),
            price: pools.get(&runner.capacity).and_then(TaskPrice::of),
        }
    }

    /// It is Leaving before its registration is deleted. GitHub has the last word: a runner that has just
    /// begun a job stays.
    async fn leave(
        &self,
        asked: &QuestionContext<'_>,
        question: &Question,
        runner: &Runner,
    ) -> Result<AnswerToPid1, Later> {
        if self.delete_registration(asked, runner).await? {
            return Ok(answer::wait(LONGEST_WAIT_SECONDS));
        }
        Ok(answer::leave(asked.runner, question.listener))
    }

    /// Deletes a runner's registration, if it has one. `true` if it has begun a job, which is written
    /// down.
    async fn delete_registration(&self, asked: &QuestionContext<'_>, runner: &Runner) -> Result<bool, Later> {
        let Some(registration) = runner.github_id else { return Ok(false) };
        self.spend(asked, 1).await?;
        self.delete(asked, registration).await
    }
}

/// How long PID 1 has been there. What is longer than a task can live is no age.
fn age(question: &Question) -> Option<SignedDuration> {
    const LONGEST: u64 = 14 * 24 * 60 * 60 * 1000;
    let age = question.age.filter(|age| *age <= LONGEST)?;
    i64::try_from(age).ok().map(SignedDuration::from_millis)
}

/// Days since its runner program was known to be GitHub's newest, if its image says when that was. A day of the future is
/// today: the clock of who built the image may be ahead.
fn version_days(question: &Question, now: Timestamp) -> Option<f64> {
    let today = Offset::UTC.to_datetime(now).date();
    let days = today.since((Unit::Day, question.runner_current_on?)).ok()?.get_days();
    Some(f64::from(days.max(0)))
}

/// Whether a question is of a runner that waits for its JIT config.
pub(crate) fn waits_for_config(question: &Question) -> bool {
    question.listener == Listener::None
}
