//! Ten jobs, each from its webhook to its end by real binaries.

use std::path::Path;
use std::time::Duration;

use burst::by_processes;

#[tokio::test(flavor = "multi_thread")]
async fn ten_jobs_are_done_by_ten_processes() {
    logs::capture(&burst::SECRETS);
    let test = std::env::current_exe().unwrap();
    let binaries = test.parent().and_then(Path::parent).unwrap();
    let figures = by_processes(10, binaries, Duration::from_mins(1)).await.unwrap();

    assert!(figures.in_time, "{figures}");
    assert_eq!((figures.accepted, figures.tasks, figures.completed), (10, 10, 10), "{figures}");
    assert_eq!(figures.ended, (10, 10), "{figures}");
    assert_eq!(figures.books.0, figures.books.1, "books and items");
    assert_eq!(figures.dead_letters, "0 + 0");
}
