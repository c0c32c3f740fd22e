//! Where the sandbox puts a pool's tasks, as `infra/pools.yaml` names things.

use std::collections::BTreeMap;

use fleet::launch::Placement;
use fleet::{Pool, PoolMap, PoolName};

/// Each pool's place.
pub fn placements_of(pools: &PoolMap) -> BTreeMap<PoolName, Placement> {
    pools.iter().map(|pool| (pool.name.clone(), placement_of(pool))).collect()
}

/// The cluster `fargate` or `ecs`, a task definition and an Auto Scaling group named after the pool.
pub fn placement_of(pool: &Pool) -> Placement {
    let fargate = pool.capacity.is_fargate();
    Placement {
        cluster: if fargate { "fargate" } else { "ecs" }.to_owned(),
        task_definition: format!("mayfly-{}", pool.name),
        capacity_provider: pool.capacity_provider().to_owned(),
        network: None,
        auto_scaling_group: (!fargate).then(|| format!("mayfly-{}", pool.name)),
    }
}
