//! `PutItem` and `TransactWriteItems`, each put on the condition that the item was not written
//! since it was read.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, CancellationReason, Put as PutRequest, TransactWriteItem};
use fleet::ledger::{Put, TRANSACTION_LIMIT};
use fleet::ports::LedgerError;

use super::attributes::{KEY, of_item};
use super::{DynamoDbTable, unavailable};

impl DynamoDbTable {
    /// One item: half the price of a transaction.
    pub(super) async fn put_item(&self, put: &Put) -> Result<(), LedgerError> {
        let (condition, names, values) = condition(put);
        let request = self.client.put_item().table_name(&self.name).set_item(Some(of_item(&put.0)?));
        let request = request.condition_expression(condition).set_expression_attribute_names(Some(names));
        let sent = request.set_expression_attribute_values(values).send().await;
        sent.map(drop).map_err(|error| match error.as_service_error() {
            // Written by another function, or by a first try of the SDK's whose answer was lost (the caller that
            // reads again finds out), or in another transaction right now.
            Some(
                PutItemError::ConditionalCheckFailedException(_)
                | PutItemError::TransactionConflictException(_),
            ) => LedgerError::Conflict,
            _ => unavailable(&error),
        })
    }

    /// Several items, all or none. The SDK names each call by a token of its own
    /// (`ClientRequestToken`), so that its retries are one transaction.
    pub(super) async fn transact_write(&self, puts: &[Put]) -> Result<(), LedgerError> {
        if puts.len() > TRANSACTION_LIMIT {
            let problem = format!("a transaction takes {TRANSACTION_LIMIT} items, not {}", puts.len());
            return Err(LedgerError::Unavailable(problem));
        }
        let writes = puts.iter().map(|put| self.write(put)).collect::<Result<_, _>>()?;
        let sent = self.client.transact_write_items().set_transact_items(Some(writes)).send().await;
        sent.map(drop)
            .map_err(|error| if is_conflict(&error) { LedgerError::Conflict } else { unavailable(&error) })
    }

    fn write(&self, put: &Put) -> Result<TransactWriteItem, LedgerError> {
        let (condition, names, values) = condition(put);
        let request = PutRequest::builder()
            .table_name(&self.name)
            .set_item(Some(of_item(&put.0)?))
            .condition_expression(condition)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(values)
            .build()
            .map_err(|error| LedgerError::Unavailable(error.to_string()))?;
        Ok(TransactWriteItem::builder().put(request).build())
    }
}

/// A condition's expression, names and values.
type ConditionExpression = (&'static str, HashMap<String, String>, Option<HashMap<String, AttributeValue>>);

/// That the stored version is the one before the put's.
fn condition(put: &Put) -> ConditionExpression {
    let named = |name: &str| HashMap::from([("#it".to_owned(), name.to_owned())]);
    match put.expected_version() {
        0 => ("attribute_not_exists(#it)", named(KEY), None),
        version => {
            let value = AttributeValue::N(version.to_string());
            ("#it = :version", named("version"), Some(HashMap::from([(":version".to_owned(), value)])))
        }
    }
}

/// Whether another function wrote first, or is writing. DynamoDB gives a reason for each item, `None`
/// for those that could have been written.
fn is_conflict<R>(error: &SdkError<TransactWriteItemsError, R>) -> bool {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error()
    else {
        return false;
    };
    let codes = cancelled.cancellation_reasons().iter().filter_map(CancellationReason::code);
    codes.into_iter().any(|code| matches!(code, "ConditionalCheckFailed" | "TransactionConflict"))
}
