//! One list of a sweep: whether it may be asked for, and what it has cost.

use control::BudgetError;
use control::deliveries::PAGES_COST;
use fleet::Repository;
use fleet::ports::{
    Clock, GithubError, Ledger, ListItems, ListedJob, ListedRun, Priced, Random, SendMessage,
};
use fleet::sweep::ListRequest;

use crate::calls::REQUESTS_A_CALL;
use crate::{Pass, PassStepError, Reconciler, ReconcilerEcs, ReconcilerGithub};

/// Requests that are taken out of the minute's budget at once: as many as are still to come, at most this many.
const MOST_AT_ONCE: u32 = 75;

/// The same if it is not known whether any will come.
const FEWEST_AT_ONCE: u32 = 10;

/// The requests of a sweep over this many repositories: their own list, the two lists of runs of each, and the jobs
/// of their runs, which are as many as the last time.
pub(super) fn requests_of(repositories: usize, runs: u32) -> u32 {
    u32::try_from(1 + 2 * repositories).unwrap_or(u32::MAX).saturating_add(runs)
}

/// The calls that are taken out of the minute's budget at once for these requests.
fn calls_for(requests: u32) -> u32 {
    requests.min(MOST_AT_ONCE).div_ceil(REQUESTS_A_CALL)
}

/// What GitHub has answered to an [`ListRequest`].
pub(super) enum ListAnswer {
    /// The runs of a repository.
    Runs(Repository, Result<Priced<Vec<ListedRun>>, GithubError>),
    /// The jobs of a run.
    Jobs(Repository, ListedRun, Result<Priced<Vec<ListedJob>>, GithubError>),
}

impl ListAnswer {
    /// Whose list it is.
    pub(super) fn repository(&self) -> &Repository {
        match self {
            Self::Runs(repository, _) | Self::Jobs(repository, _, _) => repository,
        }
    }
}

impl<L: Ledger + ListItems, C: Clock + Random, G: ReconcilerGithub, T: ReconcilerEcs, Q: SendMessage>
    Reconciler<L, C, G, T, Q>
{
    /// Takes one request out of the calls that may be made. The minute's budget was asked before the first one of
    /// a sweep too, by the pass that begins with it or here: GitHub may have asked to wait.
    pub(super) async fn begin_list(&self, pass: &mut Pass<'_>) -> Result<(), PassStepError> {
        pass.may_call(self.books.system.now())?;
        let calls = calls_for(pass.to_come.max(FEWEST_AT_ONCE).min(pass.calls_left + 1));
        self.take_read(pass, calls).await?;
        pass.to_come = pass.to_come.saturating_sub(1);
        Ok(())
    }

    /// Takes calls out of the minute's budget as a pass begins, in one write: for the deliveries, and for a sweep that
    /// begins at once.
    pub(crate) async fn take_calls(&self, pass: &mut Pass<'_>, sweeps: bool) -> Result<(), BudgetError> {
        let limits = pass.settings.pools.limits();
        if sweeps {
            let turns = pass.cursor.turns(self.books.system.now());
            let ahead = calls_for(requests_of(turns.len(), self.memory.runs.get()).max(FEWEST_AT_ONCE));
            match self.books.spend(limits, PAGES_COST + ahead).await {
                // There may still be enough for the deliveries.
                Err(BudgetError::Spent(_)) => {}
                taken => {
                    pass.taken_ahead = taken.as_ref().map_or(0, |()| ahead * REQUESTS_A_CALL);
                    return taken;
                }
            }
        }
        self.books.spend(limits, PAGES_COST).await
    }

    /// Asks for a list.
    pub(super) async fn ask(&self, ask: ListRequest) -> ListAnswer {
        match ask {
            ListRequest::Runs(repository, status) => {
                let listed = self.github.list_runs(&repository, status).await;
                ListAnswer::Runs(repository, listed)
            }
            ListRequest::Jobs(repository, run) => {
                let listed = self.github.list_jobs(&repository, run.id).await;
                ListAnswer::Jobs(repository, run, listed)
            }
        }
    }

    /// Pays for an answer.
    pub(super) async fn paid<A>(
        &self,
        pass: &mut Pass<'_>,
        answered: Result<Priced<A>, GithubError>,
    ) -> Result<Priced<A>, PassStepError> {
        pass.pay(answered.as_ref().map_or(1, |priced| priced.calls), self.books.system.now());
        if let Err(GithubError::Wait(length)) = &answered {
            self.books.remember_wait(*length).await;
        }
        Ok(answered?)
    }
}
