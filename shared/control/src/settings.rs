//! What launches depend on.

use std::collections::BTreeMap;

use fleet::launch::{Placement, Placements};
use fleet::settings::{Parameters, SettingsProblems, folder};
use fleet::{PoolMap, PoolName};
use secrecy::SecretString;
use tracing::warn;

/// What is deployed with a function that launches.
#[derive(Debug, Clone)]
pub struct Deployed {
    /// The map of pools. Nothing is launched in one that has no image.
    pub pools: PoolMap,
    /// Where ECS puts each pool's tasks, also those of pools that are out of service.
    pub placements: BTreeMap<PoolName, Placement>,
}

impl Deployed {
    /// A map of pools in the places of a stack, which has to know each of them.
    pub fn new(pools: PoolMap, placements: &Placements) -> Result<Self, SettingsProblems> {
        let mut problems = SettingsProblems::default();
        let mut placed = BTreeMap::new();
        for pool in pools.with_retiring() {
            if let Some(placement) = placements.of(pool) {
                placed.insert(pool.name.clone(), placement);
            } else {
                problems.note(format!("MAYFLY_PLACEMENTS: revisions has no {}; deploy again", pool.name));
            }
        }
        let has_no_image = |pool: &fleet::Pool| !placements.has_images_for(pool);
        for pool in pools.iter().filter(|pool| has_no_image(pool)) {
            warn!(pool = %pool.name, "the stack has no image for it: nothing is launched there");
        }
        problems.all_or(Some(Self { pools: pools.held_where(has_no_image), placements: placed }))
    }
}

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
    /// What is deployed, with the ticket key of this moment.
    pub fn read(deployed: &Deployed, parameters: &Parameters) -> Result<Self, SettingsProblems> {
        let mut problems = SettingsProblems::default();
        let ticket_key = parameters.secrets(folder::TICKET_KEYS, &mut problems).pop();
        let Deployed { pools, placements } = deployed.clone();
        problems.all_or(ticket_key.map(|ticket_key| Self { pools, placements, ticket_key }))
    }
}
