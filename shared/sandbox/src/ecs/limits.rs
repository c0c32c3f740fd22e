//! ECS's limits on what is launched. There are none where nobody sets any.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::RunTaskError;

/// How many calls of `RunTask` an account may make, and how many of a cluster's tasks may wait for capacity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EcsLimits {
    /// Beyond it `RunTask` is throttled.
    pub run_task: Option<Rate>,
    /// The most tasks of a cluster in PROVISIONING.
    pub provisioning: Option<u32>,
}

/// A rate that lets through as many at once as it has saved up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// What it saves up in a second.
    pub a_second: u32,
    /// The most that it saves up.
    pub burst: u32,
}

/// How near launches came to the limits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Strain {
    /// Calls of `RunTask` that were throttled.
    pub throttled: u64,
    /// Calls of `RunTask` that were refused because too many tasks of the cluster were in PROVISIONING.
    pub refused: u64,
    /// The most tasks of one cluster that were in PROVISIONING at once.
    pub most_provisioning: u32,
}

/// What is left of the limits.
#[derive(Debug, Default)]
pub(super) struct EcsHeadroom {
    pub(super) limits: EcsLimits,
    pub(super) strain: Strain,
    /// Calls saved up, in thousandths, and when they were counted.
    saved: Option<(u64, Timestamp)>,
    provisioning: BTreeMap<String, u32>,
}

impl EcsHeadroom {
    /// Takes a call of `RunTask`, unless all that was saved up is used.
    pub(super) fn take_call(&mut self, now: Timestamp) -> Result<(), RunTaskError> {
        let Some(Rate { a_second, burst }) = self.limits.run_task else { return Ok(()) };
        let most = u64::from(burst) * 1000;
        let (saved, at) = self.saved.unwrap_or((most, now));
        let passed = u64::try_from(now.duration_since(at).as_millis()).unwrap_or_default();
        let saved = most.min(saved.saturating_add(passed.saturating_mul(a_second.into())));
        let left = saved.checked_sub(1000);
        self.saved = Some((left.unwrap_or(saved), now));
        if left.is_none() {
            self.strain.throttled += 1;
            return Err(RunTaskError::exception("ThrottlingException", "Rate exceeded"));
        }
        Ok(())
    }

    /// A new task of a cluster would be in PROVISIONING, unless too many are.
    pub(super) fn check_provisioning(&mut self, cluster: &str) -> Result<(), RunTaskError> {
        let now = self.provisioning.get(cluster).copied().unwrap_or_default();
        if self.limits.provisioning.is_some_and(|most| now >= most) {
            self.strain.refused += 1;
            let message = "Tasks provisioning capacity limit exceeded.";
            return Err(RunTaskError::exception("ClientException", message));
        }
        Ok(())
    }

    /// A task of a cluster is in PROVISIONING.
    pub(super) fn provisions(&mut self, cluster: &str) {
        let now = self.provisioning.entry(cluster.to_owned()).or_default();
        *now += 1;
        self.strain.most_provisioning = self.strain.most_provisioning.max(*now);
    }

    /// A task of a cluster has left PROVISIONING.
    pub(super) fn provisioned(&mut self, cluster: &str) {
        if let Some(now) = self.provisioning.get_mut(cluster) {
            *now = now.saturating_sub(1);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::constant(1_791_190_800, 0);

    fn after(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(START.as_millisecond() + milliseconds).unwrap()
    }

    fn room(run_task: Option<Rate>, provisioning: Option<u32>) -> EcsHeadroom {
        EcsHeadroom { limits: EcsLimits { run_task, provisioning }, ..EcsHeadroom::default() }
    }

    #[test]
    fn a_burst_goes_through_and_then_as_many_as_are_saved_up() {
        let mut room = room(Some(Rate { a_second: 20, burst: 100 }), None);
        let mut through = |at| (0..200).filter(|_| room.take_call(after(at)).is_ok()).count();
        let found = [0, 49, 50, 1_050, 3_600_000].map(&mut through);
        assert_eq!(found, [100, 0, 1, 20, 100], "an hour saves up no more than a burst");
        assert_eq!(room.strain.throttled, 1000 - 221);
        let refusal = RunTaskError::exception("ThrottlingException", "Rate exceeded");
        assert_eq!(room.take_call(after(3_600_000)), Err(refusal));
    }

    #[test]
    fn a_cluster_has_so_many_tasks_in_provisioning_and_others_have_theirs() {
        let mut room = room(None, Some(2));
        room.provisions("fargate");
        assert_eq!(room.check_provisioning("fargate"), Ok(()));
        room.provisions("fargate");
        let refusal =
            RunTaskError::exception("ClientException", "Tasks provisioning capacity limit exceeded.");
        assert_eq!(room.check_provisioning("fargate"), Err(refusal));
        assert_eq!(room.check_provisioning("ec2"), Ok(()));
        room.provisioned("fargate");
        assert_eq!(room.check_provisioning("fargate"), Ok(()));
        assert_eq!(room.strain, Strain { throttled: 0, refused: 1, most_provisioning: 2 });
    }

    #[test]
    fn nothing_is_limited_where_nobody_sets_a_limit() {
        let mut room = EcsHeadroom::default();
        for _ in 0..10_000 {
            assert_eq!((room.take_call(START), room.check_provisioning("fargate")), (Ok(()), Ok(())));
            room.provisions("fargate");
        }
        assert_eq!(room.strain, Strain { most_provisioning: 10_000, ..Strain::default() });
    }
}
