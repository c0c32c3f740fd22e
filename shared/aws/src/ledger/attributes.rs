//! What is stored of an item: its fields as serde names them, and what DynamoDB needs beside them.

use std::collections::HashMap;
use std::fmt;

use aws_sdk_dynamodb::types::AttributeValue;
use fleet::ledger::{Item, ItemVersion, Key, Listing};
use fleet::ports::LedgerError;

use super::ttl::kept_until;

/// An item as DynamoDB has it.
pub type Attributes = HashMap<String, AttributeValue>;

/// The partition key.
pub const KEY: &str = "key";

/// The index.
pub const INDEX: &str = "listings";

/// The index's partition key. Items without it are not in the index.
pub const LISTING: &str = "listing";

/// The index's sort key, which is also a field of jobs and runners. That of a book, or of a
/// runner or an open job, never changes within a listing: its place in the index is not written again with each of
/// its writes.
pub const CHANGED_AT: &str = "changed_at";

/// The field of that name of an item which is listed since another moment. Items of before have none: theirs is
/// where the sort key is.
pub const OWN_CHANGED_AT: &str = "own_changed_at";

/// The version of the form that the item is stored in. What is stored without one is of version 0.
pub const FORMAT: &str = "format";

/// The second from which DynamoDB may delete the item. Items without it stay.
pub const TTL: &str = "ttl";

/// An item's partition key alone, by which it is read.
pub fn key(key: &Key) -> Attributes {
    HashMap::from([(KEY.to_owned(), AttributeValue::S(key.to_string()))])
}

/// What is stored of an item.
pub fn of_item(item: &Item) -> Result<Attributes, LedgerError> {
    let mut attributes: Attributes = serde_dynamo::to_item(item).map_err(|error| unfit(&error))?;
    attributes.extend(key(&item.key()));
    let format = ItemVersion::default().number();
    attributes.insert(FORMAT.to_owned(), AttributeValue::N(format.to_string()));
    if let Some((listing, since)) = Listing::of(item) {
        attributes.insert(LISTING.to_owned(), AttributeValue::S(listing.to_string()));
        // With all nine decimals it sorts as text the way it does as a time.
        let since = AttributeValue::S(format!("{since:.9}"));
        let own = attributes.insert(CHANGED_AT.to_owned(), since);
        if let (Item::Runner(_) | Item::Job(_), Some(own)) = (item, own) {
            attributes.insert(OWN_CHANGED_AT.to_owned(), own);
        }
    }
    if let Some(until) = kept_until(item) {
        attributes.insert(TTL.to_owned(), AttributeValue::N(until.as_second().to_string()));
    }
    Ok(attributes)
}

/// The item that is stored. One whose form is not known here is an error: it is never written over.
pub fn to_item(mut attributes: Attributes) -> Result<Item, LedgerError> {
    let format = attributes.get(FORMAT).and_then(|value| value.as_n().ok());
    let format = format.map_or(Ok(0), |text| text.parse()).map_err(|error| unfit(&error))?;
    ItemVersion::of(format).map_err(|error| unfit(&error))?;
    if let Some(own) = attributes.remove(OWN_CHANGED_AT) {
        attributes.insert(CHANGED_AT.to_owned(), own);
    }
    serde_dynamo::from_item(attributes).map_err(|error| unfit(&error))
}

/// The key in what is stored.
pub fn to_key(attributes: &Attributes) -> Result<Key, LedgerError> {
    let text = attributes.get(KEY).and_then(|value| value.as_s().ok()).map_or("", String::as_str);
    text.parse().map_err(|error| unfit(&error))
}

fn unfit(error: &dyn fmt::Display) -> LedgerError {
    LedgerError::Unavailable(format!("an item does not fit: {error}"))
}

#[cfg(test)]
mod tests;
