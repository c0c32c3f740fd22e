//! One list of a sweep: whether it may be asked for, and what it has cost.

use fleet::Repository;
use fleet::ports::{
    Clock, GithubError, Ledger, ListItems, ListedJob, ListedRun, Priced, Random, SendMessage,
};
use fleet::sweep::Ask;

use crate::{Ecs, Github, Pass, Reconciler, StepError};

/// Requests that are taken out of the minute's budget at once: as many as are to come, and so many at most.
const MOST_AT_ONCE: u32 = 75;

/// The same where nobody knows whether any are to come.
const FEWEST_AT_ONCE: u32 = 10;

/// Requests that cost as much of that budget as one call that changes something, which it counts: GitHub's
/// secondary limit takes five points for one of those, and one for a read.
const REQUESTS_A_CALL: u32 = 5;

/// What GitHub has answered to an [`Ask`].
pub(super) enum Answer {
    /// The runs of a repository.
    Runs(Repository, Result<Priced<Vec<ListedRun>>, GithubError>),
    /// The jobs of a run.
    Jobs(Repository, ListedRun, Result<Priced<Vec<ListedJob>>, GithubError>),
}

impl Answer {
    /// Whose list it is.
    pub(super) fn repository(&self) -> &Repository {
        match self {
            Self::Runs(repository, _) | Self::Jobs(repository, _, _) => repository,
        }
    }
}

impl<L: Ledger + ListItems, C: Clock + Random, G: Github, T: Ecs, Q: SendMessage> Reconciler<L, C, G, T, Q> {
    /// Takes one request out of the calls that may be made. The minute's budget is asked before the first one of
    /// a sweep too: GitHub may have asked to wait.
    pub(super) async fn begin_list(&self, pass: &mut Pass<'_>) -> Result<(), StepError> {
        pass.may_call(self.books.system.now())?;
        if pass.taken == 0 {
            let requests = pass.to_come.clamp(FEWEST_AT_ONCE, MOST_AT_ONCE).min(pass.calls_left + 1);
            let calls = requests.div_ceil(REQUESTS_A_CALL);
            self.books.spend(pass.settings.pools.limits(), calls).await?;
            pass.taken = calls * REQUESTS_A_CALL;
        }
        pass.taken -= 1;
        pass.to_come = pass.to_come.saturating_sub(1);
        Ok(())
    }

    /// Asks for a list.
    pub(super) async fn ask(&self, ask: Ask) -> Answer {
        match ask {
            Ask::Runs(repository, status) => {
                let listed = self.github.list_runs(&repository, status).await;
                Answer::Runs(repository, listed)
            }
            Ask::Jobs(repository, run) => {
                let listed = self.github.list_jobs(&repository, run.id).await;
                Answer::Jobs(repository, run, listed)
            }
        }
    }

    /// Pays for an answer.
    pub(super) async fn paid<A>(
        &self,
        pass: &mut Pass<'_>,
        answered: Result<Priced<A>, GithubError>,
    ) -> Result<Priced<A>, StepError> {
        pass.pay(answered.as_ref().map_or(1, |priced| priced.calls), self.books.system.now());
        if let Err(GithubError::Wait(length)) = &answered {
            self.books.remember_wait(*length).await;
        }
        Ok(answered?)
    }
}
