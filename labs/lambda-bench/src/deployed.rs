//! What a stack gives the functions: the map of pools, their placements, and the secrets.

use std::collections::BTreeMap;

use anyhow::Result;
use fleet::PoolMap;
use fleet::launch::{AwsvpcConfiguration, Place, Placements};
use wire::stack::Secrets;

/// The stack's name.
pub(crate) const STACK: &str = "mayfly";

/// A parameter of the Parameter Store.
#[derive(Debug, Clone)]
pub(crate) struct Parameter {
    /// Its whole name.
    pub(crate) name: String,
    /// Its value.
    pub(crate) value: String,
}

/// The secrets, as the Parameter Store has them.
pub(crate) fn parameters(secrets: &Secrets) -> Vec<Parameter> {
    let secret = |(name, value): (String, &str)| Parameter { name, value: value.to_owned() };
    secrets.parameters().map(secret).into()
}

/// The placements of a map's pools, in the template's format.
pub(crate) fn placements(map: &str) -> Result<String> {
    let network = AwsvpcConfiguration {
        subnets: vec!["subnet-1".to_owned()],
        security_groups: vec!["sg-1".to_owned()],
        assign_public_ip: "DISABLED".to_owned(),
    };
    let place = Place { network, image: true, dockerd: true };
    let pools = PoolMap::from_toml(map)?;
    let revisions: BTreeMap<_, _> = pools.with_retiring().map(|pool| (pool.name.clone(), 1)).collect();
    let stack = STACK.to_owned();
    let placements = Placements { stack, fargate: place.clone(), ec2: place, revisions, newest: false };
    Ok(serde_json::to_string(&placements)?)
}

/// The map that Mayfly ships, with this many more pools, on Fargate.
pub fn map_with(more: u32) -> String {
    let mut map = fleet::pools::DEFAULT_POOLS.to_owned();
    let pools = (0..more).map(|number| {
        format!(
            "\n[pools.more-{number}]\nlabels = [\"more\"]\narchitecture = \"x86_64\"\ncapacity = \"fargate\"\n\
             cpu_units = 4096\nmemory_mib = 16384\ndisk_gib = 60\nrunner_group = \"fargate\"\n\
             priority = {}\nmaximum = 10\n",
            100 + number
        )
    });
    map.extend(pools);
    map
}
