//! The bench itself, small, on the binaries of a debug build.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

use std::path::Path;
use std::time::Duration;

use lambda_bench::{BenchPlan, SECRETS, map_with, reads_at_start, run, table};

fn plan(map: String, events: u64) -> BenchPlan {
    logs::capture(&SECRETS);
    let test = std::env::current_exe().unwrap();
    let binaries = test.parent().and_then(Path::parent).unwrap().to_owned();
    let gap = Duration::ZERO;
    BenchPlan {
        binaries,
        map,
        rounds: 1,
        events,
        gap,
        memory: 256,
        throttled: false,
        zip: 1,
        log: logs::file_of,
    }
}

/// The bench itself holds each start to two reads.
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_pools_are_no_more_reads_of_the_parameter_store() {
    let reads = reads_at_start(&plan(map_with(1000), 0)).await.unwrap();
    let expected =
        [("echo", 0), ("webhook", 1), ("launcher", 1), ("registrar", 2), ("scheduler", 1), ("reconciler", 1)];
    assert_eq!(reads, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_function_answers_over_tls_and_has_its_figures() {
    let rows = run(&plan(map_with(0), 2)).await.unwrap();
    let names: Vec<_> = rows.iter().map(|row| row.name).collect();
    assert_eq!(names, ["echo", "webhook", "launcher", "registrar", "scheduler", "reconciler"]);
    for row in &rows {
        assert!(row.init > 0.0 && row.init_and_first > row.init, "{row:?}");
        assert!(row.warm_p50 > 0.0 && row.warm_p99 >= row.warm_p50, "{row:?}");
        assert!(row.resident > 1.0 && row.zipped > 0.0 && row.size > row.zipped, "{row:?}");
    }
    assert!(table(&rows).contains("| webhook "));
}
