//! One call of GitHub's: whether the pass may make it, and what it takes out of the minute's budget.

use fleet::ports::{Clock, GithubError, Ledger, ListItems, Random, SendMessage};

use crate::{Pass, PassStepError, Reconciler, ReconcilerEcs, ReconcilerGithub};

/// Requests that cost as much of the minute's budget as one call that changes something, which it counts: GitHub's
/// secondary limit takes five points for one of those, and one for a read.
pub(crate) const REQUESTS_A_CALL: u32 = 5;

impl<L: Ledger + ListItems, C: Clock + Random, G: ReconcilerGithub, T: ReconcilerEcs, Q: SendMessage>
    Reconciler<L, C, G, T, Q>
{
    /// Reads at GitHub, if the pass may make one more call and the budget of all has the points for it. A call of
    /// the budget pays for several reads, and the pass keeps what it has not read for.
    pub(crate) async fn ask_github<A>(
        &self,
        pass: &mut Pass<'_>,
        read: impl Future<Output = Result<A, GithubError>>,
    ) -> Result<A, PassStepError> {
        pass.take_call(self.books.system.now())?;
        self.take_read(pass, 1).await?;
        self.answered(read.await).await
    }

    /// Takes one read of those that the pass has paid for. If it has none, it pays for as many as these calls are worth.
    pub(crate) async fn take_read(&self, pass: &mut Pass<'_>, calls: u32) -> Result<(), PassStepError> {
        if pass.taken == 0 {
            self.books.spend(pass.settings.pools.limits(), calls).await?;
            pass.taken = calls * REQUESTS_A_CALL;
        }
        pass.taken -= 1;
        Ok(())
    }

    /// Changes something at GitHub, if the pass may make one more call and the budget of all has one.
    pub(crate) async fn change_github<A>(
        &self,
        pass: &mut Pass<'_>,
        change: impl Future<Output = Result<A, GithubError>>,
    ) -> Result<A, PassStepError> {
        pass.take_call(self.books.system.now())?;
        self.books.spend(pass.settings.pools.limits(), 1).await?;
        self.answered(change.await).await
    }

    /// Remembers the wait that GitHub asks for, if it does.
    async fn answered<A>(&self, answered: Result<A, GithubError>) -> Result<A, PassStepError> {
        if let Err(GithubError::Wait(length)) = &answered {
            self.books.remember_wait(*length).await;
        }
        Ok(answered?)
    }
}
