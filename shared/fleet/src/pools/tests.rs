//! The shipped map is what the documentation says, and a broken map says all that is wrong with it.

use serde_json::{Value, json};

use super::*;

/// One row of the table of default pools: name, capacity, labels of its own, priority, fallback
/// and maximum. The architecture and the runner group follow from the name.
type Row = (&'static str, Capacity, [&'static str; 2], u32, Option<&'static str>, u32);

const SHIPPED: [Row; 7] = [
    ("fargate-x64", Capacity::Fargate, ["fargate", "on-demand"], 10, None, 15),
    ("fargate-x64-spot", Capacity::FargateSpot, ["fargate", "spot"], 20, Some("fargate-x64"), 15),
    ("fargate-arm64", Capacity::Fargate, ["fargate", "on-demand"], 30, None, 10),
    ("ec2-x64", Capacity::Ec2, ["ec2 docker", "on-demand"], 40, None, 15),
    ("ec2-x64-spot", Capacity::Ec2Spot, ["ec2 docker", "spot"], 50, Some("ec2-x64"), 20),
    ("ec2-arm64", Capacity::Ec2, ["ec2 docker", "on-demand"], 60, None, 10),
    ("ec2-arm64-spot", Capacity::Ec2Spot, ["ec2 docker", "spot"], 70, Some("ec2-arm64"), 15),
];

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
        instance_types: match (fargate, arm) {
            (true, _) => vec![],
            (false, false) => vec!["t3.2xlarge".to_owned()],
            (false, true) => vec!["t4g.2xlarge".to_owned()],
        },
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
        sudo: false,
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

/// Every kind of mistake, in one file. Its pools and unknown fields stand in alphabetical order,
/// which is the order of the report.
const BROKEN: &str = r#"
version = 2

[pools.a-typo]
labels = ["fargate"]
architecture = "x86"
capacity = "fargate"
cpu_units = "4096"
disk_gib = 60
maximun = 15
memory_mib = 16384
priority = -1
runner_group = "fargate"
working_hours_minimun = 1

[pools.b-incomplete]
capacity = "ec2"
fallback = "nowhere"
off_hours_maximum = 3
off_hours_minimum = 4

[pools.c-labels]
labels = ["ARM64", "amd64", "one,two", " "]
architecture = "x86_64"
capacity = "fargate"
cpu_units = 4096
memory_mib = 16384
disk_gib = 60
runner_group = " "
priority = 1
maximum = 1

[pools.d-fargate]
labels = []
architecture = "x86_64"
capacity = "fargate"
instance_types = ["t3.2xlarge"]
runners_per_instance = 2
cpu_units = 4096
memory_mib = 15000
disk_gib = 20
runner_group = "fargate"
priority = 1
fallback = "e-ec2"
maximum = 1

[pools.e-ec2]
labels = []
architecture = "arm64"
capacity = "ec2-spot"
instance_types = []
runners_per_instance = 0
cpu_units = 0
memory_mib = 15360
disk_gib = 120
runner_group = "ecs"
priority = 1
fallback = "e-ec2"
maximum = 1

[pools.f-minimums]
labels = []
architecture = "x86_64"
capacity = "fargate"
cpu_units = 4096
memory_mib = 16384
disk_gib = 60
runner_group = "fargate"
priority = 1
fallback = "g-none"
maximum = 10
off_hours_maximum = 5
working_hours_minimum = 11
off_hours_minimum = 6

[pools.g-none]
labels = []
architecture = "arm64"
capacity = "fargate"
cpu_units = 3000
memory_mib = 16384
disk_gib = 60
runner_group = "fargate"
priority = 1
maximum = 0

[pools.h-there]
labels = []
architecture = "x86_64"
capacity = "fargate"
cpu_units = 4096
memory_mib = 16384
disk_gib = 60
runner_group = "fargate"
priority = 1
fallback = "i-back"
maximum = 1

[pools.i-back]
labels = []
architecture = "x86_64"
capacity = "fargate-spot"
cpu_units = 4096
memory_mib = 16384
runner_group = "fargate"
priority = 1
fallback = "j-again"
maximum = 1

[pools.j-again]
labels = []
architecture = "x86_64"
capacity = "fargate"
cpu_units = 4096
memory_mib = 16384
disk_gib = 60
runner_group = "fargate"
priority = 1
fallback = "h-there"
maximum = 1

[pools.k-leads-into-the-circle]
labels = []
architecture = "x86_64"
capacity = "fargate"
cpu_units = 4096
memory_mib = 16384
disk_gib = 60
runner_group = "fargate"
priority = 1
fallback = "h-there"
maximum = 1

[pools.l_underscored]
labels = []
architecture = "x86_64"
capacity = "fargate"
cpu_units = 4096
memory_mib = 16384
disk_gib = 60
runner_group = "fargate"
priority = 1
fallback = "nowhere"
maximum = 1
off_hours_minimum = 2
"#;

#[test]
fn a_broken_map_says_everything_that_is_wrong_at_once() {
    let error = PoolMap::from_toml(BROKEN).unwrap_err();
    println!("{error}");
}
