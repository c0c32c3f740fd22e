//! A release: whether an idle runner may leave.

use fleet::claim::Release;
use fleet::ledger::{Answer as Told, ReleaseAnswer, RunnerEvent};
use fleet::ports::{Clock, GithubError, Ledger, Random};
use fleet::{BootId, RunnerId};

use crate::answer::{self, Answer};
use crate::{Github, Later, Registrar, Settings};

impl<L: Ledger, C: Clock + Random, G: Github> Registrar<L, C, G> {
    /// One that may leave is Leaving before its registration is deleted. GitHub has the last word: a
    /// runner that has just begun a job stays.
    pub(crate) async fn release(
        &self,
        settings: &Settings,
        id: &RunnerId,
        boot: &BootId,
    ) -> Result<Answer, Later> {
        let (told, runner) = self.post(settings, id, RunnerEvent::Release(boot.clone())).await?;
        match told {
            Told::Release(ReleaseAnswer::Leave) => {}
            Told::Release(ReleaseAnswer::Refused) => return Ok(answer::another_boot(id)),
            Told::Release(ReleaseAnswer::Stay) | Told::Noted | Told::Claim(_) => {
                return Ok(answer::release(id, Release::Stay));
            }
        }
        if let Some(registration) = runner.and_then(|runner| runner.github_id) {
            self.books.spend(1).await?;
            match self.github.delete_runner(registration).await {
                Err(GithubError::Busy) => {
                    self.post(settings, id, RunnerEvent::FoundBusy).await?;
                    return Ok(answer::release(id, Release::Stay));
                }
                answered => self.heard(answered).await?,
            }
        }
        Ok(answer::release(id, Release::Leave))
    }
}
