//! How many EC2 instances an Auto Scaling group keeps at least.

/// The sizes of an Auto Scaling group. Desired capacity is not among them: ECS's managed scaling
/// alone sets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupSizes {
    /// Fewest instances that it keeps.
    pub min_size: u32,
    /// Most instances that it may have.
    pub max_size: u32,
}

/// The `MinSize` that a group shall have.
///
/// Instances lead: `minimum` is the highest one from now until the schedule's lead later. And they
/// follow: while more runners are `live` than that, the floor is not lowered under them, so that
/// runners go first and instances after them. It never rises for runners beyond the minimum, which
/// managed scaling makes room for, and never over the group's `MaxSize`.
pub fn floor(group: GroupSizes, minimum: u32, live: u32, runners_per_instance: u32) -> u32 {
    let instances = |runners: u32| runners.div_ceil(runners_per_instance.max(1));
    instances(minimum).max(group.min_size.min(instances(live))).min(group.max_size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_lead_on_the_way_up_and_follow_on_the_way_down() {
        for (min_size, max_size, minimum, live, floor_is, why) in [
            (2, 8, 6, 3, 3, "up before the runners are there"),
            (3, 8, 6, 6, 3, "as it is"),
            (3, 8, 3, 6, 3, "the runners are still there"),
            (3, 8, 3, 5, 3, "half an instance is an instance"),
            (3, 8, 3, 4, 2, "down behind the runners"),
            (2, 8, 3, 3, 2, "at rest"),
            (2, 8, 3, 14, 2, "jobs' runners are managed scaling's matter"),
            (4, 8, 0, 0, 0, "nothing is kept"),
            (0, 2, 6, 0, 2, "never over MaxSize"),
            (9, 2, 0, 30, 2, "not even where somebody else set it"),
        ] {
            assert_eq!(floor(GroupSizes { min_size, max_size }, minimum, live, 2), floor_is, "{why}");
        }
        assert_eq!(floor(GroupSizes { min_size: 0, max_size: 9 }, 5, 0, 3), 2);
    }
}
