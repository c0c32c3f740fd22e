//! Faults that strike again and again: a day of them, with a job now and then, costs a few tasks rather than
//! thousands. The pool's book says why, and once the cause is mended every job is served.

use fleet::PoolName;
use fleet::ledger::RestCause;
use platform::scene::Scene;
use sandbox::{Fault, Rates};

/// Jobs in the day.
const JOBS: i64 = 15;

/// A day, in seconds.
const DAY: i64 = 24 * 60 * 60;

/// A day on which these faults strike whenever they can. Returns the tasks that were started.
fn day_of(faults: &[Fault]) -> (Scene, usize) {
    let mut scene = stories::scene();
    scene.world.sandbox().set_faults(faults.iter().map(|&fault| (fault, 1.0)).collect());
    for _ in 0..JOBS {
        scene.queue(&["ec2-x64"]);
        scene.pass(DAY / JOBS);
    }
    let tasks = scene.tasks().len();
    scene.world.sandbox().set_faults(Rates::new());
    (scene, tasks)
}

#[test]
fn a_fault_that_lasts_all_day_costs_a_few_tasks_and_says_why() {
    use Fault::{
        GithubFails, HangsWithoutConfig, ImageEnds, PreparationFails, RunnerFails, RunnerOutdated,
        StopEventLost, TaskNeverAsks,
    };
    for (faults, cause, says, why) in [
        (
            &[RunnerOutdated][..],
            RestCause::RunFailures,
            "runner outdated: GitHub refuses this version",
            "exit 7",
        ),
        (&[RunnerFails], RestCause::RunFailures, "exit code 1", "a listener that cannot start"),
        (
            &[PreparationFails],
            RestCause::BootFailures,
            "Docker did not come up",
            "it exits with 77 before any question",
        ),
        (&[ImageEnds], RestCause::BootFailures, "", "an image with another entrypoint"),
        (&[ImageEnds, StopEventLost], RestCause::BootFailures, "", "the same, found by the scheduler alone"),
        (&[TaskNeverAsks], RestCause::BootFailures, "past its boot limit", "a boot that hangs"),
        (
            &[GithubFails, HangsWithoutConfig],
            RestCause::RunFailures,
            "past its boot limit",
            "a hang between question and registration",
        ),
    ] {
        let (mut scene, tasks) = day_of(faults);
        let rest = {
            let table = scene.world.sandbox().table().borrow();
            let book = table.book(&PoolName::new("ec2-x64").unwrap()).unwrap();
            book.health.rest.clone().unwrap_or_else(|| panic!("{why}: the breaker is not open"))
        };
        assert_eq!(rest.cause, cause, "{why}");
        assert!(rest.reason.contains(says), "{why}: {}", rest.reason);
        assert!((10..=130).contains(&tasks), "{why}: {tasks} tasks");
        // The cause is mended. GitHub forgets dead registrations after a day.
        scene.pass(DAY + DAY / 4);
    }
}
