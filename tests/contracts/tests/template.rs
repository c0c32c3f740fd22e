//! What `template.yaml` says twice, because the code says it too.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can not go on fails"
)]

use std::collections::BTreeSet;

use aws::ledger::attributes::{CHANGED_AT, INDEX, KEY, LISTING, TTL};
use contracts::{queue, template};
use serde_json::{Value, json};

#[test]
fn the_ledgers_table_is_as_described_and_nothing_loses_it() {
    let template = template::read();
    let table = &template["Resources"]["LedgerTable"];
    let mut properties = table["Properties"].as_object().unwrap().clone();
    for (name, expected) in [
        ("PointInTimeRecoverySpecification", json!({ "PointInTimeRecoveryEnabled": true })),
        ("SSESpecification", json!({ "SSEEnabled": true })),
    ] {
        assert_eq!(properties.remove(name), Some(expected), "{name}");
    }
    let part = |name: &str, kind: &str| json!({ "AttributeName": name, "KeyType": kind });
    let text = |name: &str| json!({ "AttributeName": name, "AttributeType": "S" });
    let expected = json!({
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [text(KEY), text(LISTING), text(CHANGED_AT)],
        "KeySchema": [part(KEY, "HASH")],
        "GlobalSecondaryIndexes": [{
            "IndexName": INDEX,
            "KeySchema": [part(LISTING, "HASH"), part(CHANGED_AT, "RANGE")],
            "Projection": { "ProjectionType": "KEYS_ONLY" },
        }],
        "TimeToLiveSpecification": { "AttributeName": TTL, "Enabled": true },
    });
    assert_eq!(Value::Object(properties), expected);
    assert_eq!(
        (&table["DeletionPolicy"], &table["UpdateReplacePolicy"]),
        (&json!("Retain"), &json!("Retain"))
    );
}

#[test]
fn nothing_loses_a_message() {
    for queue in ["JobQueue", "DeadLetterQueue"] {
        let queue = &template::read()["Resources"][queue];
        assert_eq!(
            (&queue["DeletionPolicy"], &queue["UpdateReplacePolicy"]),
            (&json!("Retain"), &json!("Retain"))
        );
    }
}

#[test]
fn the_sandboxs_queue_behaves_like_the_templates() {
    let properties = &template::read()["Resources"]["JobQueue"]["Properties"];
    assert_eq!(properties["VisibilityTimeout"], sandbox::queue::VISIBILITY.as_secs());
    assert_eq!(properties["RedrivePolicy"]["maxReceiveCount"], queue::MAX_RECEIVES);
}

/// Every `Fn::FindInMap` in the value that looks up the loop's pool.
fn looked_up(value: &Value, keys: &mut BTreeSet<String>) {
    if let Some([map, pool, key]) = value["Fn::FindInMap"].as_array().map(Vec::as_slice) {
        assert_eq!((map, pool), (&json!("Pools"), &json!({ "Ref": "Pool" })));
        keys.insert(key.as_str().unwrap().to_owned());
    }
    match value {
        Value::Array(values) => values.iter().for_each(|value| looked_up(value, keys)),
        Value::Object(values) => values.values().for_each(|value| looked_up(value, keys)),
        _ => {}
    }
}

#[test]
fn every_pool_has_what_the_loops_over_it_look_up() {
    let template = template::read_file("infra/pools.yaml");
    let loops = template["Resources"].as_object().unwrap().iter();
    let loops: Vec<&Value> =
        loops.filter(|(name, _)| name.starts_with("Fn::ForEach::")).map(|(_, each)| each).collect();
    assert_eq!(loops.len(), 3);
    for each in loops {
        let mut keys = BTreeSet::new();
        looked_up(&each[2], &mut keys);
        assert!(!keys.is_empty());
        for pool in each[1].as_array().unwrap() {
            let values = &template["Mappings"]["Pools"][pool.as_str().unwrap()];
            for key in &keys {
                assert!(!values[key].is_null(), "{pool} has no {key}");
            }
        }
    }
}

#[test]
fn a_task_has_the_runners_container_and_no_role() {
    let template = template::read_file("infra/pools.yaml");
    let resources = template["Resources"].as_object().unwrap();
    for each in ["Fn::ForEach::FargatePools", "Fn::ForEach::InstancePools"] {
        let task = &resources[each][2]["TaskDefinition${Pool}"]["Properties"];
        assert_eq!(task["ContainerDefinitions"][0]["Name"], fleet::launch::RUNNER_CONTAINER, "{each}");
        assert_eq!(task["TaskRoleArn"], Value::Null, "{each}");
        assert!(!task.to_string().contains("Privileged"), "{each}");
    }
}
