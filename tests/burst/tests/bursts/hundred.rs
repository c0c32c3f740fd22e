//! A burst of a hundred jobs, in which a launcher is killed.

use std::path::Path;
use std::time::Duration;

use burst::burst;

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_jobs_get_a_task_each_and_all_end_though_a_launcher_is_killed() {
    logs::capture(&burst::SECRETS);
    let test = std::env::current_exe().unwrap();
    let binaries = test.parent().and_then(Path::parent).unwrap();
    let figures = burst(100, 1, binaries, Duration::from_secs(100)).await.unwrap();

    assert!(figures.in_time, "{figures}");
    assert_eq!((figures.accepted, figures.tasks, figures.completed), (105, 100, 100), "{figures}");
    assert_eq!(figures.ended, (100, 100), "{figures}");
    assert_eq!(figures.books.0, figures.books.1, "books and items");
    assert_eq!(figures.dead_letters, "0 + 0");
    assert_eq!(figures.killed, 1, "{figures}");
    // What the killed one had to tell may be lost with it: of a batch of ten at most.
    assert!(figures.launched + figures.made_good >= 90, "somebody tells of each launch: {figures}");
    assert!(figures.queue_to_run_task.len() >= 50, "the time of most is counted: {figures}");
}
