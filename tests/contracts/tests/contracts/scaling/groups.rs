//! Auto Scaling groups in moto, and our client of them with its calls counted.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use aws::scaling::Groups;
use aws_config::SdkConfig;
use aws_sdk_autoscaling::Client;
use fleet::PoolMap;
use fleet::ports::{DescribeAutoScalingGroup, DescribeScalingActivities, ScalingError, SetMinSize};
use fleet::schedule::GroupSizes;
use jiff::Timestamp;

/// Our client, which tells whether a call is in flight, and what was set.
#[derive(Debug, Clone)]
pub(crate) struct InFlight {
    groups: Groups,
    calls: Rc<Cell<usize>>,
    set: Rc<RefCell<Vec<(String, u32)>>>,
}

impl InFlight {
    pub(crate) fn new(config: &SdkConfig) -> Self {
        Self { groups: Groups::new(config), calls: Rc::default(), set: Rc::default() }
    }

    /// Whether somebody waits for moto.
    pub(crate) fn is_any(&self) -> bool {
        self.calls.get() > 0
    }

    /// What was set since the last time that this was asked.
    pub(crate) fn take_set(&self) -> Vec<(String, u32)> {
        self.set.take()
    }

    async fn counted<T>(&self, call: impl Future<Output = T>) -> T {
        self.calls.set(self.calls.get() + 1);
        let answer = call.await;
        self.calls.set(self.calls.get() - 1);
        answer
    }
}

impl DescribeAutoScalingGroup for InFlight {
    async fn describe_auto_scaling_group(&self, name: &str) -> Result<GroupSizes, ScalingError> {
        self.counted(self.groups.describe_auto_scaling_group(name)).await
    }
}

impl DescribeScalingActivities for InFlight {
    async fn describe_scaling_activities(
        &self,
        name: &str,
        since: Timestamp,
    ) -> Result<Option<String>, ScalingError> {
        self.counted(self.groups.describe_scaling_activities(name, since)).await
    }
}

impl SetMinSize for InFlight {
    async fn set_min_size(&self, name: &str, min_size: u32) -> Result<(), ScalingError> {
        self.counted(self.groups.set_min_size(name, min_size)).await?;
        self.set.borrow_mut().push((name.to_owned(), min_size));
        Ok(())
    }
}

/// Makes a group for each pool on EC2, with room for all of its runners but in the narrow one.
pub(crate) async fn make(client: &Client, pools: &PoolMap, narrow: (&str, i32)) {
    let made = client.create_launch_configuration().launch_configuration_name("mayfly");
    made.image_id("ami-12c6146b").instance_type("t3.2xlarge").send().await.unwrap();
    for pool in pools.iter() {
        let name = sandbox::placement_of(pool).auto_scaling_group;
        let Some((name, each)) = name.zip(pool.runners_per_instance) else { continue };
        let room = i32::try_from(pool.maximum.div_ceil(each)).unwrap();
        let max_size = if name == narrow.0 { narrow.1 } else { room };
        let group = client.create_auto_scaling_group().auto_scaling_group_name(name);
        let group = group.launch_configuration_name("mayfly").availability_zones("eu-central-1a");
        group.min_size(0).max_size(max_size).send().await.unwrap();
    }
}

/// A group's `MinSize`, `MaxSize` and desired capacity.
pub(crate) async fn sizes(client: &Client, name: &str) -> (u32, u32, u32) {
    let asked = client.describe_auto_scaling_groups().auto_scaling_group_names(name).send().await.unwrap();
    let group = &asked.auto_scaling_groups()[0];
    let size = |size: Option<i32>| u32::try_from(size.unwrap()).unwrap();
    (size(group.min_size), size(group.max_size), size(group.desired_capacity))
}
