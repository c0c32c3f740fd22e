//! `Query`, on the sparse index.

use aws_sdk_dynamodb::types::AttributeValue;
use fleet::ledger::{Key, Listing};
use fleet::ports::LedgerError;

use super::attributes::{INDEX, LISTING, to_key};
use super::{DynamoDbTable, unavailable};

impl DynamoDbTable {
    pub(super) async fn query(&self, listing: &Listing) -> Result<Vec<Key>, LedgerError> {
        let request = self.client.query().table_name(&self.name).index_name(INDEX);
        let request = request
            .key_condition_expression("#listing = :listing")
            .expression_attribute_names("#listing", LISTING)
            .expression_attribute_values(":listing", AttributeValue::S(listing.to_string()));
        let mut found = request.into_paginator().items().send();
        let mut keys = Vec::new();
        while let Some(attributes) = found.next().await {
            keys.push(to_key(&attributes.map_err(|error| unavailable(&error))?)?);
        }
        Ok(keys)
    }
}
