//! `mayfly pools render`: the template is what the map makes it.

use std::fs;
use std::path::{Path, PathBuf};

use fleet::PoolMap;
use mayfly::DEVELOPMENT_SECRET;
use mayfly::delivery_file::DeliveryFile;
use mayfly::replay::Replay;
use platform::pools::Rendered;
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// What is rendered of a map: the template of the pools, and what the functions read.
struct Made {
    template: String,
    map: String,
}

fn rendered(map: &Path, template: &Path) -> anyhow::Result<Made> {
    let Rendered { mut templates, map, .. } = platform::pools::rendered(map, &[template.to_owned()])?;
    Ok(Made { template: templates.remove(0), map })
}

fn shipped() -> Made {
    rendered(&root().join("pools.toml"), &root().join("infra/pools.yaml")).unwrap()
}

/// What is deployed, but for the prices that it has beyond the map.
fn without_prices(deployed: &str) -> String {
    let mut map: Value = serde_json::from_str(deployed).unwrap();
    for (name, pool) in map["pools"].as_object_mut().unwrap() {
        let price = pool.as_object_mut().unwrap().remove("task_hour_dollars");
        // The price of EC2 Spot is the market's.
        assert!(price.is_none() || pool["capacity"] != "ec2-spot", "{name}: {price:?}");
    }
    map.to_string()
}

#[test]
fn what_is_deployed_is_what_the_map_makes_it() {
    let files = ["infra/pools.yaml", "infra/caches.yaml", "infra/runtimes.yaml", "template.yaml"];
    let templates = files.map(|file| root().join(file));
    let Rendered { templates, map, .. } =
        platform::pools::rendered(&root().join("pools.toml"), &templates).unwrap();
    for (file, made) in files.into_iter().zip(templates).chain([("infra/map/pools.json", map)]) {
        let why = format!("{file} differs from pools.toml: run `mayfly pools render`");
        assert!(made == fs::read_to_string(root().join(file)).unwrap(), "{why}");
    }
}

/// A map of its own, in a folder of its own, with the shipped pools and more.
fn with_more(more: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let map = folder.path().join("pools.toml");
    fs::write(&map, fs::read_to_string(root().join("pools.toml")).unwrap() + more).unwrap();
    (folder, map)
}

const EIGHTH: &str = r#"
[pools.fargate-arm64-spot]
labels = ["fargate", "spot"]
architecture = "arm64"
capacity = "fargate-spot"
cpu_units = 4096
memory_mib = 16384
disk_gib = 60
runner_group = "fargate"
priority = 80
maximum = 10
image = "registry.example/ci/runner:3"
"#;

#[test]
fn an_eighth_pool_is_in_the_template_the_map_and_the_demo() {
    let (folder, map) = with_more(EIGHTH);
    let text = fs::read_to_string(&map).unwrap();
    let rendered = rendered(&map, &root().join("infra/pools.yaml")).unwrap();
    // Its own image, which the template takes before the stack's.
    let image = "      Image: \"registry.example/ci/runner:3\"\n";
    assert_eq!(rendered.template.matches(image).count(), 1);
    let lines: Vec<&str> = rendered.template.lines().map(str::trim_start).collect();
    let with = |start: &str| {
        lines.iter().filter(|line| line.starts_with(start) && line.contains("FargateArm64Spot")).count()
    };
    assert_eq!(with("- ["), 1, "it is looped over among Fargate's");
    let revision = "'\"fargate-arm64-spot\":${Revision}'";
    assert!(lines.iter().any(|line| line.contains(revision)), "the functions get its revision");
    let without = lines.iter().find(|line| line.contains("RunnerImage is empty")).unwrap();
    assert!(!without.contains("fargate-arm64-spot"), "it needs no image of the stack: {without}");

    // What lies beside the functions is what they make their map of.
    let pools = PoolMap::from_json(&without_prices(&rendered.map)).unwrap();
    assert_eq!(pools, PoolMap::from_toml(&text).unwrap());
    assert_eq!(pools.iter().count(), 8);

    // And the functions, told of it, give its jobs a runner there.
    let sample = fs::read_to_string(root().join("events/github/queued-fargate-x64.json")).unwrap();
    let mut payload: Value = serde_json::from_str(&sample).unwrap();
    payload["workflow_job"]["labels"] = serde_json::json!(["self-hosted", "fargate-arm64-spot"]);
    let delivery = folder.path().join("queued.json");
    fs::write(&delivery, payload.to_string()).unwrap();
    let mut replay = Replay::new(platform::ORGANISATION, &pools, &DEVELOPMENT_SECRET.into());
    let mut delivered = [replay.deliver(&DeliveryFile::read(&delivery).unwrap()).unwrap()];
    assert!(replay.rest());
    replay.credit(&mut delivered);
    assert_eq!(delivered[0].pool.as_deref(), Some("fargate-arm64-spot"));
    assert_eq!(delivered[0].tasks[0].capacity_provider, "FARGATE_SPOT");

    // The demo has its book beside the others', and ends as it does on seven pools.
    let mut told = Vec::new();
    let wrong =
        mayfly::demo::run(&root().join("events/github"), &pools, &DEVELOPMENT_SECRET.into(), &mut told);
    assert_eq!(wrong.unwrap(), [] as [&str; 0]);
    assert!(String::from_utf8(told).unwrap().contains("│ fargate-arm64-spot "));
}

/// The shipped map's pools of one kind.
fn only(kind: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let map = folder.path().join("pools.toml");
    let text = fs::read_to_string(root().join("pools.toml")).unwrap();
    let tables = text.split("\n[pools.").skip(1).filter(|table| table.starts_with(kind));
    let tables: Vec<&str> = tables.collect();
    fs::write(&map, format!("[pools.{}\n", tables.join("\n[pools."))).unwrap();
    (folder, map)
}

#[test]
fn a_map_with_pools_of_one_kind_puts_aside_what_is_for_the_other() {
    for (kind, there, aside) in
        [("fargate", "FargatePools", "InstancePools"), ("ec2", "InstancePools", "FargatePools")]
    {
        let (folder, map) = only(kind);
        let Made { template, .. } = rendered(&map, &root().join("infra/pools.yaml")).unwrap();
        let has = |line: &str| template.lines().any(|it| it == line);
        assert!(has(&format!("  Fn::ForEach::{there}:")), "{kind}");
        assert!(has(&format!("#~  Fn::ForEach::{aside}:")), "{kind}");
        assert!(!template.contains("    - []\n") || has("#~    - []"), "no loop over nothing is left");
        let after = template.split(&format!("#~  Fn::ForEach::{aside}:\n")).nth(1).unwrap();
        let loops = after.split("\n  # </mayfly pools only>").next().unwrap();
        let is_aside = |line: &str| line.is_empty() || line.starts_with("#~");
        assert!(loops.lines().all(is_aside), "{kind}: the parts in it are put aside with it");
        // A later map that has them again finds the template as it was.
        let file = folder.path().join("pools.yaml");
        fs::write(&file, &template).unwrap();
        assert_eq!(rendered(&map, &file).unwrap().template, template, "and it stays so");
        let again = rendered(&root().join("pools.toml"), &file).unwrap().template;
        assert!(again == shipped().template, "{kind}: what was put aside comes back as it was");
    }
}

#[test]
fn a_pool_with_the_maximum_0_keeps_what_it_runs_on() {
    let folder = tempfile::tempdir().unwrap();
    let map = folder.path().join("pools.toml");
    let text = fs::read_to_string(root().join("pools.toml")).unwrap();
    // The Spot pool's capacity falls back on it.
    let (before, after) = text.split_at(text.find("[pools.ec2-x64]").unwrap());
    fs::write(&map, format!("{before}{}", after.replacen("maximum = 15", "maximum = 0", 1))).unwrap();
    let retiring = rendered(&map, &root().join("infra/pools.yaml")).unwrap();
    let changed: Vec<(String, String)> = retiring
        .template
        .lines()
        .zip(shipped().template.lines())
        .filter(|(now, before)| now != before)
        .map(|(now, before)| (before.trim().to_owned(), now.trim().to_owned()))
        .collect();
    let without = |image: &str, pools: &str| {
        format!("- !If [Has{image}, \"\", \"{image} is empty: {pools} start nothing. \"]")
    };
    let four = "ec2-arm64, ec2-arm64-spot, ec2-x64, ec2-x64-spot";
    let three = "ec2-arm64, ec2-arm64-spot, ec2-x64-spot";
    let on_ec2 = ["RunnerDockerImage", "DockerdImage"];
    let said = on_ec2.map(|image| (without(image, four), without(image, three)));
    let group = ("MaxInstances: \"9\"".to_owned(), "MaxInstances: \"0\"".to_owned());
    assert_eq!(changed, std::iter::once(group).chain(said).collect::<Vec<_>>());
    let pools = PoolMap::from_json(&retiring.map).unwrap();
    assert_eq!((pools.iter().count(), pools.with_retiring().count()), (6, 7));
}

#[test]
fn the_schedule_is_deployed_as_it_stands_in_the_map() {
    let (_folder, map) =
        with_more("\n[schedule]\ntime_zone = \"Europe/London\"\nholidays = [\"2026-12-25\"]\n");
    let made = rendered(&map, &root().join("infra/pools.yaml")).unwrap().map;
    let deployed: Value = serde_json::from_str(&made).unwrap();
    assert_eq!(deployed["schedule"]["time_zone"], "Europe/London");
    assert_eq!(deployed["schedule"]["holidays"], serde_json::json!(["2026-12-25"]));
    let usual: Value = serde_json::from_str(&shipped().map).unwrap();
    assert_eq!(usual["schedule"]["time_zone"], "UTC", "a map without one has the default written out");
}

#[test]
fn the_functions_read_the_same_map_whatever_its_schedules_and_pools() {
    let nights = "windows = [{ days = [\"sun\", \"mon\"], from = \"22:30\", to = \"06:00\" }]";
    let own = "schedule = { time_zone = \"Asia/Tokyo\", lead_minutes = 0, holidays = [\"2026-01-01\"], windows = [\
               { days = [\"sat\"], from = \"00:00\", to = \"24:00\", minimum = 2, maximum = 3 }] }";
    let example = |name: &str| fs::read_to_string(root().join("examples").join(name)).unwrap();
    let more = |more: &str| fs::read_to_string(root().join("pools.toml")).unwrap() + more;
    for (text, why) in [
        (more(""), "the shipped one, without a schedule"),
        (example("pools-office-hours.toml"), "the office's"),
        (example("pools-isolated.toml"), "the one that keeps trust domains apart"),
        (more("\n[schedule]\nwindows = []\n"), "a schedule without windows"),
        (
            more(&format!("\n[schedule]\nlead_minutes = 0\ntime_zone = \"Europe/London\"\n{nights}\n")),
            "over midnight",
        ),
        (more(&format!("{EIGHTH}{own}\n")), "a pool with a schedule of its own"),
        (more(EIGHTH).replace("maximum = 15", "maximum = 0"), "pools that are out of service"),
        (
            more(EIGHTH).replace("maximum = 1", "sudo = true\noff_hours_maximum = 0x3\nmaximum = 1_"),
            "numbers of TOML",
        ),
    ] {
        let map = PoolMap::from_toml(&text).unwrap_or_else(|error| panic!("{why}: {error}"));
        let deployed = platform::pools::map_text(&text).unwrap();
        assert_eq!(PoolMap::from_json(&without_prices(&deployed)), Ok(map), "{why}");
        assert!(PoolMap::from_json_without_schedules(&deployed).is_ok(), "{why}: the registrar's");
    }
}

/// A number of EC2 pools, or of Fargate's.
fn pools(count: usize, on_instances: bool) -> String {
    let part = |number: usize| {
        let (name, more) = if on_instances {
            ("e", "capacity = \"ec2\"\ninstance_types = [\"t3.2xlarge\"]\nrunners_per_instance = 2")
        } else {
            ("f", "capacity = \"fargate\"")
        };
        format!(
            "\n[pools.{name}{number}]\nlabels = []\narchitecture = \"x86_64\"\n{more}\ncpu_units = 4096\n\
             memory_mib = 8192\ndisk_gib = 60\nrunner_group = \"g\"\npriority = 90\nmaximum = 1\n"
        )
    };
    (0..count).map(part).collect()
}

#[test]
fn a_map_that_aws_could_not_take_is_refused_with_the_limit() {
    let refused = |more: &str| {
        let (_folder, map) = with_more(more);
        let error = rendered(&map, &root().join("infra/pools.yaml")).err().map(|error| format!("{error:#}"));
        error.map(|error| error.lines().map(str::to_owned).collect::<Vec<_>>()).unwrap_or_default()
    };
    // Seven are there, four of them on EC2.
    assert_eq!(refused(&pools(16, true)), [] as [&str; 0], "twenty capacity providers are what ECS takes");
    let [line] = &refused(&pools(17, true))[..] else { panic!("one limit") };
    assert!(
        line.ends_with(
            "pools.toml: the map has 21 EC2 pools; ECS takes 20 capacity providers in one cluster (ECS service quotas)"
        ),
        "{line}"
    );
    assert_eq!(refused(&pools(100, false)), [] as [&str; 0], "a hundred with short names fit");
    let lines = refused(&pools(194, false));
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(
        lines[0].ends_with(
            "201 pools; CloudFormation takes 200 attributes in one mapping (CloudFormation quotas)"
        )
    );
    assert!(lines[1].contains("of the 4 KB of a function's variables (Lambda quotas)"), "{}", lines[1]);
}
