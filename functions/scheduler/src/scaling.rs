//! How many EC2 instances a pool's Auto Scaling group keeps at least. Its desired capacity is ECS's.

use control::Invocation;
use fleet::Pool;
use fleet::ports::{Clock, Ledger, ListItems, Random};
use fleet::schedule::floor;
use jiff::Timestamp;
use tracing::info;

use crate::{Ecs, Scaling, Scheduler, StepError};

impl<L: Ledger + ListItems, C: Clock + Random, T: Ecs, S: Scaling> Scheduler<L, C, T, S> {
    /// Sets `MinSize` where it is not what it shall be. A pool without instances has none.
    pub(crate) async fn scale(
        &self,
        invocation: &Invocation<'_>,
        pool: &Pool,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let placement = invocation.settings.placements.get(&pool.name);
        let name = placement.and_then(|placement| placement.auto_scaling_group.as_ref());
        let Some((name, each)) = name.zip(pool.runners_per_instance) else { return Ok(()) };
        let hours = invocation.settings.pools.hours(pool);
        let wanted = hours.highest_minimum(now, hours.schedule.lead());
        let live = self.book(&pool.name).await?.map_or(0, |book| book.live);
        let live = u32::try_from(i64::max(live, 0)).unwrap_or(u32::MAX);
        let group = self.scaling.describe_auto_scaling_group(name).await?;
        let min_size = floor(group, wanted, live, each);
        if min_size != group.min_size {
            self.scaling.set_min_size(name, min_size).await?;
            info!(pool = %pool.name, group = name, from = group.min_size, to = min_size, "MinSize set");
        }
        Ok(())
    }
}
