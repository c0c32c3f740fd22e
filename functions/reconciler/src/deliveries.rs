//! Asks GitHub for the webhook deliveries that have failed.

use control::deliveries::DeliveriesPass;
use control::{BudgetError, DeliveriesError, Steps};
use fleet::ports::{Clock, Ledger, ListItems, Random, SendMessage};
use jiff::{SignedDuration, Timestamp};
use tracing::{debug, info};

use crate::{Pass, PassStepError, Reconciler, ReconcilerEcs, ReconcilerGithub, ReconcilerSettings};

/// How long after its beginning a pass may still begin a call for deliveries: what they find is the first thing that
/// a pass is for.
const FIRST: SignedDuration = SignedDuration::from_secs(12);

impl<L: Ledger + ListItems, C: Clock + Random, G: ReconcilerGithub, T: ReconcilerEcs, Q: SendMessage>
    Reconciler<L, C, G, T, Q>
{
    /// Looks through GitHub's list, and asks for what has failed, if the calls for it were taken. What is left comes
    /// at the next pass.
    pub(crate) async fn redeliver(
        &self,
        settings: &ReconcilerSettings,
        began: Timestamp,
        taken: Result<(), BudgetError>,
    ) -> Result<DeliveriesPass, DeliveriesError> {
        taken?;
        let until = began.checked_add(FIRST).unwrap_or(began);
        let (limits, memory) = (settings.pools.limits(), &self.memory.deliveries);
        control::deliveries::pass(&self.books, limits, &self.github, memory, until).await
    }

    /// Takes the calls that it made out of the budget, and logs the result.
    pub(crate) fn redelivered(
        &self,
        pass: &mut Pass<'_>,
        done: Result<DeliveriesPass, DeliveriesError>,
        steps: &mut Steps,
    ) {
        let problem = match done {
            Ok(done) => {
                pass.pay(done.calls, self.books.system.now());
                // A sweep that has ended beside it has its cursor there.
                if let Some(kept) = self.memory.cursor.borrow_mut().as_mut() {
                    kept.reads = pass.cursor.reads;
                }
                let (looked_at, redelivered, waiting) = (done.looked_at, done.redelivered, done.waiting);
                if redelivered > 0 {
                    info!(looked_at, redelivered, waiting, "failed deliveries were asked for again");
                } else {
                    debug!(looked_at, waiting, "no delivery was to be asked for again");
                }
                done.cut_off
            }
            Err(problem) => Some(problem),
        };
        if let Some(problem) = problem {
            PassStepError::from(problem).ends("deliveries", steps);
        }
    }
}
