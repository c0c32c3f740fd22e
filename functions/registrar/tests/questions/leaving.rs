//! How a runner is let go.

use std::time::Duration;

use fleet::ledger::RunnerState;
use fleet::ports::GithubError;
use fleet::question::Listener;
use fleet::{GithubRunnerId, JobId, Repository};
use kit::recording::record;
use sandbox::github::JobPlan;

use crate::github::GithubCall;
use crate::scene::{RegistrarScene, START};

/// A runner that listens, and is not needed any longer.
fn surplus() -> (RegistrarScene, fleet::RunnerId) {
    let (scene, runner) = RegistrarScene::with_a_config();
    assert_eq!(scene.ask(&runner, Listener::Up).in_words(), "wait 60");
    scene.minimum(0);
    (scene, runner)
}

#[test]
fn an_idle_runner_that_is_not_needed_leaves_without_its_registration() {
    let (scene, runner) = surplus();
    assert_eq!(scene.ask(&runner, Listener::Up).in_words(), "leave");
    assert_eq!((scene.registered(), scene.runner(&runner).state), (vec![], RunnerState::Leaving));
    let book = scene.book();
    assert_eq!((book.supply, book.idle, book.live), (0, 0, 1));
    assert_eq!(scene.ask(&runner, Listener::Up).in_words(), "leave", "the answer was lost");
}

#[test]
fn a_deletion_that_is_lost_is_made_again() {
    for (error, why) in [
        (GithubError::Unavailable("502".to_owned()), "GitHub is down"),
        (GithubError::Wait(Duration::from_mins(5)), "it asks to wait"),
        (GithubError::Refused("403".to_owned()), "it refuses"),
    ] {
        let (scene, runner) = surplus();
        scene.github.fails(GithubCall::Delete, error);
        assert_eq!(scene.ask(&runner, Listener::Up).status, 503, "{why}");
        assert_eq!(
            (scene.runner(&runner).state, scene.registered()),
            (RunnerState::Leaving, vec![1]),
            "{why}"
        );
        scene.github.is_well();
        scene.pass(300);
        assert_eq!(scene.ask(&runner, Listener::Up).in_words(), "leave", "{why}");
        assert_eq!(
            (scene.calls(), scene.registered()),
            (vec![GithubCall::Delete, GithubCall::Delete], vec![]),
            "{why}"
        );
    }
}

#[test]
fn one_with_a_listener_may_be_told_to_wait_as_long_as_github_says() {
    let (scene, runner) = surplus();
    scene.github.fails(GithubCall::Delete, GithubError::Wait(Duration::from_mins(5)));
    let retry_after = scene.ask(&runner, Listener::Up).retry_after.unwrap();
    assert!((300..330).contains(&retry_after), "{retry_after}");
}

#[test]
fn a_runner_that_took_a_job_while_it_was_let_go_stays() {
    let (scene, runner) = surplus();
    let plan = JobPlan {
        repository: Repository::new("octo-org/storefront"),
        labels: ["fargate-x64"].into_iter().collect(),
        work: Duration::from_mins(1),
    };
    {
        let mut github = scene.sandbox.github().borrow_mut();
        github.connect(GithubRunnerId(1));
        github.add_job(JobId(7), plan, START);
        assert_eq!(github.assign(START, |_| 0), [(JobId(7), GithubRunnerId(1))]);
    }
    let (answered, recorded) = record(|| scene.ask(&runner, Listener::Up));
    assert_eq!((answered.in_words().as_str(), scene.runner(&runner).state), ("wait 60", RunnerState::Busy));
    assert_eq!((recorded.log.as_str(), scene.registered()), ("", vec![1]));
}
