//! What the templates say twice, because the code says it too; and what stands in which of them.

use std::collections::BTreeSet;

use aws::ledger::attributes::{CHANGED_AT, INDEX, KEY, LISTING, TTL};
use contracts::{queue, template};
use serde_json::{Value, json};

#[test]
fn the_ledgers_table_is_as_described() {
    let storage = template::read_file("infra/storage.yaml");
    let table = &storage["Resources"]["LedgerTable"];
    let mut properties = table["Properties"].as_object().unwrap().clone();
    for (name, expected) in [
        ("PointInTimeRecoverySpecification", json!({ "PointInTimeRecoveryEnabled": true })),
        (
            "SSESpecification",
            json!({
                "SSEEnabled": { "Fn::If": ["HasKmsKey", true, false] },
                "SSEType": { "Fn::If": ["HasKmsKey", "KMS", { "Ref": "AWS::NoValue" }] },
                "KMSMasterKeyId": { "Fn::If": ["HasKmsKey", { "Ref": "KmsKeyArn" }, { "Ref": "AWS::NoValue" }] },
            }),
        ),
        ("Tags", json!([{ "Key": "mayfly:stack", "Value": { "Ref": "Name" } }])),
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
    let index = &storage["Outputs"]["ListingsArn"]["Value"]["Fn::Sub"];
    assert_eq!(*index, format!("${{LedgerTable.Arn}}/index/{INDEX}"));
}

#[test]
fn the_sandboxs_queue_behaves_like_the_templates() {
    let properties = &template::read_file("infra/storage.yaml")["Resources"]["JobQueue"]["Properties"];
    assert_eq!(properties["VisibilityTimeout"], sandbox::queue::VISIBILITY.as_secs());
    assert_eq!(properties["RedrivePolicy"]["maxReceiveCount"], queue::MAX_RECEIVES);
}

/// What holds what nothing brings back.
const STATEFUL: [&str; 2] = ["AWS::DynamoDB::Table", "AWS::SQS::Queue"];

/// What becomes of a resource that its stack no longer has, and of one that an update replaces.
const POLICIES: [&str; 2] = ["DeletionPolicy", "UpdateReplacePolicy"];

fn kind(resource: &Value) -> &str {
    resource["Type"].as_str().unwrap()
}

#[test]
fn what_must_not_be_lost_is_in_storage_and_outlives_its_stack() {
    let mut kept = BTreeSet::new();
    for (file, template) in template::all() {
        for (id, it) in template::resources(&template) {
            let stateful = STATEFUL.iter().find(|stateful| **stateful == kind(it));
            assert!(stateful.is_none() || file == "infra/storage.yaml", "{id} is in {file}");
            let expected = match kind(it) {
                // What a first deploy that fails takes back is empty.
                _ if stateful.is_some() => [json!("RetainExceptOnCreate"), json!("Retain")],
                // Functions that the update has not reached launch a pool's old revision.
                "AWS::ECS::TaskDefinition" if file == "infra/pools.yaml" => {
                    [json!("Delete"), json!("Retain")]
                }
                // It has objects, and loses them by itself.
                "AWS::S3::Bucket"
                    if ["infra/caches.yaml", "infra/image-store.yaml", "infra/mirror.yaml"]
                        .contains(&file.as_str()) =>
                {
                    [json!("RetainExceptOnCreate"), json!("Retain")]
                }
                _ => [Value::Null, Value::Null],
            };
            assert_eq!(POLICIES.map(|policy| it[policy].clone()), expected, "{POLICIES:?} of {id} in {file}");
            kept.extend(stateful);
        }
    }
    assert_eq!(kept, STATEFUL.into(), "what is in storage");
}

#[test]
fn every_api_calls_its_function_as_a_function_url_does() {
    let mut integrations = 0;
    for (file, template) in template::all() {
        for (id, it) in template::resources(&template) {
            match kind(it) {
                "AWS::ApiGatewayV2::Integration" => {
                    assert_eq!(it["Properties"]["PayloadFormatVersion"], "2.0", "{id} in {file}");
                    integrations += 1;
                }
                // A target is an integration that no template shows.
                "AWS::ApiGatewayV2::Api" => {
                    assert_eq!(it["Properties"]["Target"], Value::Null, "{id} in {file}");
                }
                other => assert!(!other.ends_with("Api"), "{id} in {file} is a {other}"),
            }
        }
    }
    assert_eq!(integrations, 1, "one template is the way in to every function");
}

/// There `sam logs`, `sam sync` and `sam local` look for them, and a change set shows what changes.
#[test]
fn the_functions_stand_in_the_template_in_the_order_of_the_data() {
    let order =
        ["Webhook", "Launcher", "Registrar", "Scheduler", "Reconciler"].map(|name| format!("{name}Function"));
    let mut found = BTreeSet::new();
    for (file, template) in template::all() {
        for (id, it) in template::resources(&template) {
            if kind(it).ends_with("::Function") {
                assert_eq!(file, "template.yaml", "{id}");
                found.insert(id.to_owned());
            }
        }
    }
    assert_eq!(found, order.clone().into());
    let text = std::fs::read_to_string(template::root().join("template.yaml")).unwrap();
    assert!(order.map(|id| text.find(&format!("\n  {id}:\n"))).is_sorted());
}

/// Every `Fn::FindInMap` in the value that looks up the loop's pool.
fn looked_up(value: &Value, keys: &mut BTreeSet<String>) {
    // One with a default may find nothing.
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
    assert_eq!(loops.len(), 2);
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

/// The cells of a line of a table in Markdown, without their backticks.
fn cells(line: &str) -> Vec<String> {
    line.trim_matches('|').split('|').map(|cell| cell.trim().replace('`', "")).collect()
}

#[test]
fn the_page_has_every_parameter_with_its_default() {
    let page = std::fs::read_to_string(template::root().join("docs/OPERATIONS.md")).unwrap();
    let section = page.split("## The parameters").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `")).map(cells);
    let told: BTreeSet<(String, String)> = rows.map(|row| (row[0].clone(), row[1].clone())).collect();
    let parameters = &template::read_whole()["Parameters"];
    let of_template = parameters.as_object().unwrap().iter().map(|(name, it)| {
        let default = match &it["Default"] {
            Value::Null => "–".to_owned(),
            Value::String(text) if text.is_empty() => "empty".to_owned(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        (name.clone(), default)
    });
    assert_eq!(told, of_template.collect());
}
