//! How large an item is, and the units to read and write it, as `DynamoDB` counts.

use std::collections::BTreeSet;

use anyhow::Result;
use aws::ledger::attributes::{Attributes, CHANGED_AT, KEY, LISTING, key, of_item};
use aws_sdk_dynamodb::types::AttributeValue;
use fleet::ledger::{Item, Key, Listing, Put};

use crate::assumed::DynamoDbUnits;

/// Stored bytes of an item (`DynamoDB`, "Item sizes and formats").
pub(crate) fn bytes(attributes: &Attributes) -> usize {
    attributes.iter().map(|(name, value)| name.len() + value_bytes(value)).sum()
}

/// Text takes its UTF-8 bytes; a number one byte for two digits, plus one; null and true take one; a list or map
/// takes three, plus one for each element, plus its elements.
fn value_bytes(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(number) => {
            let digits = number.chars().filter(char::is_ascii_digit).collect::<String>();
            let significant = digits.trim_matches('0').len();
            significant.div_ceil(2) + 1 + usize::from(number.starts_with('-'))
        }
        AttributeValue::B(blob) => blob.as_ref().len(),
        AttributeValue::L(list) => 3 + list.iter().map(|it| 1 + value_bytes(it)).sum::<usize>(),
        AttributeValue::M(map) => {
            3 + map.iter().map(|(name, it)| 1 + name.len() + value_bytes(it)).sum::<usize>()
        }
        AttributeValue::Ss(texts) => texts.iter().map(String::len).sum(),
        AttributeValue::Ns(numbers) => {
            numbers.iter().map(|it| value_bytes(&AttributeValue::N(it.clone()))).sum()
        }
        _ => 1,
    }
}

/// Bytes of an item's entry in the index, which has only its keys. `None` if it is in no listing.
pub(crate) fn index_bytes(attributes: &Attributes) -> Option<usize> {
    attributes.get(LISTING)?;
    let of = |name| attributes.get(name).map_or(0, |value| str::len(name) + value_bytes(value));
    Some([KEY, LISTING, CHANGED_AT].into_iter().map(of).sum())
}

/// Units for these bytes, `unit` bytes each, and at least one.
fn units(bytes: usize, unit: u32) -> f64 {
    let unit = usize::try_from(unit).unwrap_or(usize::MAX).max(1);
    f64::from(u32::try_from(bytes.div_ceil(unit).max(1)).unwrap_or(u32::MAX))
}

/// Units of a strongly consistent read: each key has its own, whether an item exists or not. An eventually consistent
/// read takes half.
pub(crate) fn read_units(keys: &[Key], items: &[Item], ledger: &DynamoDbUnits) -> Result<f64> {
    let keys: BTreeSet<&Key> = keys.iter().collect();
    let mut total = f64::from(u32::try_from(keys.len().saturating_sub(items.len()))?);
    for item in items {
        total += units(bytes(&of_item(item)?), ledger.bytes_a_read);
    }
    Ok(total)
}

/// Units of a query of the index, which is eventually consistent: half of those of all entries together.
pub(crate) fn list_units(listing: &Listing, keys: &[Key], ledger: &DynamoDbUnits) -> f64 {
    // A time with nine decimals, as `of_item` has it.
    const SINCE: usize = "2026-10-05T09:00:00.000000000Z".len();
    let beside = LISTING.len() + listing.to_string().len() + CHANGED_AT.len() + SINCE;
    let entries = keys.iter().map(|it| bytes(&key(it)) + beside).sum();
    units(entries, ledger.bytes_a_read) / 2.0
}

/// Units of a write: those of the table, and those of the index.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct WriteUnits {
    pub(crate) table: f64,
    pub(crate) index: f64,
}

/// Units of writing an item over its previous version. The larger of the two counts, twice in a transaction. A refused
/// write counts in the table too.
pub(crate) fn write_units(
    before: Option<&Item>,
    put: &Put,
    in_transaction: bool,
    is_written: bool,
    ledger: &DynamoDbUnits,
) -> Result<WriteUnits> {
    let (was, is) = (before.map(of_item).transpose()?.unwrap_or_default(), of_item(&put.0)?);
    let table = units(bytes(&was).max(bytes(&is)), ledger.bytes_a_write);
    Ok(WriteUnits {
        table: if in_transaction { 2.0 * table } else { table },
        index: if is_written { index_units(&was, &is, ledger) } else { 0.0 },
    })
}

/// Units of the index (`DynamoDB`, "Using Global Secondary Indexes", write capacity): one to put an entry, one to
/// delete one, both if a key changes, and none if the entry stays as it is.
fn index_units(was: &Attributes, is: &Attributes, ledger: &DynamoDbUnits) -> f64 {
    let of = |it: &Attributes| Some((it.get(LISTING)?.clone(), it.get(CHANGED_AT)?.clone()));
    if of(was) == of(is) {
        return 0.0;
    }
    let entries = [index_bytes(was), index_bytes(is)].into_iter().flatten();
    entries.map(|bytes| units(bytes, ledger.bytes_a_write)).sum()
}

#[cfg(test)]
mod tests;
