//! What the scheduler reads of the ledger: the index tells which keys, and the table what they hold.

use fleet::PoolName;
use fleet::ledger::{Book, Item, Key, Listing};
use fleet::ports::{Clock, Ledger, ListItems, Random};

use crate::{Ecs, Scaling, Scheduler, StepError};

impl<L: Ledger + ListItems, C: Clock + Random, T: Ecs, S: Scaling> Scheduler<L, C, T, S> {
    /// The items of a listing, as the table has them: some may have left it since.
    pub(crate) async fn items(&self, listing: &Listing) -> Result<Vec<Item>, StepError> {
        self.read(&self.launchpad.books.ledger.list(listing).await?).await
    }

    /// What these keys hold. No keys are no call.
    pub(crate) async fn read(&self, keys: &[Key]) -> Result<Vec<Item>, StepError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        Ok(self.launchpad.books.ledger.read(keys).await?)
    }

    /// A pool's book, if it has one yet.
    pub(crate) async fn book(&self, pool: &PoolName) -> Result<Option<Book>, StepError> {
        let items = self.read(&[Key::Book(pool.clone())]).await?;
        Ok(items.into_iter().find_map(|item| if let Item::Book(book) = item { Some(book) } else { None }))
    }
}
