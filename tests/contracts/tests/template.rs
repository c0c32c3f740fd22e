//! What `template.yaml` says twice, because the code says it too.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can not go on fails"
)]

use contracts::{queue, template};
use serde_json::{Value, json};

#[test]
fn the_ledgers_table_is_as_described_and_nothing_loses_it() {
    let table = &template::read()["Resources"]["LedgerTable"];
    let mut properties = table["Properties"].as_object().unwrap().clone();
    for (name, expected) in [
        ("PointInTimeRecoverySpecification", json!({ "PointInTimeRecoveryEnabled": true })),
        ("SSESpecification", json!({ "SSEEnabled": true })),
    ] {
        assert_eq!(properties.remove(name), Some(expected), "{name}");
    }
    let described: Value = serde_json::from_str(aws::ledger::DESCRIPTION).unwrap();
    assert_eq!(Value::Object(properties), described);
    assert_eq!(
        (&table["DeletionPolicy"], &table["UpdateReplacePolicy"]),
        (&json!("Retain"), &json!("Retain"))
    );
}

#[test]
fn the_sandboxs_queue_behaves_like_the_templates() {
    let properties = &template::read()["Resources"]["JobQueue"]["Properties"];
    assert_eq!(properties["VisibilityTimeout"], sandbox::queue::VISIBILITY.as_secs());
    assert_eq!(properties["RedrivePolicy"]["maxReceiveCount"], queue::MAX_RECEIVES);
}
