//! Auto Scaling groups: their sizes, `MinSize`, and why they do not grow. Nothing here can set a desired
//! capacity.

use aws_config::SdkConfig;
use aws_sdk_autoscaling::Client;
use aws_sdk_autoscaling::types::{Activity, ScalingActivityStatusCode};
use fleet::ports::{DescribeAutoScalingGroup, DescribeScalingActivities, ScalingError, SetMinSize};
use fleet::schedule::GroupSizes;
use jiff::Timestamp;

use crate::error::error_text;

/// How many activities are asked for, the newest ones: a group that cannot grow tries again every minute or
/// so, and its other activities are few.
const NEWEST: i32 = 20;

/// Auto Scaling groups.
#[derive(Debug, Clone)]
pub struct Groups {
    client: Client,
}

impl Groups {
    /// Auto Scaling by the SDK's configuration.
    pub fn new(config: &SdkConfig) -> Self {
        Self { client: Client::new(config) }
    }
}

impl DescribeAutoScalingGroup for Groups {
    async fn describe_auto_scaling_group(&self, name: &str) -> Result<GroupSizes, ScalingError> {
        let call = self.client.describe_auto_scaling_groups().auto_scaling_group_names(name);
        let output = call.send().await.map_err(|error| ScalingError(error_text(&error)))?;
        let group = output.auto_scaling_groups().first();
        let sizes = group.and_then(|group| Some((group.min_size()?, group.max_size()?)));
        let (min_size, max_size) =
            sizes.ok_or_else(|| ScalingError(format!("there is no Auto Scaling group {name}")))?;
        let size = |size: i32| u32::try_from(size).unwrap_or(0);
        Ok(GroupSizes { min_size: size(min_size), max_size: size(max_size) })
    }
}

impl DescribeScalingActivities for Groups {
    async fn describe_scaling_activities(
        &self,
        name: &str,
        since: Timestamp,
    ) -> Result<Option<String>, ScalingError> {
        let call =
            self.client.describe_scaling_activities().auto_scaling_group_name(name).max_records(NEWEST);
        let output = call.send().await.map_err(|error| ScalingError(error_text(&error)))?;
        let failed = output.activities().iter().filter(|activity| has_failed(activity));
        let failed = failed.filter_map(|activity| Some((began(activity)?, activity.status_message()?)));
        let newest = failed.filter(|(began, _)| *began >= since).max_by_key(|(began, _)| *began);
        Ok(newest.map(|(_, message)| message.to_owned()))
    }
}

/// An attempt to launch an instance that failed is Failed or Cancelled (Auto Scaling API reference:
/// `DescribeScalingActivities`).
fn has_failed(activity: &Activity) -> bool {
    use ScalingActivityStatusCode::{Cancelled, Failed};
    matches!(activity.status_code(), Some(Failed | Cancelled))
}

fn began(activity: &Activity) -> Option<Timestamp> {
    activity.start_time().and_then(|at| Timestamp::from_nanosecond(at.as_nanos()).ok())
}

impl SetMinSize for Groups {
    /// It needs no idempotency key: the size is set, not changed.
    async fn set_min_size(&self, name: &str, min_size: u32) -> Result<(), ScalingError> {
        let min_size = i32::try_from(min_size).unwrap_or(i32::MAX);
        let call = self.client.update_auto_scaling_group().auto_scaling_group_name(name).min_size(min_size);
        call.send().await.map(drop).map_err(|error| ScalingError(error_text(&error)))
    }
}
