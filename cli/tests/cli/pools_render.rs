//! `mayfly pools render`: the template is what the map makes it.

use std::fs;
use std::path::{Path, PathBuf};

use fleet::PoolMap;
use mayfly::DEVELOPMENT_SECRET;
use mayfly::replay::Replay;
use mayfly::source::Source;
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[test]
fn the_template_is_what_the_map_makes_it() {
    let template = root().join("infra/pools.yaml");
    let rendered = platform::pools::rendered(&root().join("pools.toml"), &template).unwrap();
    let why = "infra/pools.yaml differs from pools.toml: run `mayfly pools render`";
    assert!(rendered == fs::read_to_string(template).unwrap(), "{why}");
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
fn an_eighth_pool_is_in_the_template_the_functions_and_the_demo() {
    let folder = tempfile::tempdir().unwrap();
    let map = folder.path().join("pools.toml");
    let text = fs::read_to_string(root().join("pools.toml")).unwrap() + EIGHTH;
    fs::write(&map, &text).unwrap();
    let rendered = platform::pools::rendered(&map, &root().join("infra/pools.yaml")).unwrap();
    // Its own image, which the template takes before the stack's.
    assert_eq!(rendered.matches("      Image: \"registry.example/ci/runner:3\"\n").count(), 1);

    let looped = rendered.lines().filter(|line| line.trim_start().starts_with("- ["));
    let looped = looped.filter(|line| line.contains("FargateArm64Spot")).count();
    assert_eq!(looped, 2, "it is looped over among all pools and among Fargate's");

    // What the template puts into the Parameter Store is what the functions make their map of.
    let mut entries: Vec<(String, Value)> = Vec::new();
    let mut name = String::new();
    for line in rendered.lines() {
        if let Some(pool) = line.strip_prefix("      Name: ") {
            pool.clone_into(&mut name);
        }
        let entry = line.strip_prefix("      Entry: '").and_then(|line| line.strip_suffix('\''));
        if let Some(entry) = entry {
            entries.push((name.clone(), serde_json::from_str(&entry.replace("''", "'")).unwrap()));
        }
    }
    assert_eq!(entries.len(), 8);
    let pools = PoolMap::from_entries(entries).unwrap();
    assert_eq!(pools, PoolMap::from_toml(&text).unwrap());

    // And the functions, told of it, give its jobs a runner there.
    let sample = fs::read_to_string(root().join("events/github/queued-fargate-x64.json")).unwrap();
    let mut payload: Value = serde_json::from_str(&sample).unwrap();
    payload["workflow_job"]["labels"] = serde_json::json!(["self-hosted", "fargate-arm64-spot"]);
    let delivery = folder.path().join("queued.json");
    fs::write(&delivery, payload.to_string()).unwrap();
    let mut replay = Replay::new(&pools, &DEVELOPMENT_SECRET.into());
    let delivered = replay.deliver(&Source::read(&delivery).unwrap()).unwrap();
    assert_eq!(delivered.pool.as_deref(), Some("fargate-arm64-spot"));
    assert_eq!(delivered.tasks[0].capacity_provider, "FARGATE_SPOT");
    assert!(replay.rest());

    // The demo has its book beside the others', and ends as it does on seven pools.
    let mut told = Vec::new();
    let wrong =
        mayfly::demo::run(&root().join("events/github"), &pools, &DEVELOPMENT_SECRET.into(), &mut told);
    assert_eq!(wrong.unwrap(), [] as [&str; 0]);
    assert!(String::from_utf8(told).unwrap().contains("│ fargate-arm64-spot "));
}
