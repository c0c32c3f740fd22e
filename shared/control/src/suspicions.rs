//! Compares what a pass suspects with what earlier passes suspected.

use std::collections::BTreeSet;

use fleet::ledger::{Item, Key, Put};
use fleet::ports::{Clock, Ledger, LedgerError};
use fleet::repair::suspicion::{Look, Suspicion};

use crate::Bookkeeper;

impl<L: Ledger, C: Clock> Bookkeeper<L, C> {
    /// Records what a pass suspects, and returns what it confirms, which is to be repaired.
    ///
    /// If two passes run at once, one of them writes first. The other has seen no more than that, so its
    /// conflict confirms nothing. A pass that crashes after its write repairs nothing: what it confirmed
    /// stays suspected, and the next pass repairs it.
    pub async fn agree(&self, look: &Look) -> Result<BTreeSet<Suspicion>, LedgerError> {
        let items = self.ledger.read(&[Key::Suspicions]).await?;
        let stored = items.iter().find_map(Item::suspicions).cloned().unwrap_or_default();
        let mut suspicions = stored.clone();
        let confirmed = suspicions.take(look, self.system.now());
        if suspicions != stored {
            suspicions.version += 1;
            self.ledger.commit(&[Put(Item::Suspicions(suspicions))]).await?;
        }
        Ok(confirmed)
    }
}
