//! What launches depend on.

use std::collections::BTreeMap;

use fleet::launch::{Placement, Placements};
use fleet::settings::{Parameters, SettingsProblems, folder};
use fleet::{PoolMap, PoolName};
use secrecy::SecretString;
use tracing::warn;

/// What is deployed with a function that launches.
#[derive(Debug, Clone)]
pub struct LaunchDeployment {
    /// The map of pools. Nothing is launched in a pool that has no image.
    pub pools: PoolMap,
    /// Where ECS places each pool's tasks, including pools that are out of service.
    pub placements: BTreeMap<PoolName, Placement>,
}

impl LaunchDeployment {
    /// Joins a map of pools with the stack's placements, which must know every pool of the map.
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

    /// A cluster of the stack, if a pool is in one.
    pub fn a_cluster(&self) -> Option<String> {
        self.placements.values().next().map(|placement| placement.cluster.clone())
    }
}

/// What launches depend on, as of one event.
#[derive(Debug)]
pub struct LaunchSettings {
    /// The map of pools.
    pub pools: PoolMap,
    /// Where ECS places each pool's tasks.
    pub placements: BTreeMap<PoolName, Placement>,
    /// The key under which tickets are issued.
    pub ticket_key: SecretString,
}

impl LaunchSettings {
    /// Joins what is deployed with the current ticket key.
    pub fn read(deployed: &LaunchDeployment, parameters: &Parameters) -> Result<Self, SettingsProblems> {
        let mut problems = SettingsProblems::default();
        let ticket_key = parameters.secrets(folder::TICKET_KEYS, &mut problems).pop();
        let LaunchDeployment { pools, placements } = deployed.clone();
        problems.all_or(ticket_key.map(|ticket_key| Self { pools, placements, ticket_key }))
    }
}

#[cfg(test)]
mod tests {
    use fleet::pools::DEFAULT_POOLS;
    use kit::recording::record;
    use serde_json::json;

    use super::*;

    fn placements(pools: &PoolMap, revised: impl Fn(&PoolName) -> bool) -> Placements {
        let network =
            json!({"subnets": ["subnet-1"], "securityGroups": ["sg-1"], "assignPublicIp": "ENABLED"});
        let revisions =
            pools.iter().filter(|pool| revised(&pool.name)).map(|pool| (pool.name.to_string(), 1));
        let told = json!({
            "stack": "mayfly",
            "fargate": {"network": network, "image": false},
            "ec2": {"network": network, "image": true, "dockerd": true},
            "revisions": revisions.collect::<BTreeMap<_, _>>(),
        });
        serde_json::from_value(told).unwrap()
    }

    #[test]
    fn wrong_placements_are_reported_when_a_function_starts_and_not_at_each_event() {
        let pools = PoolMap::from_toml(DEFAULT_POOLS).unwrap();
        let whole = placements(&pools, |_| true);
        let (deployed, started) = record(|| LaunchDeployment::new(pools.clone(), &whole).unwrap());
        let warned = started.lines("the stack has no image for it: nothing is launched there");
        let warned: Vec<_> = warned.iter().map(|line| line["fields"]["pool"].as_str().unwrap()).collect();
        assert_eq!(warned, ["fargate-arm64", "fargate-x64", "fargate-x64-spot"]);
        let held: Vec<_> = deployed.pools.iter().filter(|pool| pool.maximum == 0).collect();
        assert_eq!(held.iter().map(|pool| pool.name.as_str()).collect::<Vec<_>>(), warned);

        let mut parameters = Parameters::under("/mayfly");
        parameters.add("/mayfly/ticket-keys/1", "key");
        let ((), later) = record(|| {
            for _ in 0..3 {
                assert_eq!(LaunchSettings::read(&deployed, &parameters).unwrap().placements.len(), 7);
            }
        });
        assert_eq!(later.log, "", "secrets are read again, and placements are not");

        let lacks = placements(&pools, |pool| !pool.as_str().ends_with("-spot"));
        let problems = LaunchDeployment::new(pools, &lacks).unwrap_err().to_string();
        let line = |pool: &str| format!("MAYFLY_PLACEMENTS: revisions has no {pool}; deploy again");
        let expected = ["ec2-arm64-spot", "ec2-x64-spot", "fargate-x64-spot"].map(line);
        assert_eq!(problems.lines().collect::<Vec<_>>(), expected);
    }
}
