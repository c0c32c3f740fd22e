//! What reads, and what is said of what does not.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

use super::*;

fn problem(of: &str, text: &str) -> String {
    let folder = std::env::temp_dir().join(format!("mayfly-scale-{}-{}", of, std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(of), text).unwrap();
    let problem = format!("{:#}", Data::read(Some(&folder)).unwrap_err());
    fs::remove_dir_all(&folder).unwrap();
    problem
}

#[test]
fn what_is_shipped_reads() {
    let data = Data::read(None).unwrap();
    assert_eq!(data.ecs.run_task, Some(Rate { a_second: 20, burst: 100 }));
    assert_eq!((data.ecs.provisioning, data.github.points_a_minute), (Some(500), Some(900)));
}

#[test]
fn a_wrong_file_says_which_field_is_wrong() {
    for (file, text, says) in [
        ("latencies.toml", "GetItem = { p50_ms = 1, spread_ms = 0 }", "GetItem is no operation"),
        ("latencies.toml", "PutItem = { p50_ms = 1, spread_ms = 0 }", "BatchGetItem is missing"),
        ("limits.toml", "[ecs]\nrun_task_a_second = 20", "ecs.run_task_burst stand together"),
        ("limits.toml", "[github]\npoints = 900", "unknown field `points`"),
        ("times.toml", &TIMES.replacen("[8, 14]", "[14, 8]", 1), "fargate.provisioning is [14, 8]"),
        ("times.toml", &TIMES.replace("a_second = 100", "a_second = 0"), "deliveries_a_second is 0"),
    ] {
        let found = problem(file, text);
        assert!(found.contains(says), "{found}");
    }
}
