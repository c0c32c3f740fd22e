//! Where the sandbox puts a pool's tasks: as a stack named `mayfly` does.

use std::collections::BTreeMap;

use fleet::launch::Placement;
use fleet::{Pool, PoolMap, PoolName};

/// The stack's name.
pub const STACK: &str = "mayfly";

/// Each pool's place.
pub fn placements_of(pools: &PoolMap) -> BTreeMap<PoolName, Placement> {
    pools.with_retiring().map(|pool| (pool.name.clone(), placement_of(pool))).collect()
}

/// In a stack of that name.
pub fn placement_of(pool: &Pool) -> Placement {
    Placement::in_stack(STACK, pool, Some(1))
}
