//! Writes down how far the sweeps are, where there is something to keep.

use control::Steps;
use fleet::ledger::{Item, Key, Put};
use fleet::ports::{Clock, Ledger, LedgerError, ListItems, Random, SendMessage};
use jiff::Timestamp;

use crate::memory::LastSweep;
use crate::{Pass, PassStepError, Reconciler, ReconcilerEcs, ReconcilerGithub};

impl<L: Ledger + ListItems, C: Clock + Random, G: ReconcilerGithub, T: ReconcilerEcs, Q: SendMessage>
    Reconciler<L, C, G, T, Q>
{
    /// A sweep begins, before its first turn. The next one has to know if this one is cut off: the ledger tells
    /// it; or this instance does, whose last sweep has ended. An instance that knows nothing takes the last sweep
    /// for one that was cut off.
    pub(super) async fn sweep_begins(&self, pass: &mut Pass<'_>, steps: &mut Steps) {
        let last = self.memory.last_sweep.replace(LastSweep::CutOff);
        if last != LastSweep::Ended {
            if last == LastSweep::CutOff || pass.cursor.unended == 0 {
                pass.cursor.begins();
            }
            pass.cursor.begins();
        }
        // No turn was taken yet, and those of earlier passes are already written down.
        let written = steps.note_common("a sweep's begin", self.write_cursor(pass, Timestamp::MIN).await);
        if last != LastSweep::Ended && written.is_some() {
            self.memory.last_sweep.set(LastSweep::Unknown);
        }
    }

    /// A sweep has come to its end, or to that of its calls or time.
    pub(super) async fn sweep_has_ended(&self, pass: &mut Pass<'_>, steps: &mut Steps) {
        pass.cursor.has_ended();
        self.memory.last_sweep.set(LastSweep::Ended);
        steps.note_common("how far the sweep came", self.write_cursor(pass, pass.began).await);
        self.memory.cursor.replace(Some(pass.cursor.clone()));
    }

    /// Writes down how far the sweeps are, if that is news. If another pass has done so meanwhile, what both
    /// have done.
    async fn write_cursor(&self, pass: &mut Pass<'_>, turns_since: Timestamp) -> Result<(), PassStepError> {
        let now = self.books.system.now();
        pass.cursor.forget(now);
        if !pass.cursor.has_news(&pass.stored, pass.began, turns_since, now) {
            return Ok(());
        }
        pass.cursor.version += 1;
        let mut written = self.books.ledger.commit(&[Put(Item::Sweep(pass.cursor.clone()))]).await;
        if written == Err(LedgerError::Conflict) {
            let items = self.read(&[Key::Sweep]).await?;
            let first = items.iter().find_map(Item::sweep).cloned().unwrap_or_default();
            let ours = std::mem::take(&mut pass.cursor);
            pass.cursor = ours.beside(&first, pass.calls, now);
            pass.cursor.version += 1;
            written = self.books.ledger.commit(&[Put(Item::Sweep(pass.cursor.clone()))]).await;
        }
        written?;
        pass.stored.clone_from(&pass.cursor);
        pass.calls = 0;
        Ok(())
    }
}
