//! The minimum number of EC2 instances of a pool's Auto Scaling group. ECS sets the desired capacity.

use super::{Repair, Snapshot};
use crate::pools::Pool;
use crate::schedule::floor;

/// `MinSize`, if it is wrong. A pool without instances has none.
pub(super) fn find(snapshot: &Snapshot<'_>) -> Vec<Repair> {
    snapshot.pools.iter().filter_map(|pool| of_pool(snapshot, pool)).collect()
}

fn of_pool(snapshot: &Snapshot<'_>, pool: &Pool) -> Option<Repair> {
    let group = snapshot.placements.get(&pool.name)?.auto_scaling_group.clone()?;
    let sizes = *snapshot.groups.get(&pool.name)?;
    let live = snapshot.books.get(&pool.name)?.live;
    let live = u32::try_from(live.max(0)).unwrap_or(u32::MAX);
    let hours = snapshot.pools.hours(pool);
    let wanted = hours.highest_minimum(snapshot.now, hours.schedule.lead());
    let (from, to) = (sizes.min_size, floor(sizes, wanted, live, pool.runners_per_instance?));
    (from != to).then(|| Repair::SetMinSize { pool: pool.name.clone(), group, from, to })
}
