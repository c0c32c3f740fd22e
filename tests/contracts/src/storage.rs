//! The ledger's table, as `infra/storage.yaml` describes it.

use std::sync::LazyLock;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::TimeToLiveSpecification;
use aws_smithy_types::body::SdkBody;
use serde_json::{Map, Value};

use crate::template;

/// The properties of the table. Who reads the template is a process of its own, so that this is done once.
static TABLE: LazyLock<Map<String, Value>> = LazyLock::new(|| {
    let template = template::read_file("infra/storage.yaml");
    template["Resources"]["LedgerTable"]["Properties"].as_object().unwrap().clone()
});

/// Makes the table and switches its TTL on. `AWS::DynamoDB::Table` and `CreateTable` use the same words
/// for what both have, so that the request is what the template says.
pub async fn create_table(client: &Client, name: &str) {
    let mut described = TABLE.clone();
    let ttl = described.remove("TimeToLiveSpecification").unwrap();
    // How it is kept and whose it is, and not what it is: `CreateTable` has other words for these, or none.
    for kept in ["PointInTimeRecoverySpecification", "SSESpecification", "Tags"] {
        described.remove(kept).unwrap();
    }
    described.insert("TableName".to_owned(), name.into());
    let body = Value::Object(described).to_string();
    let request = client.create_table().table_name(name).customize().mutate_request(move |request| {
        request.headers_mut().insert("content-length", body.len().to_string());
        *request.body_mut() = SdkBody::from(body.as_str());
    });
    request.send().await.unwrap();
    let ttl = TimeToLiveSpecification::builder()
        .attribute_name(ttl["AttributeName"].as_str().unwrap())
        .enabled(ttl["Enabled"].as_bool().unwrap());
    let request = client.update_time_to_live().table_name(name);
    request.time_to_live_specification(ttl.build().unwrap()).send().await.unwrap();
}
