//! Sizes and units, case by case.

use std::collections::HashMap;

use fleet::PoolName;
use fleet::ledger::{Book, Budget};

use super::*;

const LEDGER: DynamoDbUnits = DynamoDbUnits { bytes_a_write: 1024, bytes_a_read: 4096, overhead: 100 };

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

#[test]
fn a_value_is_as_long_as_dynamodb_counts() {
    let number = |text: &str| AttributeValue::N(text.to_owned());
    for (value, expected, why) in [
        (text("läden"), 6, "bytes of UTF-8"),
        (number("7"), 2, "a byte for two digits, and one"),
        (number("1234"), 3, "two bytes, and one"),
        (number("12345"), 4, "an odd digit has a byte"),
        (number("1200"), 2, "zeros at the end are none"),
        (number("-12"), 3, "a sign"),
        (AttributeValue::Bool(true), 1, "true"),
        (AttributeValue::Null(true), 1, "nothing"),
        (AttributeValue::L(vec![]), 3, "an empty list"),
        (AttributeValue::L(vec![text("ab"), text("c")]), 3 + 3 + 2, "one for each element"),
        (AttributeValue::M(HashMap::from([("ab".to_owned(), text("c"))])), 3 + 1 + 2 + 1, "names count"),
    ] {
        assert_eq!(value_bytes(&value), expected, "{why}: {value:?}");
    }
    assert_eq!(bytes(&HashMap::from([("key".to_owned(), text("book#a"))])), 9, "name and value");
}

fn budget(version: u64) -> Item {
    Item::Budget(Budget { version, ..Budget::default() })
}

fn book(version: u64) -> Item {
    let book = Book::open(PoolName::new("ec2-x64").unwrap(), 5);
    Item::Book(Book { version, ..book })
}

#[test]
fn a_transaction_costs_twice_and_the_index_by_what_changes_in_it() {
    for (before, after, in_transaction, is_written, (table, index), why) in [
        (None, budget(1), false, true, (1.0, 0.0), "one item, in no listing"),
        (None, book(1), false, true, (1.0, 1.0), "one that comes into a listing"),
        (Some(book(1)), book(2), false, true, (1.0, 0.0), "its place in the listing stays"),
        (Some(book(1)), book(2), true, true, (2.0, 0.0), "one of a transaction"),
        (None, book(1), true, false, (2.0, 0.0), "one that was refused"),
    ] {
        let found = write_units(before.as_ref(), &Put(after), in_transaction, is_written, &LEDGER).unwrap();
        assert_eq!(found, WriteUnits { table, index }, "{why}");
    }
}

#[test]
fn an_entry_that_moves_in_the_index_is_two_writes() {
    let entry = |listing: &str, since: &str| {
        let of = [(KEY, "runner#1"), (LISTING, listing), (CHANGED_AT, since)];
        of.into_iter().map(|(name, value)| (name.to_owned(), text(value))).collect::<Attributes>()
    };
    let nothing = Attributes::new();
    for (was, is, expected, why) in [
        (&nothing, &entry("runner#starting", "1"), 1.0, "it comes"),
        (&entry("runner#starting", "1"), &entry("runner#idle", "2"), 2.0, "it moves"),
        (&entry("runner#idle", "1"), &entry("runner#idle", "2"), 2.0, "its time changes"),
        (&entry("runner#idle", "2"), &entry("runner#idle", "2"), 0.0, "it stays"),
        (&entry("runner#idle", "2"), &nothing, 1.0, "it goes"),
        (&nothing, &nothing, 0.0, "it is in none"),
    ] {
        assert!((index_units(was, is, &LEDGER) - expected).abs() < f64::EPSILON, "{why}");
    }
}

#[test]
fn a_read_costs_by_the_key_and_a_list_half_of_its_size() {
    let keys = [Key::Budget, Key::Budget, Key::Book(PoolName::new("ec2-x64").unwrap())];
    let read = |items: &[Item]| read_units(&keys, items, &LEDGER).unwrap();
    assert!((read(&[]) - 2.0).abs() < f64::EPSILON, "a key that is asked for twice is read once");
    assert!((read(&[budget(1)]) - 2.0).abs() < f64::EPSILON, "what is not there costs as much");
    let list = |count: usize| list_units(&Listing::Books, &vec![Key::Budget; count], &LEDGER);
    assert!((list(0) - 0.5).abs() < f64::EPSILON, "an empty one");
    assert!((list(1) - 0.5).abs() < f64::EPSILON, "a short one");
    assert!(list(200) > 1.0, "a long one");
}
