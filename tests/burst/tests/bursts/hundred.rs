//! A burst of a hundred jobs.

use std::path::Path;
use std::time::Duration;

use burst::burst;

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_jobs_get_a_task_each_and_all_end() {
    logs::capture(&burst::SECRETS);
    let test = std::env::current_exe().unwrap();
    let binaries = test.parent().and_then(Path::parent).unwrap();
    let figures = burst(100, 0, binaries, Duration::from_secs(100)).await.unwrap();

    assert!(figures.in_time, "{figures}");
    assert_eq!((figures.accepted, figures.tasks, figures.completed), (105, 100, 100), "{figures}");
    assert_eq!(figures.ended, (100, 100), "{figures}");
    assert_eq!(figures.books.0, figures.books.1, "books and items");
    assert_eq!(figures.dead_letters, "0 + 0");
    // On a slow machine the scheduler's tick comes first to some of them.
    let launches = figures.queue_to_run_task.len() + figures.made_good;
    assert!(launches >= 100, "{launches} of 100 launches were counted: {figures}");
}
