//! The ports that are calls of Auto Scaling.

use fleet::ports::{Clock as _, DescribeAutoScalingGroup, ScalingError, SetMinSize};
use fleet::schedule::Group;

use crate::faults::Fault;
use crate::{Sandbox, Span};

impl DescribeAutoScalingGroup for Sandbox {
    async fn describe_auto_scaling_group(&self, name: &str) -> Result<Group, ScalingError> {
        self.step().await;
        if self.strikes(Fault::AutoScalingSlow) {
            // What was read beside it is as old by the time that something is done about it.
            self.sleep(self.draw(&Span::seconds(10, 45))).await;
        }
        let group = self.groups().borrow().get(name).copied();
        self.step().await;
        group.ok_or_else(|| ScalingError(format!("there is no Auto Scaling group {name}")))
    }
}

impl SetMinSize for Sandbox {
    async fn set_min_size(&self, name: &str, min_size: u32) -> Result<(), ScalingError> {
        self.step().await;
        let known = self.groups().borrow_mut().get_mut(name).map(|group| group.min_size = min_size);
        self.step().await;
        known.ok_or_else(|| ScalingError(format!("there is no Auto Scaling group {name}")))
    }
}
