//! Asks GitHub for the webhook deliveries that have failed.

use control::Steps;
use fleet::ports::{Clock, Ledger, ListItems, Random, SendMessage};
use jiff::SignedDuration;
use tracing::{debug, info};

use crate::{Ecs, Github, Pass, Reconciler, StepError};

/// How long after its beginning a pass may still begin a call for deliveries: the jobs come after them.
const FIRST: SignedDuration = SignedDuration::from_secs(12);

impl<L: Ledger + ListItems, C: Clock + Random, G: Github, T: Ecs, Q: SendMessage> Reconciler<L, C, G, T, Q> {
    /// Looks through GitHub's list, and asks for what has failed. What is left comes at the next pass.
    pub(crate) async fn redeliver(&self, pass: &mut Pass<'_>, steps: &mut Steps) {
        let until = pass.began.checked_add(FIRST).unwrap_or(pass.began);
        let done =
            control::deliveries::pass(&self.books, pass.settings.pools.limits(), &self.github, until).await;
        let problem = match done {
            Ok(done) => {
                pass.pay(done.calls, self.books.system.now());
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
            StepError::from(problem).ends("deliveries", steps);
        }
    }
}
