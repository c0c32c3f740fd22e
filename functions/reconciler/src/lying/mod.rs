//! Runners that lie: every five minutes the ledger, ECS and GitHub are looked at, and what two looks agree on
//! is set right.

mod look;
mod mend;

use control::Steps;
use fleet::ports::{Clock, Ledger, LedgerError, ListItems, Random, SendMessage};
use fleet::repair::lying::{Confirmed, Evidence, look, mends};
use fleet::repair::suspicion::Look;
use tracing::info;

use crate::snapshot::LedgerSnapshot;
use crate::{LOOKING_TIME, MENDING_TIME, Pass, PassStepError, Reconciler, ReconcilerEcs, ReconcilerGithub};

/// Most calls that a look makes at GitHub: a tenth of what GitHub allows an App in an hour, 5,000 at least
/// (GitHub: "Rate limits for GitHub Apps"), in twelve looks. The list of runners takes one for a hundred.
pub const CALLS_A_LOOK: u32 = 5000 / 10 / 12;

impl<L: Ledger + ListItems, C: Clock + Random, G: ReconcilerGithub, T: ReconcilerEcs, Q: SendMessage>
    Reconciler<L, C, G, T, Q>
{
    /// Looks, and sets right what an earlier look agrees on, as long as there are calls and time. What is
    /// left is found by the next look. Gives what it saw.
    pub(crate) async fn mend_lies(
        &self,
        pass: &mut Pass<'_>,
        snapshot: &LedgerSnapshot,
        steps: &mut Steps,
    ) -> Evidence {
        pass.allow(CALLS_A_LOOK, LOOKING_TIME);
        let seen = self.see(pass, snapshot, steps).await;
        let confirmed = self.agree(&look(&seen), steps).await;
        let mut left = mends(&seen, &confirmed);
        left.reverse();
        pass.allow_time(MENDING_TIME);
        while !pass.is_over(self.books.system.now()) {
            let Some(mend) = left.pop() else { return seen };
            if let Err(problem) = self.mend(pass, &mend).await {
                if problem.ends_calls() {
                    info!(reason = %problem, found = mend.counted_as(), "a repair is left to the next look");
                    continue;
                }
                let step = format!("{} of runner {}", mend.name(), mend.runner());
                steps.note_common::<(), _>(&step, Err(problem));
            }
        }
        info!(left = left.len(), "repairs are left to the next look");
        seen
    }

    /// What two looks agree on. Where another pass looks at the same time, or the ledger does not answer,
    /// that is nothing.
    pub(crate) async fn agree(&self, look: &Look, steps: &mut Steps) -> Confirmed {
        match self.books.agree(look).await {
            Err(LedgerError::Conflict) => {
                info!("another pass looks at the same time");
                Confirmed::new()
            }
            agreed => steps
                .note_common("what is suspected", agreed.map_err(PassStepError::from))
                .unwrap_or_default(),
        }
    }
}
