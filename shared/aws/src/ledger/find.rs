//! `ListTables`: the ledger's table, by its stack.

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use fleet::ports::LedgerError;

use super::unavailable;

/// Finds the ledger's table of a stack, for programs without a deployment's settings. CloudFormation names it by the stack, by the
/// nested one's logical id and by its own (`template.yaml`, `infra/storage.yaml`).
pub async fn table_of_stack(config: &SdkConfig, stack: &str) -> Result<Option<String>, LedgerError> {
    let mut names = Client::new(config).list_tables().into_paginator().items().send();
    while let Some(name) = names.next().await {
        let name = name.map_err(|error| unavailable(&error))?;
        if is_of_stack(&name, stack) {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

fn is_of_stack(name: &str, stack: &str) -> bool {
    let rest = name.strip_prefix(stack).and_then(|rest| rest.strip_prefix("-Storage-"));
    rest.is_some_and(|rest| rest.contains("-LedgerTable-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_its_stacks() {
        for (name, is_its) in [
            ("mayfly-Storage-1ABC2DEF-LedgerTable-3GHI4JKL", true),
            ("mayfly-staging-Storage-1ABC2DEF-LedgerTable-3GHI4JKL", false),
            ("mayfly-Storage-1ABC2DEF-Other-3GHI4JKL", false),
            ("orders", false),
        ] {
            assert_eq!(is_of_stack(name, "mayfly"), is_its, "{name}");
        }
    }
}
