//! A registration at GitHub, with its JIT config.

use ::metrics::counter;
use fleet::ledger::RunnerEvent;
use fleet::ports::{Clock, GithubError, JitConfig, JitRunner, Ledger, Random};
use fleet::{GithubRunnerId, Pool};
use tracing::{error, warn};

use crate::ask::QuestionContext;
use crate::metrics::{REGISTRATIONS_REPLACED, REGISTRATIONS_TAKEN};
use crate::{Later, Registrar, RegistrarGithub};

/// Calls that a registration in the place of an earlier one takes: delete, and register once more.
const REPLACING: u32 = 2;

/// What came of registering a runner.
pub(crate) enum Made {
    /// This is its JIT config.
    Config(JitConfig),
    /// Its name is taken by a registration that runs a job, though no runner received its JIT config.
    FoundBusy,
}

impl<L: Ledger, C: Clock + Random, G: RegistrarGithub> Registrar<L, C, G> {
    /// A registration. A name that is taken is the registration of an answer that nobody got, because who
    /// asks has no listener and never had one: it is found by its name and deleted, and another one is
    /// made in its place.
    pub(crate) async fn register(
        &self,
        asked: &QuestionContext<'_>,
        pool: &Pool,
        name: &str,
    ) -> Result<Made, Later> {
        self.spend(asked, 1).await?;
        let group = self.heard(self.github.find_runner_group(&pool.runner_group).await).await?;
        let wanted = JitRunner { name: name.to_owned(), group, labels: pool.labels.clone() };
        self.in_time(asked)?;
        match self.github.generate_jit_config(&wanted).await {
            Err(GithubError::Conflict) => {}
            answered => return self.heard(answered).await.map(Made::Config),
        }
        self.spend(asked, REPLACING).await?;
        if let Some(earlier) = self.heard(self.github.find_runner(name).await).await? {
            if self.delete(asked, earlier).await? {
                error!(runner = %asked.runner, "a registration runs a job whose JIT config nobody was answered");
                counter!(REGISTRATIONS_TAKEN.name).increment(1);
                return Ok(Made::FoundBusy);
            }
            warn!(runner = %asked.runner, "registration of a lost answer deleted");
            counter!(REGISTRATIONS_REPLACED.name).increment(1);
        }
        self.in_time(asked)?;
        self.heard(self.github.generate_jit_config(&wanted).await).await.map(Made::Config)
    }

    /// Deletes a registration, out of calls that were taken from the budget. `true` if it has begun a job,
    /// which is written down.
    pub(crate) async fn delete(
        &self,
        asked: &QuestionContext<'_>,
        registration: GithubRunnerId,
    ) -> Result<bool, Later> {
        self.in_time(asked)?;
        match self.github.delete_runner(registration).await {
            Err(GithubError::Busy) => {
                self.post(asked, RunnerEvent::FoundBusy).await?;
                Ok(true)
            }
            answered => self.heard(answered).await.map(|()| false),
        }
    }

    /// Deletes a registration that no runner will use. What is not deleted here, the next question of its
    /// boot finds by its name, or the repair of registrations without a runner deletes.
    pub(crate) async fn forget(&self, asked: &QuestionContext<'_>, registration: GithubRunnerId) {
        if self.in_time(asked).is_err() {
            return;
        }
        if let Err(error) = self.heard(self.github.delete_runner(registration).await).await {
            warn!(runner = %asked.runner, %error, "registration of a runner that left is not deleted");
        }
    }
}
