//! Two boots show one ticket: one of them is a thief.

use fleet::ledger::{LeaveReason, RunnerState};
use sandbox::github::Phase;

#[test]
fn soon_after_the_start_the_runner_is_let_go_and_another_takes_the_job() {
    let mut scene = stories::scene();
    let job = scene.queue(&["ec2-x64"]);
    // It has asked, and is about to connect.
    while scene.world.sandbox().table().borrow().runners().all(|runner| runner.boot.is_none()) {
        scene.pass(1);
    }
    let ((), told) = kit::recording::record(|| {
        scene.world.steal_ticket(0);
        scene.pass(1);
    });
    assert_eq!(scene.world.stolen_tickets().iter().map(|(_, status)| *status).collect::<Vec<_>>(), [403]);
    assert_eq!(told.count("SecondBoots"), 1, "which has an alarm");
    {
        let table = scene.world.sandbox().table().borrow();
        let robbed = table.runners().find(|runner| runner.leaves == Some(LeaveReason::AnotherBoot)).unwrap();
        assert_eq!(robbed.state, RunnerState::Leaving);
    }
    scene.rest();
    let github = scene.world.sandbox().github().borrow();
    assert_eq!(github.job(job).map(|job| job.phase), Some(Phase::Completed { conclusion: "success" }));
    drop(github);
    assert_eq!(scene.tasks().len(), 2, "and one in its place");
}
