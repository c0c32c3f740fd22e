//! The ports that are calls of Auto Scaling.

use fleet::ports::{
    Clock as _, DescribeAutoScalingGroup, DescribeScalingActivities, ScalingError, SetMinSize,
};
use fleet::schedule::GroupSizes;
use jiff::Timestamp;

use crate::faults::Fault;
use crate::{Operation, Sandbox, Span};

impl DescribeAutoScalingGroup for Sandbox {
    async fn describe_auto_scaling_group(&self, name: &str) -> Result<GroupSizes, ScalingError> {
        self.begin(Operation::DescribeAutoScalingGroups).await;
        // What was read beside it is as old by the time that something is done about it.
        self.may_be_slow().await;
        let group = self.groups().borrow().get(name).copied();
        self.end(Operation::DescribeAutoScalingGroups).await;
        group.ok_or_else(|| ScalingError(format!("there is no Auto Scaling group {name}")))
    }
}

impl DescribeScalingActivities for Sandbox {
    async fn describe_scaling_activities(
        &self,
        name: &str,
        since: Timestamp,
    ) -> Result<Option<String>, ScalingError> {
        self.begin(Operation::DescribeScalingActivities).await;
        self.may_be_slow().await;
        if self.strikes(Fault::ActivitiesUnknown) {
            return Err(ScalingError("time-out".to_owned()));
        }
        let failed = self.failed_activity(name);
        self.end(Operation::DescribeScalingActivities).await;
        Ok(failed.filter(|(began, _)| *began >= since).map(|(_, message)| message))
    }
}

impl Sandbox {
    async fn may_be_slow(&self) {
        if self.strikes(Fault::AutoScalingSlow) {
            self.sleep(self.draw(&Span::seconds(10, 45))).await;
        }
    }
}

impl SetMinSize for Sandbox {
    async fn set_min_size(&self, name: &str, min_size: u32) -> Result<(), ScalingError> {
        self.begin(Operation::UpdateAutoScalingGroup).await;
        let known = self.groups().borrow_mut().get_mut(name).map(|group| group.min_size = min_size);
        self.end(Operation::UpdateAutoScalingGroup).await;
        known.ok_or_else(|| ScalingError(format!("there is no Auto Scaling group {name}")))
    }
}
