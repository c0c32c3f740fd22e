//! What a pass suspects, held against what the passes before it suspected.

use std::collections::BTreeSet;

use fleet::ledger::{Item, Key, Put};
use fleet::ports::{Clock, Ledger, LedgerError};
use fleet::repair::suspicion::{Look, Suspicion};

use crate::Bookkeeper;

impl<L: Ledger, C: Clock> Bookkeeper<L, C> {
    /// Writes down what a look suspects, and gives what it confirms: that is to be repaired.
    ///
    /// Of two passes at once one writes first; the other one has seen no more than that, and its conflict
    /// confirms nothing. A pass that crashes after its write repairs nothing: what it confirmed is
    /// suspected on, and the next one repairs it.
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
