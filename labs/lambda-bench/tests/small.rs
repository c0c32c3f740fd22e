//! The bench itself, small, on the binaries of a debug build.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can not go on fails"
)]

use std::path::Path;
use std::time::Duration;

use lambda_bench::{Plan, SECRETS, run, table};

#[tokio::test(flavor = "multi_thread")]
async fn every_function_answers_over_tls_and_has_its_figures() {
    logs::capture(&SECRETS);
    let test = std::env::current_exe().unwrap();
    let binaries = test.parent().and_then(Path::parent).unwrap().to_owned();
    let gap = Duration::ZERO;
    let plan = Plan {
        binaries,
        rounds: 1,
        events: 2,
        gap,
        memory: 256,
        throttled: false,
        zip: 1,
        log: logs::file_of,
    };
    let rows = run(&plan).await.unwrap();
    let names: Vec<_> = rows.iter().map(|row| row.name).collect();
    assert_eq!(names, ["echo", "webhook", "launcher", "registrar", "scheduler"]);
    for row in &rows {
        assert!(row.init > 0.0 && row.init_and_first > row.init, "{row:?}");
        assert!(row.warm_p50 > 0.0 && row.warm_p99 >= row.warm_p50, "{row:?}");
        assert!(row.resident > 1.0 && row.zipped > 0.0 && row.size > row.zipped, "{row:?}");
    }
    assert!(table(&rows).contains("| webhook "));
}
