//! The comparison, row by row: pools of a map, quotas of an account, and what is said of them.

use fleet::PoolMap;
use jiff::Timestamp;

use super::*;
use crate::doctor::needs;

/// A pool's entry of a map.
struct Entry {
    name: &'static str,
    capacity: &'static str,
    types: &'static str,
    /// Runners on an instance.
    runners: u32,
    cpu_units: u32,
    maximum: u32,
    minimum: u32,
}

/// Two runners of 4 vCPUs on a `t3.2xlarge`, or one in a task.
const PLAIN: Entry = Entry {
    name: "one",
    capacity: "ec2",
    types: r#""t3.2xlarge""#,
    runners: 2,
    cpu_units: 4096,
    maximum: 15,
    minimum: 0,
};

fn map(entries: &[Entry]) -> PoolMap {
    let pools = entries.iter().zip(1..).map(|(it, priority)| {
        let on_instances = format!(
            "instance_types = [{}]\nrunners_per_instance = {}\nmemory_mib = 7680\n",
            it.types, it.runners
        );
        let size =
            if it.capacity.starts_with("ec2") { on_instances } else { "memory_mib = 8192\n".to_owned() };
        format!(
            "[pools.{}]\nlabels = []\narchitecture = \"x86_64\"\ncapacity = \"{}\"\n{size}cpu_units = {}\n\
             disk_gib = 60\nrunner_group = \"ecs\"\npriority = {priority}\nmaximum = {}\n\
             working_hours_minimum = {}\n",
            it.name, it.capacity, it.cpu_units, it.maximum, it.minimum
        )
    });
    PoolMap::from_toml(&pools.collect::<String>()).unwrap()
}

/// What is said of a map where these quotas have these values, and the exit code. The functions have room.
fn said(entries: &[Entry], values: &[(&str, f64)]) -> (String, u8) {
    let map = map(entries);
    let needs = needs::of(&map, Timestamp::from_second(1_800_000_000).unwrap());
    let value = |quota: Quota| {
        let known = values.iter().find(|(code, _)| *code == quota.code).map(|(_, value)| *value);
        let known = known.or((quota == LAMBDA).then_some(1000.0));
        (quota, known.ok_or_else(|| "not known here".to_owned()))
    };
    let values = in_question(&needs).into_iter().map(value).collect();
    let findings = compare(needs, &values);
    (findings.text(Some("eu-central-1")), findings.exit_code())
}

#[test]
fn a_pool_can_start_all_some_or_none_of_its_runners() {
    let increase = |code: &str, value: u32| {
        let service = if code == "L-3032A538" { "fargate" } else { "ec2" };
        format!(
            "  aws service-quotas request-service-quota-increase --service-code {service} --quota-code {code} \
             --desired-value {value} --region eu-central-1\n"
        )
    };
    let standard = "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances (L-1216C47A) is";
    let tasks = "Fargate On-Demand vCPU resource count (L-3032A538) is";
    let fargate = Entry { capacity: "fargate", ..PLAIN };
    for (entry, quota, expected, exit, why) in [
        (
            PLAIN,
            ("L-1216C47A", 64.0),
            "one: can start all of its 15 runners, if the quota is its own\n".to_owned(),
            0,
            "eight instances of 8 vCPUs",
        ),
        (
            PLAIN,
            ("L-1216C47A", 63.0),
            format!(
                "one: can start 14 of its 15 runners: {standard} 63, all of them need 64 vCPUs\n\
                 {standard} 63: one need 64 vCPUs in all\n{}",
                increase("L-1216C47A", 64)
            ),
            1,
            "seven of them",
        ),
        (
            PLAIN,
            ("L-1216C47A", 5.0),
            format!(
                "one: cannot start: {standard} 5, and an instance of t3.2xlarge needs 8 vCPUs\n\
                 {standard} 5: one need 64 vCPUs in all\n{}",
                increase("L-1216C47A", 64)
            ),
            1,
            "a new account's; nobody is kept waiting",
        ),
        (
            Entry { minimum: 1, ..PLAIN },
            ("L-1216C47A", 5.0),
            format!(
                "one: cannot start: {standard} 5, and an instance of t3.2xlarge needs 8 vCPUs\n\
                 {standard} 5: one need 64 vCPUs in all\n{}",
                increase("L-1216C47A", 64)
            ),
            2,
            "its minimum would never be there",
        ),
        (
            fargate,
            ("L-3032A538", 6.0),
            format!(
                "one: can start 1 of its 15 runners: {tasks} 6, all of them need 60 vCPUs\n\
                 {tasks} 6: one need 60 vCPUs in all\n{}",
                increase("L-3032A538", 60)
            ),
            1,
            "a new account's",
        ),
    ] {
        assert_eq!(said(&[entry], &[quota]), (expected, exit), "{why}");
    }
}

#[test]
fn the_cpu_of_an_instance_is_its_types_or_at_least_its_runners() {
    for (types, cpu_units, runners, starts, why) in [
        (r#""t3.2xlarge""#, 4096, 2, true, "8, by the table"),
        (r#""m7i.4xlarge", "t3.2xlarge""#, 4096, 2, true, "8, by the smaller one"),
        (r#""m7i.4xlarge""#, 4096, 2, false, "16, by the table"),
        (r#""m7i.metal""#, 4096, 2, true, "at least 8, by its runners: no such type is known"),
        (r#""m7i.metal""#, 8192, 2, false, "at least 16, by its runners"),
    ] {
        let entry = Entry { types, cpu_units, runners, maximum: runners, ..PLAIN };
        let (told, exit) = said(&[entry], &[("L-1216C47A", 8.0)]);
        assert_eq!(exit == 0, starts, "{why}: {told}");
        assert_eq!(told.contains("at least"), !starts && types.contains("metal"), "{why}: {told}");
    }
}

#[test]
fn pools_that_share_a_quota_are_added_up() {
    let entries = [
        PLAIN,
        Entry { name: "two", types: r#""m7i.2xlarge""#, ..PLAIN },
        Entry { name: "spot", capacity: "ec2-spot", ..PLAIN },
    ];
    let (told, exit) = said(&entries, &[("L-1216C47A", 100.0), ("L-34B43A08", 64.0)]);
    assert_eq!(exit, 1);
    let expected = "one: can start all of its 15 runners, if the quota is its own\n\
                    spot: can start all of its 15 runners, if the quota is its own\n\
                    two: can start all of its 15 runners, if the quota is its own\n\
                    Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances (L-1216C47A) is 100: one, two \
                    need 128 vCPUs in all\n";
    assert!(told.starts_with(expected), "{told}");
    assert_eq!(said(&entries, &[("L-1216C47A", 128.0), ("L-34B43A08", 64.0)]).1, 0);
}

#[test]
fn what_is_not_known_is_said_and_blocks_nothing() {
    let (told, exit) = said(&[Entry { minimum: 1, ..PLAIN }], &[]);
    assert_eq!(exit, 1);
    assert!(told.starts_with("one: not known: not known here\n"), "{told}");
    let mac = Entry { types: r#""mac2.metal""#, ..PLAIN };
    assert_eq!(said(&[mac], &[]), ("one: not known: AWS names no quota for mac2.metal\n".to_owned(), 1));
}

#[test]
fn a_pool_that_is_out_of_service_needs_nothing() {
    let (told, exit) = said(&[PLAIN, Entry { name: "two", ..PLAIN }], &[("L-1216C47A", 128.0)]);
    assert_eq!((told.lines().count(), exit), (2, 0));
    let out = Entry { name: "two", maximum: 0, ..PLAIN };
    assert_eq!(said(&[PLAIN, out], &[("L-1216C47A", 64.0)]).0.lines().count(), 1);
}

#[test]
fn the_functions_have_a_quota_too() {
    for (value, told, exit) in [
        (1000.0, "", 0),
        (
            10.0,
            "lambda Concurrent executions (L-B99A9384) is 10: leave ReservedConcurrency at 0, because AWS keeps 100 unreserved\n",
            0,
        ),
        (
            7.0,
            "lambda Concurrent executions (L-B99A9384) is 7: the functions need 8 at once, or they wait for each other\n  aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384 --desired-value 8 --region eu-central-1\n",
            1,
        ),
    ] {
        let (said, found) = said(&[PLAIN], &[("L-1216C47A", 64.0), ("L-B99A9384", value)]);
        assert_eq!((said.split_once('\n').unwrap().1, found), (told, exit), "{value}");
    }
}
