//! `BatchGetItem`.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::types::KeysAndAttributes;
use fleet::ledger::{Item, Key};
use fleet::ports::LedgerError;

use super::{DynamoDbTable, attributes, unavailable};

/// Most keys that `BatchGetItem` takes.
const BATCH: usize = 100;

/// How often one batch is asked for before what is still missing is an error. DynamoDB leaves keys
/// out when an answer is over 16 MB, which 100 of our items never are, or when it is throttled.
const ROUNDS: u32 = 4;

impl DynamoDbTable {
    pub(super) async fn batch_get(
        &self,
        keys: &[Key],
        is_consistent: bool,
    ) -> Result<Vec<Item>, LedgerError> {
        // DynamoDB refuses a batch that names a key twice.
        let keys: Vec<&Key> = keys.iter().collect::<BTreeSet<_>>().into_iter().collect();
        let mut items = Vec::with_capacity(keys.len());
        for batch in keys.chunks(BATCH) {
            let wanted = KeysAndAttributes::builder()
                .consistent_read(is_consistent)
                .set_keys(Some(batch.iter().map(|key| attributes::key(key)).collect()))
                .build()
                .map_err(|error| LedgerError::Unavailable(error.to_string()))?;
            items.extend(self.get_all(HashMap::from([(self.name.clone(), wanted)])).await?);
        }
        Ok(items)
    }

    async fn get_all(
        &self,
        mut wanted: HashMap<String, KeysAndAttributes>,
    ) -> Result<Vec<Item>, LedgerError> {
        let mut items = Vec::new();
        for _ in 0..ROUNDS {
            let request = self.client.batch_get_item().set_request_items(Some(wanted));
            let answer = request.send().await.map_err(|error| unavailable(&error))?;
            let found = answer.responses.into_iter().flat_map(HashMap::into_values).flatten();
            for attributes in found {
                items.push(attributes::to_item(attributes)?);
            }
            wanted = answer.unprocessed_keys.unwrap_or_default();
            if wanted.is_empty() {
                return Ok(items);
            }
        }
        Err(LedgerError::Unavailable(format!("keys are left unprocessed after {ROUNDS} rounds")))
    }
}
