//! The ledger on a DynamoDB table.
//!
//! [`DynamoDbTable`] implements [`fleet::ports::Ledger`] and [`fleet::ports::ListItems`]. What is stored of
//! an item is in [`attributes`], how long in [`ttl`]; the table itself is in `infra/storage.yaml`.

pub mod attributes;
mod commit;
mod find;
mod list;
mod read;
mod spend;
pub mod ttl;

use std::error::Error;
use std::fmt::Debug;

pub use self::find::table_of_stack;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use fleet::JobId;
use fleet::ledger::{Item, Key, Left, Listing, Put, Spend};
use fleet::ports::{Ledger, LedgerError, ListItems};
use tracing::warn;

use crate::error::error_text;

/// The ledger's table.
///
/// Nothing here waits before it tries again, except for the SDK's own retries: a caller with a clock
/// (`control::Bookkeeper`) does.
#[derive(Debug, Clone)]
pub struct DynamoDbTable {
    client: Client,
    name: String,
}

impl DynamoDbTable {
    /// The table of this name.
    pub fn new(config: &SdkConfig, name: impl Into<String>) -> Self {
        Self { client: Client::new(config), name: name.into() }
    }

    /// Opens the connection to DynamoDB. A table that is not there shows in the log at boot, not with
    /// the first event.
    pub async fn warm_up(&self) {
        // GitHub's ids begin at 1.
        if let Err(error) = self.read(&[Key::Job(JobId(0))]).await {
            warn!(%error, "the ledger does not answer");
        }
    }
}

impl Ledger for DynamoDbTable {
    async fn read(&self, keys: &[Key]) -> Result<Vec<Item>, LedgerError> {
        self.batch_get(keys, true).await
    }

    async fn read_eventual(&self, keys: &[Key]) -> Result<Vec<Item>, LedgerError> {
        self.batch_get(keys, false).await
    }

    async fn commit(&self, puts: &[Put]) -> Result<(), LedgerError> {
        match puts {
            [] => Ok(()),
            [put] => self.put_item(put).await,
            puts => self.transact_write(puts).await,
        }
    }

    async fn spend(&self, spend: &Spend) -> Result<Result<Left, Left>, LedgerError> {
        self.add(spend).await
    }
}

impl ListItems for DynamoDbTable {
    async fn list(&self, listing: &Listing) -> Result<Vec<Key>, LedgerError> {
        self.query(listing).await
    }
}

/// Throttled, timed out, not allowed: nothing that a second look at the items would change.
fn unavailable<E, R>(error: &SdkError<E, R>) -> LedgerError
where
    E: ProvideErrorMetadata + Error + 'static,
    R: Debug,
{
    LedgerError::Unavailable(error_text(error))
}
