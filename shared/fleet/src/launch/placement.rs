//! Where ECS puts a pool's tasks: what the deployed stack knows, and the map of pools does not.
//!
//! Names follow from the stack's and the pool's, with a `_` between them, which neither of them has: names
//! of two stacks never meet. `infra/pools.yaml` makes them by the same rule.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::request::AwsvpcConfiguration;
use crate::ids::PoolName;
use crate::pools::{CapacityProvider, Pool};

/// Where ECS puts the tasks of one pool's capacity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// The stack's name, which its tasks are tagged with.
    pub stack: String,
    /// The cluster's name.
    pub cluster: String,
    /// The task definition, by family and revision; by family alone for its newest revision.
    pub task_definition: String,
    /// The capacity provider of the cluster.
    pub capacity_provider: String,
    /// Subnets and security groups, where the task definition's network mode is `awsvpc`.
    pub network: Option<AwsvpcConfiguration>,
    /// The name of the Auto Scaling group behind an EC2 pool's capacity provider.
    pub auto_scaling_group: Option<String>,
}

impl Placement {
    /// A pool's place in a stack, with the network left out. Without a revision, tasks have the newest active one (ECS API,
    /// `RunTask`, "taskDefinition").
    pub fn in_stack(stack: &str, pool: &Pool, revision: Option<u32>) -> Self {
        let own_name = format!("{stack}_{}", pool.name);
        let is_fargate = pool.capacity.is_fargate();
        Self {
            stack: stack.to_owned(),
            cluster: format!("{stack}_{}", if is_fargate { "fargate" } else { "ec2" }),
            task_definition: revision.map_or(own_name.clone(), |it| format!("{own_name}:{it}")),
            capacity_provider: match pool.capacity {
                CapacityProvider::Fargate => "FARGATE".to_owned(),
                CapacityProvider::FargateSpot => "FARGATE_SPOT".to_owned(),
                CapacityProvider::Ec2 | CapacityProvider::Ec2Spot => own_name.clone(),
            },
            network: None,
            auto_scaling_group: (!is_fargate).then_some(own_name),
        }
    }
}

/// The stack whose task definition this is, by its ARN or by family and revision; `None` where the family is
/// none that a stack names.
pub fn stack_of(task_definition: &str) -> Option<&str> {
    let name = task_definition.rsplit('/').next()?;
    let family = name.split(':').next()?;
    family.rsplit_once('_').map(|(stack, _pool)| stack)
}

/// The places of all pools, as the template tells them to a function: one JSON object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Placements {
    /// The stack's name.
    pub stack: String,
    /// What Fargate's pools have in common.
    pub fargate: Place,
    /// What the pools on EC2 have in common.
    pub ec2: Place,
    /// The revision of each pool's task definition that this deployment made or kept.
    pub revisions: BTreeMap<PoolName, u32>,
    /// Whether tasks have the newest revision in the place of that one: `AutomaticImages` is on.
    #[serde(default)]
    pub newest: bool,
}

/// What pools have in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Subnets and security groups of their tasks.
    pub network: AwsvpcConfiguration,
    /// Whether the stack has an image for the runners of pools without one of their own.
    pub image: bool,
    /// Whether it has one for the Docker daemon beside the runner, which every task on EC2 needs.
    #[serde(default)]
    pub dockerd: bool,
}

impl Placements {
    /// Where this pool's tasks are put. `None` if the stack knows no such pool.
    pub fn of(&self, pool: &Pool) -> Option<Placement> {
        let &deployed = self.revisions.get(&pool.name)?;
        let network = Some(self.place_of(pool).network.clone());
        let revision = (!self.newest).then_some(deployed);
        Some(Placement { network, ..Placement::in_stack(&self.stack, pool, revision) })
    }

    /// Whether a task of this pool has images to run. Without them the pool launches nothing.
    pub fn has_images_for(&self, pool: &Pool) -> bool {
        let place = self.place_of(pool);
        (place.image || pool.image.is_some()) && (place.dockerd || pool.capacity.is_fargate())
    }

    fn place_of(&self, pool: &Pool) -> &Place {
        if pool.capacity.is_fargate() { &self.fargate } else { &self.ec2 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pools::{DEFAULT_POOLS, PoolMap};

    fn pool(name: &str) -> Pool {
        let pools = PoolMap::from_toml(DEFAULT_POOLS).unwrap();
        pools.get(&PoolName::new(name).unwrap()).unwrap().clone()
    }

    const TOLD: &str = r#"{
        "stack": "mayfly",
        "fargate": {"network": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"], "assignPublicIp": "ENABLED"}, "image": false},
        "ec2": {"network": {"subnets": ["subnet-2"], "securityGroups": ["sg-1"], "assignPublicIp": "DISABLED"}, "image": true, "dockerd": true},
        "revisions": {"ec2-x64": 12, "fargate-x64-spot": 3}
    }"#;

    #[test]
    fn names_follow_from_the_stack_and_the_pool() {
        let placements: Placements = serde_json::from_str(TOLD).unwrap();
        let network = |subnet: &str, address: &str| {
            Some(AwsvpcConfiguration {
                subnets: vec![subnet.to_owned()],
                security_groups: vec!["sg-1".to_owned()],
                assign_public_ip: address.to_owned(),
            })
        };
        assert_eq!(
            placements.of(&pool("ec2-x64")),
            Some(Placement {
                stack: "mayfly".to_owned(),
                cluster: "mayfly_ec2".to_owned(),
                task_definition: "mayfly_ec2-x64:12".to_owned(),
                capacity_provider: "mayfly_ec2-x64".to_owned(),
                network: network("subnet-2", "DISABLED"),
                auto_scaling_group: Some("mayfly_ec2-x64".to_owned()),
            })
        );
        assert_eq!(
            placements.of(&pool("fargate-x64-spot")),
            Some(Placement {
                stack: "mayfly".to_owned(),
                cluster: "mayfly_fargate".to_owned(),
                task_definition: "mayfly_fargate-x64-spot:3".to_owned(),
                capacity_provider: "FARGATE_SPOT".to_owned(),
                network: network("subnet-1", "ENABLED"),
                auto_scaling_group: None,
            })
        );
        assert_eq!(placements.of(&pool("fargate-arm64")), None, "the stack does not know it");
    }

    #[test]
    fn images_that_come_without_a_deploy_are_in_the_newest_revision() {
        let newest = TOLD.replace("\"revisions\"", "\"newest\": true, \"revisions\"");
        let placements: Placements = serde_json::from_str(&newest).unwrap();
        let found = placements.of(&pool("ec2-x64")).map(|it| it.task_definition);
        assert_eq!(found.as_deref(), Some("mayfly_ec2-x64"));
        assert_eq!(placements.of(&pool("fargate-arm64")), None, "the stack does not know it");
    }

    #[test]
    fn a_task_definition_tells_its_stack() {
        for (task_definition, stack, why) in [
            (
                "arn:aws:ecs:us-east-1:123456789012:task-definition/mayfly_ec2-x64:12",
                Some("mayfly"),
                "an ARN",
            ),
            ("mayfly_ec2-x64:12", Some("mayfly"), "a family with its revision"),
            ("my-second-stack_fargate-x64", Some("my-second-stack"), "a family"),
            ("arn:aws:ecs:us-east-1:123456789012:task-definition/by-hand:1", None, "no stack's"),
            ("", None, "nothing"),
        ] {
            assert_eq!(stack_of(task_definition), stack, "{why}");
        }
    }

    #[test]
    fn a_pool_has_images_of_the_stack_or_its_own_and_docker_on_ec2() {
        let mut placements: Placements = serde_json::from_str(TOLD).unwrap();
        let with_image = |name: &str| Pool { image: Some("own".to_owned()), ..pool(name) };
        assert!(!placements.has_images_for(&pool("fargate-x64")));
        assert!(placements.has_images_for(&with_image("fargate-x64")));
        assert!(placements.has_images_for(&pool("ec2-x64")));
        placements.ec2.dockerd = false;
        assert!(!placements.has_images_for(&with_image("ec2-x64")), "nothing runs beside the runner");
    }
}
