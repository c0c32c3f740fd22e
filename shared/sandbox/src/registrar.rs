//! Claims and releases: what a task's PID 1 asks, decided by the ledger's own transitions.
//!
//! It serves the sandbox's tasks where no registrar function is given to the world.

use fleet::ledger::{Answer, Bookkeeper, ClaimAnswer, Event, Item, Key, ReleaseAnswer, Runner, RunnerEvent};
use fleet::ports::{Clock, Ledger, Random};
use fleet::ticket::Ticket;
use fleet::{BootId, GithubRunnerId, PoolMap, RunnerId};
use secrecy::SecretString;

use crate::Sandbox;
use crate::github::RemoveError;
use crate::world::{ClaimReply, ReleaseReply};

/// The registrar of the sandbox: any ledger, and the sandbox's GitHub.
#[derive(Debug)]
pub struct Registrar<L, C, R> {
    /// The ledger, with the clock and the random bits that its transactions need.
    pub books: Bookkeeper<L, C, R>,
    /// Whose GitHub registers the runners.
    pub sandbox: Sandbox,
    /// The map of pools.
    pub pools: PoolMap,
    /// The ticket keys that are valid now.
    pub ticket_keys: Vec<SecretString>,
}

impl<L: Ledger, C: Clock, R: Random> Registrar<L, C, R> {
    /// Answers a claim: a registration for a runner that is needed.
    pub async fn claim(&self, ticket: &str, boot: &BootId) -> ClaimReply {
        let Some(id) = Ticket::verify(ticket, &self.ticket_keys) else { return ClaimReply::Refused };
        match self.claimed(&id, RunnerEvent::Claim(boot.clone())).await {
            Some(ClaimAnswer::Proceed) => {}
            other => return reply(other),
        }
        let Some(github_id) = self.register(&id).await else { return ClaimReply::Later };
        match self.claimed(&id, RunnerEvent::Registered(boot.clone(), github_id)).await {
            Some(ClaimAnswer::Proceed) => ClaimReply::JitConfig(github_id),
            other => {
                // It left meanwhile: nobody will use the registration.
                let _ = self.sandbox.github().borrow_mut().remove(github_id);
                reply(other)
            }
        }
    }

    /// Answers a release: whether an idle runner is to leave.
    pub async fn release(&self, ticket: &str, boot: &BootId) -> ReleaseReply {
        let Some(id) = Ticket::verify(ticket, &self.ticket_keys) else { return ReleaseReply::Leave };
        let event = [Event::Runner(id.clone(), RunnerEvent::Release(boot.clone()))];
        let Ok(posted) = self.books.post(&self.pools, &event).await else { return ReleaseReply::Stay };
        if posted.answers != [Answer::Release(ReleaseAnswer::Leave)] {
            return ReleaseReply::Stay;
        }
        let registration = self.runner(&id).await.and_then(|runner| runner.github_id);
        let removed = registration.map(|github_id| self.sandbox.github().borrow_mut().remove(github_id));
        if removed == Some(Err(RemoveError::Busy)) {
            let busy = [Event::Runner(id, RunnerEvent::FoundBusy)];
            let _ = self.books.post(&self.pools, &busy).await;
            return ReleaseReply::Stay;
        }
        ReleaseReply::Leave
    }

    async fn claimed(&self, id: &RunnerId, event: RunnerEvent) -> Option<ClaimAnswer> {
        let posted = self.books.post(&self.pools, &[Event::Runner(id.clone(), event)]).await.ok()?;
        match posted.answers.first()? {
            Answer::Claim(answer) => Some(*answer),
            Answer::Noted | Answer::Release(_) => None,
        }
    }

    /// A JIT config. A name that is taken is an earlier claim's whose answer was lost: that
    /// registration is deleted first.
    async fn register(&self, id: &RunnerId) -> Option<GithubRunnerId> {
        let runner = self.runner(id).await?;
        let pool = self.pools.get(&runner.pool)?;
        let name = id.github_name(&runner.pool);
        let mut github = self.sandbox.github().borrow_mut();
        if let Some(earlier) = github.find_by_name(&name) {
            github.remove(earlier).ok()?;
        }
        github.register(&name, pool.labels.clone(), &pool.runner_group)
    }

    async fn runner(&self, id: &RunnerId) -> Option<Runner> {
        match self.books.ledger.read(&[Key::Runner(id.clone())]).await.ok()?.pop()? {
            Item::Runner(runner) => Some(runner),
            Item::Book(_) | Item::Job(_) | Item::Budget(_) => None,
        }
    }
}

fn reply(answer: Option<ClaimAnswer>) -> ClaimReply {
    match answer {
        Some(ClaimAnswer::NotNeeded | ClaimAnswer::Gone) => ClaimReply::NotNeeded,
        Some(ClaimAnswer::Refused) => ClaimReply::Refused,
        Some(ClaimAnswer::Proceed) | None => ClaimReply::Later,
    }
}
