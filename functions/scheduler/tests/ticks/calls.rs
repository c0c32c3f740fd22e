//! What a tick asks of the ledger, of ECS and of Auto Scaling, and in which order.

use fleet::ledger::RunnerState;
use fleet::pools::DEFAULT_POOLS;

use super::recorded_calls::RecordedCalls;
use super::{POOLS, SchedulerStage};

const NOON: &str = "2026-03-23T12:00:00Z";

/// The listings in which a tick looks for a pool's runners: that of today, and in an instance's first quarter of an hour
/// the four of the version before.
const LISTINGS: u32 = 1 + 4;

/// Pools in which nothing happens: of another architecture, and of another kind.
const OTHERS: &str = r#"
[pools.fargate-arm]
labels = ["arm"]
architecture = "arm64"
capacity = "fargate"
cpu_units = 4096
memory_mib = 16384
disk_gib = 60
runner_group = "g"
priority = 20
maximum = 10

[pools.fargate-x64]
labels = ["x64"]
architecture = "x86_64"
capacity = "fargate"
cpu_units = 4096
memory_mib = 16384
disk_gib = 60
runner_group = "g"
priority = 30
maximum = 10
"#;

#[test]
fn a_tick_that_finds_nothing_to_do_reads_all_books_at_once_and_lists_no_runners() {
    let stage = SchedulerStage::of(DEFAULT_POOLS, NOON);
    let peers = RecordedCalls::of(&stage);
    peers.tick(&stage).unwrap();
    peers.tick(&stage).unwrap();
    let expected = [("BatchGetItem", 1), ("DescribeAutoScalingGroups", 4), ("Query", 1)];
    assert_eq!(peers.counted(), expected.into(), "of seven pools");
}

#[test]
fn a_pool_with_runners_has_them_listed_and_no_other_pool_has() {
    let stage = SchedulerStage::of(&format!("{POOLS}{OTHERS}"), NOON);
    let peers = RecordedCalls::of(&stage);
    peers.tick(&stage).unwrap();
    stage.turn_to("2026-03-23T12:00:30Z");
    peers.tick(&stage).unwrap();
    let expected = [
        // The books, and the runners that are Starting.
        ("BatchGetItem", 2),
        ("DescribeAutoScalingGroups", 1),
        ("Query", 1 + LISTINGS),
    ];
    assert_eq!(peers.counted(), expected.into(), "its bounds are as they are to be: no transaction");
    stage.turn_to("2026-03-23T19:00:30Z");
    peers.tick(&stage).unwrap();
    assert_eq!(peers.counted()["TransactWriteItems"], 1 + 6, "another minimum, and six fences");
}

#[test]
fn a_tick_that_does_not_know_all_books_leaves_no_runner_out() {
    for (broken, problem) in
        [("Query", "pools out of the map: the ledger: "), ("the first BatchGetItem", "books: the ledger: ")]
    {
        let stage = SchedulerStage::of(DEFAULT_POOLS, NOON);
        let peers = RecordedCalls::of(&stage);
        peers.tick(&stage).unwrap();
        peers.broken.set(broken);
        let failed = peers.tick(&stage).unwrap_err();
        assert!(failed.0[0].starts_with(problem), "{failed}");
        assert_eq!(peers.counted()["Query"], 1 + 7 * LISTINGS, "{broken}: any pool may have some");
        assert_eq!(
            peers.counted().get("TransactWriteItems"),
            None,
            "{broken}: the bounds are those of before"
        );
    }
}

#[test]
fn ecs_is_asked_once_about_a_cluster_however_many_runners_are_late() {
    let stage = SchedulerStage::at(NOON);
    let peers = RecordedCalls::of(&stage);
    stage.reserve_only(6);
    for (time, expected, why) in [
        ("2026-03-23T12:00:30Z", &[][..], "they may still be their launcher's"),
        (
            "2026-03-23T12:01:30Z",
            &[("ListTasks", 1), ("RunTask", 6), ("DescribeTasks", 1)],
            "none is listed, and RunTask tells of all of them",
        ),
        ("2026-03-23T12:02:30Z", &[("ListTasks", 1), ("DescribeTasks", 1)], "they wait for capacity"),
        (
            "2026-03-23T12:06:40Z",
            &[("ListTasks", 1), ("DescribeTasks", 1), ("DescribeScalingActivities", 1), ("StopTask", 6)],
            "there was none within five minutes",
        ),
    ] {
        stage.turn_to(time);
        peers.tick(&stage).unwrap();
        let mut counted = peers.counted();
        counted.retain(|call, _| ["Task", "Tasks", "Activities"].iter().any(|end| call.ends_with(end)));
        assert_eq!(counted, expected.iter().copied().collect(), "{time}: {why}");
    }
    assert_eq!(stage.in_state(RunnerState::Leaving), 6);
}

#[test]
fn min_size_is_set_before_the_repairs() {
    let stage = SchedulerStage::at(NOON);
    let peers = RecordedCalls::of(&stage);
    stage.reserve_only(6);
    for (time, call) in [("2026-03-23T12:01:30Z", "RunTask"), ("2026-03-23T12:20:00Z", "StopTask")] {
        stage.turn_to(time);
        stage.sandbox.groups().borrow_mut().get_mut("mayfly_small").unwrap().min_size = 0;
        peers.tick(&stage).unwrap();
        assert!(peers.place("UpdateAutoScalingGroup") < peers.place(call), "{call}");
        assert_eq!(stage.min_size(), 3);
    }
}

#[test]
fn whatever_fails_at_ecs_min_size_is_set_and_what_the_ledger_tells_is_done() {
    for (broken, problem) in [
        ("ListTasks", "tasks of mayfly_ec2: ECS: time-out"),
        ("DescribeTasks", "tasks of mayfly_ec2: ECS: time-out"),
        ("StopTask", "small, fence: ECS: time-out"),
    ] {
        let stage = SchedulerStage::at(NOON);
        let peers = RecordedCalls::of(&stage);
        peers.tick(&stage).unwrap();
        stage.turn_to("2026-03-23T12:20:00Z");
        stage.sandbox.groups().borrow_mut().get_mut("mayfly_small").unwrap().min_size = 0;
        peers.broken.set(broken);
        assert_eq!(
            peers.tick(&stage).unwrap_err().0,
            [problem],
            "{broken}: six of one kind are reported once"
        );
        assert_eq!((stage.min_size(), stage.in_state(RunnerState::Leaving)), (3, 6), "{broken}");
        peers.broken.set("nothing");
        stage.turn_to("2026-03-23T12:21:00Z");
        peers.tick(&stage).unwrap();
        let stopped = stage.sandbox.ecs().borrow().tasks().filter(|task| task.stop.is_some()).count();
        assert_eq!(stopped, 6, "{broken}: at the next tick");
    }
}

#[test]
fn a_settle_that_fails_keeps_no_min_size_from_being_set() {
    let stage = SchedulerStage::at("2026-03-23T07:40:00Z");
    let peers = RecordedCalls::of(&stage);
    peers.tick(&stage).unwrap();
    assert_eq!(stage.min_size(), 1);
    stage.turn_to("2026-03-23T08:00:00Z");
    peers.broken.set("TransactWriteItems");
    let failed = peers.tick(&stage).unwrap_err();
    assert!(failed.0[0].starts_with("small, settle: the ledger is out of reach"), "{failed}");
    assert_eq!(stage.min_size(), 3);
}

#[test]
fn a_pool_that_finds_no_capacity_rests_for_the_reason_that_its_group_gives() {
    let limit = "Could not launch On-Demand Instances. VcpuLimitExceeded - You have requested more vCPU capacity \
                 than your current vCPU limit of 5 allows for the instance bucket that the specified instance \
                 type belongs to.";
    let within = "no capacity within five minutes";
    let told = format!("{within}; group mayfly_small: {limit}");
    for (failed, broken, expected, why) in [
        (Some("12:06:00"), "nothing", told.as_str(), "the group's own words"),
        (Some("11:50:00"), "nothing", within, "it failed long before the task was launched"),
        (None, "nothing", within, "no activity failed"),
        (Some("12:06:00"), "DescribeScalingActivities", within, "a failure costs nothing but the reason"),
        (Some("12:06:00"), "DescribeScalingActivities waits", within, "an answer that does not come neither"),
    ] {
        let stage = SchedulerStage::at("2026-03-23T11:40:00Z");
        let peers = RecordedCalls::of(&stage);
        let fails = || stage.sandbox.fail_to_grow("mayfly_small", limit);
        if failed == Some("11:50:00") {
            stage.turn_to("2026-03-23T11:50:00Z");
            fails();
        }
        stage.turn_to(NOON);
        peers.tick(&stage).unwrap();
        stage.turn_to("2026-03-23T12:06:00Z");
        if failed == Some("12:06:00") {
            fails();
        }
        peers.broken.set(broken);
        peers.tick(&stage).unwrap();
        let table = stage.sandbox.table().borrow();
        let rest = table.book(&super::pool()).unwrap().health.rest.clone();
        assert_eq!(rest.unwrap().reason, expected, "{why}");
        assert_eq!(peers.counted()["DescribeScalingActivities"], 1, "{why}");
        assert_eq!(peers.counted()["StopTask"], 6, "{why}: each is stopped all the same");
    }
}
