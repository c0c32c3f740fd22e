//! The shipped map is what the documentation says, and a broken map says all that is wrong with it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;

/// One row of the table of default pools: name, capacity, labels of its own, priority, fallback
/// and maximum. The architecture and the runner group follow from the name.
type Row = (&'static str, CapacityProvider, [&'static str; 2], u32, Option<&'static str>, u32);

const SHIPPED: [Row; 7] = [
    ("fargate-x64", CapacityProvider::Fargate, ["fargate", "on-demand"], 10, None, 15),
    ("fargate-x64-spot", CapacityProvider::FargateSpot, ["fargate", "spot"], 20, Some("fargate-x64"), 15),
    ("fargate-arm64", CapacityProvider::Fargate, ["fargate", "on-demand"], 30, None, 10),
    ("ec2-x64", CapacityProvider::Ec2, ["ec2 docker", "on-demand"], 40, None, 15),
    ("ec2-x64-spot", CapacityProvider::Ec2Spot, ["ec2 docker", "spot"], 50, Some("ec2-x64"), 20),
    ("ec2-arm64", CapacityProvider::Ec2, ["ec2 docker", "on-demand"], 60, None, 10),
    ("ec2-arm64-spot", CapacityProvider::Ec2Spot, ["ec2 docker", "spot"], 70, Some("ec2-arm64"), 15),
];

/// Spot has more of them, so that it has more to choose from.
fn instance_types(capacity: CapacityProvider, arm: bool) -> Vec<&'static str> {
    match (capacity, arm) {
        (CapacityProvider::Fargate | CapacityProvider::FargateSpot, _) => vec![],
        (CapacityProvider::Ec2, false) => vec!["t3.2xlarge"],
        (CapacityProvider::Ec2, true) => vec!["t4g.2xlarge"],
        (CapacityProvider::Ec2Spot, false) => vec!["t3.2xlarge", "m6i.2xlarge", "m5.2xlarge"],
        (CapacityProvider::Ec2Spot, true) => vec!["t4g.2xlarge", "m7g.2xlarge", "m6g.2xlarge"],
    }
}

fn shipped((name, capacity, own, priority, fallback, maximum): Row) -> Pool {
    let arm = name.contains("arm64");
    let fargate = name.starts_with("fargate");
    let aliases = if arm { "arm64 aarch64" } else { "x64 x86_64 amd64" };
    let labels = format!("self-hosted linux {name} {aliases} {} {}", own[0], own[1]);
    Pool {
        name: PoolName::new(name).unwrap(),
        labels: labels.split(' ').collect(),
        architecture: if arm { Architecture::Arm64 } else { Architecture::X86_64 },
        capacity,
        instance_types: instance_types(capacity, arm).into_iter().map(str::to_owned).collect(),
        runners_per_instance: (!fargate).then_some(2),
        cpu_units: 4096,
        memory_mib: if fargate { 16 * 1024 } else { 15 * 1024 },
        disk_gib: if fargate { 60 } else { 120 },
        runner_group: if fargate { "fargate" } else { "ecs" }.to_owned(),
        priority,
        fallback: fallback.map(|name| PoolName::new(name).unwrap()),
        maximum,
        off_hours_maximum: None,
        working_hours_minimum: 0,
        off_hours_minimum: 0,
        schedule: None,
        sudo: false,
        job_summary: false,
        public_repositories: false,
        runtimes_from: RuntimesFrom::S3,
        image: None,
        task_hour: None,
    }
}

#[test]
fn the_shipped_map_has_the_seven_pools_and_keeps_no_runner_waiting() {
    let map = PoolMap::from_toml(DEFAULT_POOLS).unwrap();
    for row in SHIPPED {
        let pool = shipped(row);
        assert_eq!(map.get(&pool.name), Some(&pool), "{}", pool.name);
    }
    assert_eq!(map.iter().count(), SHIPPED.len(), "and no other pool");
}

#[test]
fn a_broken_map_says_everything_that_is_wrong_at_once_with_line_pool_and_field() {
    let PoolMapError(problems) = PoolMap::from_toml(include_str!("tests/broken.toml")).unwrap_err();
    let said: Vec<String> = problems.iter().map(|it| it.in_file("broken.toml")).collect();
    let expected: Vec<&str> = include_str!("tests/broken.txt").lines().collect();
    assert_eq!(said, expected, "it says now:\n{}\n", said.join("\n"));
}

#[test]
fn a_pool_has_no_more_labels_than_github_takes_and_none_too_long() {
    let labels = |labels: Vec<String>| {
        let mut entry = full_entry();
        entry.as_object_mut().unwrap().remove("fallback");
        entry["labels"] = json!(labels);
        PoolMap::from_entries([("gpu".to_owned(), entry)]).map_err(|error| error.to_string())
    };
    let numbered = |count: u32| (0..count).map(|number| format!("label-{number}")).collect();
    assert!(labels(numbered(90)).is_ok());
    assert_eq!(
        labels(numbered(91)),
        Err("gpu.labels: a runner carries at most 100, and up to 10 are added to these".to_owned())
    );
    assert!(labels(vec!["ä".repeat(256)]).is_ok());
    assert_eq!(
        labels(vec!["ä".repeat(257)]),
        Err("gpu.labels: label 1: a label has at most 256 characters".to_owned())
    );
}

#[test]
fn a_file_that_is_no_map_says_so() {
    for (text, says, why) in [
        ("", "has no pool; add a [pools.<name>] table", "an empty file"),
        ("[pools]", "has no pool; add a [pools.<name>] table", "a map of nothing"),
        (
            "pools = 3",
            "has no pool; add a [pools.<name>] table\npools: takes a table for each pool, [pools.<name>]",
            "no tables",
        ),
        ("[pools]\nec2-x64 = 3", "ec2-x64: takes a table of fields", "a pool that is not a table"),
        (
            "[pool.ec2-x64]",
            "has no pool; add a [pools.<name>] table\npool: is no part of a pool map; did you mean pools?",
            "a key misspelt",
        ),
        (
            "[ec2-x64]",
            "has no pool; add a [pools.<name>] table\n\
             ec2-x64: is no part of a pool map; a pool's table is [pools.ec2-x64]",
            "a pool beside the pools",
        ),
    ] {
        assert_eq!(PoolMap::from_toml(text).unwrap_err().to_string(), says, "{why}");
    }
}

#[test]
fn text_that_is_not_toml_is_told_with_the_line_of_each_error() {
    for (text, says) in [
        ("[pools.a]\nlabels = [\"docker\"", "m:2: is not TOML: unclosed array, expected `]`"),
        (
            "[pools.a]\nmaximum = 1\nmaximum = 2\n[pools.a]\nmaximum = 1\npriority = \n",
            "m:3: is not TOML: \"maximum\" is there twice\nm:4: is not TOML: \"a\" is there twice\n\
             m:6: is not TOML: string values must be quoted, expected literal string",
        ),
    ] {
        let PoolMapError(problems) = PoolMap::from_toml(text).unwrap_err();
        let lines: Vec<String> = problems.iter().map(|problem| problem.in_file("m")).collect();
        assert_eq!(lines.join("\n"), says);
    }
}

#[test]
fn a_circle_is_told_once_with_the_fallback_to_take_out() {
    let falls_back = |name: &str, fallback: &str, capacity: &str| {
        let mut entry = full_entry();
        (entry["fallback"], entry["capacity"]) = (json!(fallback), json!(capacity));
        (name.to_owned(), entry)
    };
    let (spot, on_demand) = ("ec2-spot", "ec2");
    for (circle, says, why) in [
        (
            vec![falls_back("a", "a", spot)],
            "a.fallback: it falls back on itself: take the fallback of a out",
            "alone",
        ),
        (
            vec![falls_back("a", "b", on_demand), falls_back("b", "a", spot)],
            "a.fallback: a → b → a is a circle: take the fallback of a out",
            "from Spot to on demand is the way that is of use",
        ),
        (
            vec![falls_back("a", "b", spot), falls_back("b", "c", spot), falls_back("c", "a", spot)],
            "c.fallback: a → b → c → a is a circle: take the fallback of c out",
            "all alike: the last one",
        ),
        (
            vec![falls_back("a", "c", spot), falls_back("b", "c", spot), falls_back("c", "b", spot)],
            "c.fallback: b → c → b is a circle: take the fallback of c out",
            "one that leads into the circle is no part of it",
        ),
    ] {
        assert_eq!(PoolMap::from_entries(circle).unwrap_err().to_string(), says, "{why}");
    }
}

/// A pool with every field there is, as the settings in AWS have it.
fn full_entry() -> Value {
    json!({
        "labels": ["GPU", "docker"],
        "architecture": "arm64",
        "capacity": "ec2-spot",
        "instance_types": ["g5g.xlarge", "g5g.2xlarge"],
        "runners_per_instance": 1,
        "cpu_units": 3584,
        "memory_mib": 7000,
        "disk_gib": 300,
        "runner_group": "gpu",
        "priority": 5,
        "fallback": "gpu-on-demand",
        "maximum": 9,
        "off_hours_maximum": 4,
        "working_hours_minimum": 3,
        "off_hours_minimum": 2,
        "sudo": true,
        "job_summary": true,
        "public_repositories": true,
        "image": format!("registry.example/gpu@sha256:{}", "0f".repeat(32)),
    })
}

#[test]
fn entries_read_like_the_file_with_the_same_values() {
    let file: serde_json::Map<String, Value> = toml::from_str(DEFAULT_POOLS).unwrap();
    let entries = file["pools"].as_object().unwrap().clone();
    assert_eq!(PoolMap::from_entries(entries), PoolMap::from_toml(DEFAULT_POOLS));

    let mut other = full_entry();
    other["capacity"] = json!("ec2");
    other.as_object_mut().unwrap().remove("fallback");
    let entries = [("gpu-spot".to_owned(), full_entry()), ("gpu-on-demand".to_owned(), other)];
    let map = PoolMap::from_entries(entries).unwrap();
    let pool = map.get(&PoolName::new("gpu-spot").unwrap()).unwrap();
    assert_eq!(
        pool,
        &Pool {
            name: PoolName::new("gpu-spot").unwrap(),
            labels: "self-hosted linux arm64 aarch64 gpu-spot gpu docker".split(' ').collect(),
            architecture: Architecture::Arm64,
            capacity: CapacityProvider::Ec2Spot,
            instance_types: vec!["g5g.xlarge".to_owned(), "g5g.2xlarge".to_owned()],
            runners_per_instance: Some(1),
            cpu_units: 3584,
            memory_mib: 7000,
            disk_gib: 300,
            runner_group: "gpu".to_owned(),
            priority: 5,
            fallback: Some(PoolName::new("gpu-on-demand").unwrap()),
            maximum: 9,
            off_hours_maximum: Some(4),
            working_hours_minimum: 3,
            off_hours_minimum: 2,
            schedule: None,
            sudo: true,
            job_summary: true,
            public_repositories: true,
            image: Some(format!("registry.example/gpu@sha256:{}", "0f".repeat(32))),
            task_hour: None,
            runtimes_from: RuntimesFrom::S3,
        }
    );
}

#[test]
fn entries_are_checked_like_the_file() {
    let broken = toml_as_json(include_str!("tests/broken.toml")).unwrap();
    let from_file = PoolMap::from_toml(include_str!("tests/broken.toml")).unwrap_err();
    let entries = broken["pools"].as_object().unwrap().clone();
    let sorted = |error: &PoolMapError| error.0.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
    let mut expected = sorted(&from_file);
    expected.retain(|line| !line.starts_with("version: "));
    assert_eq!(
        sorted(&PoolMap::from_entries(entries).unwrap_err()),
        expected,
        "all but the key beside the pools"
    );
    assert_eq!(
        PoolMap::from_entries([]).unwrap_err().to_string(),
        "has no pool; add a [pools.<name>] table",
        "no entries"
    );
}

#[test]
fn a_file_is_the_same_json_whoever_reads_it() {
    let text =
        "a = 1\nb = -1\nc = 0x1F\nd = 1.5\ne = true\nf = [\"x\", { y = 2 }]\ng.h = 18446744073709551615";
    let expected = json!({"a": 1, "b": -1, "c": 31, "d": 1.5, "e": true, "f": ["x", {"y": 2}],
        "g": {"h": u64::MAX}});
    assert_eq!(Value::Object(toml_as_json(text).unwrap()), expected);
    let dates = toml_as_json("date = 2026-12-25\ntime = 08:30:00\nnothing = nan\nlarge = 1e99").unwrap();
    let expected = json!({"date": "2026-12-25", "time": "08:30:00", "nothing": null, "large": 1e99});
    assert_eq!(Value::Object(dates), expected);
}

#[test]
fn jobs_of_public_repositories_come_to_no_pool_that_does_not_take_them() {
    let with = |pools: &[&str]| {
        let mut file: serde_json::Map<String, Value> = toml::from_str(DEFAULT_POOLS).unwrap();
        for pool in pools {
            file["pools"][pool]["public_repositories"] = json!(true);
        }
        let entries = file["pools"].as_object().unwrap().clone();
        PoolMap::from_entries(entries).map_err(|error| error.to_string())
    };
    let of_a_group = ["fargate-x64", "fargate-x64-spot", "fargate-arm64"];
    let map = with(&of_a_group).expect("a group takes them as a whole");
    assert!(map.iter().all(|pool| pool.public_repositories == of_a_group.contains(&pool.name.as_str())));
    assert_eq!(
        with(&["fargate-x64-spot"]).unwrap_err(),
        "fargate-x64-spot.fallback: fargate-x64 takes no jobs of public repositories\n\
         fargate-x64-spot.public_repositories: fargate-arm64 is in the runner group fargate too \
         and refuses such jobs, but GitHub lets them into a whole group or not at all: name another group"
    );
    let typed = DEFAULT_POOLS.replacen("maximum = 15", "maximum = 15\npublic_repositories = \"yes\"", 1);
    assert_eq!(
        PoolMap::from_toml(&typed).unwrap_err().to_string(),
        "fargate-x64.public_repositories: takes true or false, not the text \"yes\""
    );
}

/// The vCPUs of an `xlarge`, of whatever family (EC2: "Amazon EC2 instance types").
const VCPUS_OF_XLARGE: u32 = 4;

#[test]
fn in_the_isolated_profile_a_task_has_its_instance_and_a_trust_domain_its_pools_to_itself() {
    let map = PoolMap::from_toml(include_str!("../../../../examples/pools-isolated.toml")).unwrap();
    let on_ec2: Vec<&Pool> = map.iter().filter(|pool| !pool.instance_types.is_empty()).collect();
    assert!(!on_ec2.is_empty());
    for pool in on_ec2 {
        assert_eq!(pool.runners_per_instance, Some(1), "{}", pool.name);
        // ECS places by size: a task that leaves less than its own size is alone.
        for instance in &pool.instance_types {
            assert_eq!(instance.split_once('.').map(|(_, size)| size), Some("xlarge"), "{}", pool.name);
        }
        assert_eq!(pool.cpu_units, VCPUS_OF_XLARGE * 1024, "{}", pool.name);
    }
    let groups: BTreeSet<&str> = map.iter().map(|pool| pool.runner_group.as_str()).collect();
    assert_eq!(groups, BTreeSet::from(["public", "trusted", "untrusted"]));
    for pool in map.iter() {
        let domain = pool.runner_group.as_str();
        let fallback = pool.fallback.as_ref().map(|name| map.get(name).unwrap().runner_group.as_str());
        assert!(fallback.is_none_or(|of| of == domain), "{} runs on another domain's instances", pool.name);
        assert_eq!(pool.public_repositories, domain == "public", "{}", pool.name);
        for group in &groups {
            let names_it = pool.labels.iter().any(|label| label.as_str() == *group);
            assert_eq!(names_it, *group == domain, "{} and the label {group}", pool.name);
        }
    }
    let public = map.iter().filter(|pool| pool.public_repositories);
    assert!(public.into_iter().all(|pool| pool.instance_types.is_empty()), "no instance runs them");
}

#[test]
fn a_pools_name_is_no_other_pools_label_and_an_off_hours_maximum_is_within_the_maximum() {
    let map = DEFAULT_POOLS
        .replacen("[\"fargate\", \"on-demand\"]", "[\"fargate\", \"EC2-x64\"]", 1)
        .replacen("maximum = 15", "maximum = 15\noff_hours_maximum = 16", 1)
        .replacen("maximum = 20", "maximum = 20\noff_hours_maximum = 0", 1);
    let error = PoolMap::from_toml(&map).unwrap_err();
    let found: Vec<String> = error.0.iter().map(ToString::to_string).collect();
    let over = "off_hours_maximum: takes 1 to the maximum, ";
    assert!(found.contains(&format!("fargate-x64.{over}15")), "{found:?}");
    assert!(found.contains(&format!("ec2-x64-spot.{over}20")), "{found:?}");
    assert!(found.contains(&"fargate-x64.labels: ec2-x64 is another pool's name".to_owned()), "{found:?}");
}

#[test]
fn bounds_may_be_equal_to_their_limits_and_no_larger() {
    let read = |bounds: [u32; 4]| {
        let mut entry = full_entry();
        entry.as_object_mut().unwrap().remove("fallback");
        let names = ["maximum", "working_hours_minimum", "off_hours_maximum", "off_hours_minimum"];
        for (name, bound) in names.into_iter().zip(bounds) {
            entry[name] = json!(bound);
        }
        let told = PoolMap::from_entries([("one".to_owned(), entry)]).err();
        told.map(|error| error.to_string()).unwrap_or_default()
    };
    for (bounds, told, why) in [
        ([9, 9, 9, 9], "", "as many are kept as may live"),
        ([9, 0, 4, 4], "", "the same out of working hours"),
        ([1, 0, 1, 0], "", "the smallest"),
        ([u32::MAX; 4], "", "the largest"),
        ([9, 10, 4, 4], "one.working_hours_minimum: is over the maximum, 9", "one more"),
        ([9, 9, 10, 9], "one.off_hours_maximum: takes 1 to the maximum, 9", "the same"),
        ([9, 9, 4, 5], "one.off_hours_minimum: is over the off-hours maximum, 4", "the same"),
        ([9, 9, 0, 0], "one.off_hours_maximum: takes 1 to the maximum, 9", "nobody may live at night"),
    ] {
        assert_eq!(read(bounds), told, "{bounds:?}: {why}");
    }
    for (disk, is_good) in [(20, false), (21, true), (200, true), (201, false)] {
        let map = DEFAULT_POOLS.replacen("disk_gib = 60", &format!("disk_gib = {disk}"), 1);
        assert_eq!(PoolMap::from_toml(&map).is_ok(), is_good, "{disk} GiB on Fargate");
    }
}

#[test]
fn a_pool_with_the_maximum_0_is_out_of_service_whatever_else_it_says() {
    let pools = |maximum: &str| {
        let replaced = format!("maximum = {maximum}\nworking_hours_minimum = 3\noff_hours_maximum = 2");
        PoolMap::from_toml(&DEFAULT_POOLS.replacen("maximum = 15", &replaced, 1)).unwrap()
    };
    let retiring = PoolName::new("fargate-x64").unwrap();
    let (before, after) = (pools("15"), pools("0"));
    assert!(before.get(&retiring).is_some());
    assert_eq!((after.get(&retiring), after.iter().count()), (None, before.iter().count() - 1));
    let names = |pools: &PoolMap| pools.with_retiring().map(|it| it.name.to_string()).collect::<Vec<_>>();
    assert_eq!(names(&after), names(&before), "its infrastructure stays, in the same order");
    let asked: Labels = ["fargate-x64"].iter().collect();
    assert!(crate::routing::route(&after, &asked, false).is_err(), "no job is routed to it");
    let spot = PoolName::new("fargate-x64-spot").unwrap();
    let chain: Vec<_> = after.capacity_chain(&spot).map(|it| it.name.as_str()).collect();
    assert_eq!(chain, ["fargate-x64-spot"], "nor does another pool fall back on it");
}

#[test]
fn a_pool_that_is_held_is_in_service_and_launches_nothing() {
    let pools = PoolMap::from_toml(DEFAULT_POOLS).unwrap().held_where(|pool| pool.capacity.is_fargate());
    let maximum = |name: &str| pools.get(&PoolName::new(name).unwrap()).unwrap().maximum;
    assert_eq!((maximum("fargate-x64"), maximum("ec2-x64")), (0, 15));
}

#[test]
fn the_map_as_json_reads_like_the_file() {
    let file: serde_json::Map<String, Value> = toml::from_str(DEFAULT_POOLS).unwrap();
    let text = Value::Object(file).to_string();
    assert_eq!(PoolMap::from_json(&text), PoolMap::from_toml(DEFAULT_POOLS));
    let broken = PoolMap::from_json(&text[1..]).unwrap_err().to_string();
    assert!(broken.starts_with("is not JSON: "), "{broken}");
}
