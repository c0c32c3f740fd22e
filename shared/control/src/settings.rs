//! What launches depend on.

use std::collections::BTreeMap;

use fleet::launch::Placement;
use fleet::settings::{Parameters, SettingsProblems, folder};
use fleet::{PoolMap, PoolName};
use secrecy::SecretString;

/// What launches depend on, as it is at the time of an event.
#[derive(Debug)]
pub struct LaunchSettings {
    /// The map of pools.
    pub pools: PoolMap,
    /// Where ECS puts each pool's tasks.
    pub placements: BTreeMap<PoolName, Placement>,
    /// The key that tickets are issued under.
    pub ticket_key: SecretString,
}

impl LaunchSettings {
    /// Reads what goes with a map of pools that was read before, with what was wrong with that.
    pub fn with_pools(
        pools: Option<PoolMap>,
        parameters: &Parameters,
        mut problems: SettingsProblems,
    ) -> Result<Self, SettingsProblems> {
        let placements = parameters.placements(pools.as_ref(), &mut problems);
        let ticket_key = parameters.secrets(folder::TICKET_KEYS, &mut problems).pop();
        let settings =
            pools.zip(ticket_key).map(|(pools, ticket_key)| Self { pools, placements, ticket_key });
        problems.all_or(settings)
    }
}
