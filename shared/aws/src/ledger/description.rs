//! The table's description, and the table made from it.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, GlobalSecondaryIndex, KeySchemaElement, Projection, TimeToLiveSpecification,
};
use fleet::ports::LedgerError;
use serde::Deserialize;

use super::unavailable;

/// The table's description as JSON, in the words of `AWS::DynamoDB::Table` and of `CreateTable`,
/// which are the same ones. `template.yaml` repeats it, and a test holds the two together.
pub const DESCRIPTION: &str = include_str!("table.json");

/// Makes the table and switches its TTL on, for tests and on one machine. In AWS, `template.yaml`
/// makes it.
pub async fn create_table(client: &Client, name: &str) -> Result<(), LedgerError> {
    let described: Described =
        serde_json::from_str(DESCRIPTION).map_err(|error| LedgerError::Unavailable(error.to_string()))?;
    let broken = |error: BuildError| LedgerError::Unavailable(error.to_string());
    let attributes = each(&described.attribute_definitions, Attribute::build).map_err(broken)?;
    let key = each(&described.key_schema, KeyPart::build).map_err(broken)?;
    let indexes = each(&described.global_secondary_indexes, Index::build).map_err(broken)?;
    let ttl = described.time_to_live_specification.build().map_err(broken)?;
    let request = client
        .create_table()
        .table_name(name)
        .billing_mode(described.billing_mode.as_str().into())
        .set_attribute_definitions(Some(attributes))
        .set_key_schema(Some(key))
        .set_global_secondary_indexes(Some(indexes));
    request.send().await.map_err(|error| unavailable(&error))?;
    let request = client.update_time_to_live().table_name(name).time_to_live_specification(ttl);
    request.send().await.map(drop).map_err(|error| unavailable(&error))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Described {
    billing_mode: String,
    attribute_definitions: Vec<Attribute>,
    key_schema: Vec<KeyPart>,
    global_secondary_indexes: Vec<Index>,
    time_to_live_specification: TimeToLive,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Attribute {
    attribute_name: String,
    attribute_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct KeyPart {
    attribute_name: String,
    key_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Index {
    #[serde(rename = "IndexName")]
    name: String,
    key_schema: Vec<KeyPart>,
    projection: Projected,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Projected {
    projection_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct TimeToLive {
    attribute_name: String,
    enabled: bool,
}

impl Attribute {
    fn build(&self) -> Result<AttributeDefinition, BuildError> {
        let kind = self.attribute_type.as_str().into();
        AttributeDefinition::builder().attribute_name(&self.attribute_name).attribute_type(kind).build()
    }
}

impl KeyPart {
    fn build(&self) -> Result<KeySchemaElement, BuildError> {
        let kind = self.key_type.as_str().into();
        KeySchemaElement::builder().attribute_name(&self.attribute_name).key_type(kind).build()
    }
}

impl Index {
    fn build(&self) -> Result<GlobalSecondaryIndex, BuildError> {
        let kind = self.projection.projection_type.as_str().into();
        GlobalSecondaryIndex::builder()
            .index_name(&self.name)
            .set_key_schema(Some(each(&self.key_schema, KeyPart::build)?))
            .projection(Projection::builder().projection_type(kind).build())
            .build()
    }
}

impl TimeToLive {
    fn build(&self) -> Result<TimeToLiveSpecification, BuildError> {
        let ttl = TimeToLiveSpecification::builder().attribute_name(&self.attribute_name);
        ttl.enabled(self.enabled).build()
    }
}

fn each<D, T>(described: &[D], build: fn(&D) -> Result<T, BuildError>) -> Result<Vec<T>, BuildError> {
    described.iter().map(build).collect()
}

#[cfg(test)]
mod tests {
    use super::super::attributes;
    use super::*;

    #[test]
    fn the_code_and_the_description_use_the_same_names() {
        let described: Described = serde_json::from_str(DESCRIPTION).unwrap();
        let names = |parts: &[KeyPart]| {
            parts.iter().map(|part| format!("{} {}", part.attribute_name, part.key_type)).collect::<Vec<_>>()
        };
        assert_eq!(names(&described.key_schema), [format!("{} HASH", attributes::KEY)]);
        let index = &described.global_secondary_indexes[0];
        assert_eq!(index.name, attributes::INDEX);
        let expected = [format!("{} HASH", attributes::LISTING), format!("{} RANGE", attributes::CHANGED_AT)];
        assert_eq!(names(&index.key_schema), expected);
        assert_eq!(described.time_to_live_specification.attribute_name, attributes::TTL);
    }
}
