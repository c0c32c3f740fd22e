//! What the functions read from the Parameter Store, without a stack.

use anyhow::{Context as _, Result};
use fleet::PoolMap;
use fleet::settings::folder;
use wire::stack::{PARAMETERS, Secrets};

/// A parameter of the Parameter Store.
#[derive(Debug, Clone)]
pub(crate) struct Parameter {
    /// Its whole name.
    pub(crate) name: String,
    /// Its value.
    pub(crate) value: String,
}

/// All of them, for a pool map in the form of `pools.toml`.
pub(crate) fn all(map: &str, secrets: &Secrets) -> Result<Vec<Parameter>> {
    let (pools, entries) = (PoolMap::from_toml(map)?, platform::pools::entries(map)?);
    let parameter =
        |folder: &str, name: &str, value| Parameter { name: format!("{PARAMETERS}/{folder}/{name}"), value };
    let mut parameters = Vec::new();
    for pool in pools.iter() {
        let name = pool.name.as_str();
        let entry = entries.get(name).with_context(|| format!("{name} has no entry"))?;
        let placement = serde_json::to_string(&sandbox::placement_of(pool))?;
        parameters.push(parameter(folder::POOLS, name, entry.to_string()));
        parameters.push(parameter(folder::PLACEMENTS, name, placement));
    }
    parameters.push(parameter(folder::SCHEDULE, "platform", pools.schedule().to_value().to_string()));
    let secrets = secrets.parameters();
    let secret = |(name, value): (String, &str)| Parameter { name, value: value.to_owned() };
    parameters.extend(secrets.map(secret));
    Ok(parameters)
}
