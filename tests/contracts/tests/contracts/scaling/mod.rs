//! `MinSize` of moto's Auto Scaling groups through a day of the office-hours profile: the real
//! scheduler and the real client of Auto Scaling, with the sandbox's ledger, ECS and clock.

mod activities;
mod day;
mod groups;

use std::collections::BTreeSet;

use contracts::emulators::config;
use contracts::weather::FaultyClient;
use wire::moto::Moto;

use self::day::ScalingDay;
use self::groups::{InFlight, make, sizes};

/// Room for two instances, where three are needed for the minimum of working hours.
const NARROW: (&str, i32) = ("mayfly_ec2-arm64-spot", 2);

/// By the profile, with two runners an instance: `ec2-x64` keeps 3 runners and 6 in working hours, so 2
/// and 3 instances; `ec2-x64-spot` 4 and 8, so 2 and 4; `ec2-arm64` 2 and 4, so 1 and 2. Instances lead
/// by ten minutes. From 19:01 one idle runner of each pool leaves in a minute, and its task has
/// stopped a minute after that. Two runners of `ec2-x64` are busy until 19:40.
#[tokio::test]
async fn instances_lead_the_runners_and_follow_them_through_a_day() {
    let moto = Moto::start().unwrap();
    let requests = FaultyClient::fair();
    let plain = config(moto.url());
    let watched = plain.to_builder().http_client(requests.clone()).build();
    let client = aws_sdk_autoscaling::Client::new(&plain);
    let mut day = ScalingDay::new("2026-03-23T00:00:00Z", InFlight::new(&watched));
    make(&client, day.pools(), NARROW).await;

    day.run_to("18:50").await;
    assert_eq!((day.live("ec2-x64"), day.live("ec2-x64-spot")), (6, 8));
    let busy = day.begin_jobs("ec2-x64", 2);
    day.run_to("19:00").await;
    assert_eq!(day.live("ec2-x64"), 8, "the minimum waits beside the busy ones");
    day.let_one_leave_a_minute();
    day.run_to("19:40").await;
    assert_eq!(day.live("ec2-x64"), 5, "three wait, two are busy");
    assert_eq!(sizes(&client, "mayfly_ec2-x64").await.0, 3, "the runners hold the floor");
    day.end_jobs(&busy);
    day.run_to("24:00").await;

    let sent = requests.bodies();
    let moving = sent.iter().filter(|body| body.contains("MinSize")).count();
    assert_eq!(moving, day.all_moves(), "each move is one call");
    assert!(sent.iter().all(|body| !body.contains("DesiredCapacity")), "that is ECS's");
    let actions = sent.iter().filter_map(|body| body.split('&').find(|field| field.starts_with("Action=")));
    let actions: BTreeSet<&str> = actions.collect();
    assert_eq!(actions, ["Action=DescribeAutoScalingGroups", "Action=UpdateAutoScalingGroup"].into());

    for (group, moves) in [
        ("mayfly_ec2-x64", &[("00:00", 2), ("07:50", 3), ("19:41", 2)][..]),
        ("mayfly_ec2-x64-spot", &[("00:00", 2), ("07:50", 4), ("19:04", 3), ("19:06", 2)]),
        ("mayfly_ec2-arm64", &[("00:00", 1), ("07:50", 2), ("19:04", 1)]),
        (NARROW.0, &[("00:00", 2)]),
    ] {
        assert_eq!(day.moves(group), moves, "{group}");
        let (min_size, max_size, desired) = sizes(&client, group).await;
        assert_eq!(Some(&min_size), moves.last().map(|(_, size)| size), "{group}");
        assert!(moves.iter().all(|(_, size)| *size <= max_size), "{group}: never over {max_size}");
        // Auto Scaling raises it to a MinSize above it; that it comes down is managed scaling's work.
        assert_eq!(Some(&desired), moves.iter().map(|(_, size)| size).max(), "{group}");
    }
}
