//! A claim: a registration and its JIT config, for a runner that is needed.

use ::metrics::counter;
use fleet::claim::{Granted, RunnerSettings};
use fleet::ledger::{Answer as Told, ClaimAnswer, RunnerEvent};
use fleet::ports::{Clock, GithubError, JitConfig, JitRunner, Ledger, Random};
use fleet::{BootId, GithubRunnerId, Pool, RunnerId};
use secrecy::ExposeSecret as _;
use tracing::warn;

use crate::answer::{self, Answer};
use crate::metrics::REGISTRATIONS_REPLACED;
use crate::{Github, Later, Registrar, Settings};

/// Calls that a registration in the place of an earlier one takes: delete, and register once more.
const REPLACING: u32 = 2;

impl<L: Ledger, C: Clock + Random, G: Github> Registrar<L, C, G> {
    /// Binds the runner to its boot and asks whether it is needed, in one write; registers it at
    /// GitHub; writes GitHub's id down; answers. A crash after any of these leaves the runner where the
    /// same boot's next claim goes on.
    pub(crate) async fn claim(
        &self,
        settings: &Settings,
        id: &RunnerId,
        boot: &BootId,
    ) -> Result<Answer, Later> {
        let (told, runner) = self.post(settings, id, RunnerEvent::Claim(boot.clone())).await?;
        match told {
            Told::Claim(ClaimAnswer::Proceed) => {}
            told @ Told::Claim(ClaimAnswer::NotNeeded) => {
                // One that registered before, and lost the answer.
                if let Some(registration) = runner.and_then(|runner| runner.github_id) {
                    self.forget(id, registration).await;
                }
                return Ok(not_granted(id, told));
            }
            told => return Ok(not_granted(id, told)),
        }
        let Some(runner) = runner else { return Ok(answer::gone(id)) };
        let pool = settings.pools.get(&runner.pool).ok_or_else(|| Later::Pool(runner.pool.clone()))?;
        let name = id.github_name(&pool.name);
        let config = self.register(id, pool, &name).await?;
        let registered = RunnerEvent::Registered(boot.clone(), config.runner);
        match self.post(settings, id, registered).await?.0 {
            Told::Claim(ClaimAnswer::Proceed) => {}
            told => {
                // It left meanwhile.
                self.forget(id, config.runner).await;
                return Ok(not_granted(id, told));
            }
        }
        let runner_settings = RunnerSettings { pool: pool.name.clone(), runner_name: name, sudo: pool.sudo };
        let jit_config = config.encoded.expose_secret().to_owned();
        Ok(answer::granted(id, &Granted { jit_config, settings: runner_settings }))
    }

    /// Deletes a registration that nobody will use. What is not deleted here, the repair of
    /// registrations without a runner deletes.
    async fn forget(&self, id: &RunnerId, registration: GithubRunnerId) {
        if let Err(error) = self.heard(self.github.delete_runner(registration).await).await {
            warn!(runner = %id, %error, "registration of a runner that left is not deleted");
        }
    }

    /// A registration. A name that is taken is an earlier claim's of the same boot, whose answer was
    /// lost: that registration is found by its name and deleted, and another one made in its place.
    async fn register(&self, id: &RunnerId, pool: &Pool, name: &str) -> Result<JitConfig, Later> {
        self.books.spend(1).await?;
        let group = self.heard(self.github.find_runner_group(&pool.runner_group).await).await?;
        let wanted = JitRunner { name: name.to_owned(), group, labels: pool.labels.clone() };
        match self.github.generate_jit_config(&wanted).await {
            Err(GithubError::Conflict) => {}
            answered => return self.heard(answered).await,
        }
        self.books.spend(REPLACING).await?;
        if let Some(earlier) = self.heard(self.github.find_runner(name).await).await? {
            self.heard(self.github.delete_runner(earlier).await).await?;
            warn!(runner = %id, "registration of a lost answer deleted");
            counter!(REGISTRATIONS_REPLACED.name).increment(1);
        }
        self.heard(self.github.generate_jit_config(&wanted).await).await
    }
}

fn not_granted(id: &RunnerId, told: Told) -> Answer {
    match told {
        Told::Claim(ClaimAnswer::NotNeeded) => answer::not_needed(id),
        Told::Claim(ClaimAnswer::Refused) => answer::another_boot(id),
        Told::Claim(ClaimAnswer::Gone | ClaimAnswer::Proceed) | Told::Noted | Told::Release(_) => {
            answer::gone(id)
        }
    }
}
