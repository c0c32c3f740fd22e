//! What the launcher is told.

use std::collections::BTreeMap;

use fleet::launch::Placement;
use fleet::settings::{FromParameters, Parameters, SettingsProblems, folder};
use fleet::{PoolMap, PoolName};
use secrecy::SecretString;

/// The settings, as they are at the time of a batch: they may change while the function lives.
#[derive(Debug)]
pub struct Settings {
    /// The map of pools.
    pub pools: PoolMap,
    /// Where ECS puts each pool's tasks.
    pub placements: BTreeMap<PoolName, Placement>,
    /// The key that tickets are issued under.
    pub ticket_key: SecretString,
}

impl FromParameters for Settings {
    const FOLDERS: &'static [&'static str] = &[folder::POOLS, folder::PLACEMENTS, folder::TICKET_KEYS];

    fn from_parameters(parameters: &Parameters) -> Result<Self, SettingsProblems> {
        let mut problems = SettingsProblems::default();
        let pools = parameters.pools(&mut problems);
        let placements = parameters.placements(pools.as_ref(), &mut problems);
        let ticket_key = parameters.secrets(folder::TICKET_KEYS, &mut problems).pop();
        let settings =
            pools.zip(ticket_key).map(|(pools, ticket_key)| Self { pools, placements, ticket_key });
        problems.all_or(settings)
    }
}
