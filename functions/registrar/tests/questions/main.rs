//! What PID 1 asks, and the answers it gets.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod boots;
mod broken;
mod github;
mod late;
mod leaving;
mod limits;
mod meanwhile;
mod on_its_way;
mod removed_pools;
mod scene;
mod taken;
mod waits;
mod wire;
mod words;

use fleet::ledger::{JobAction, LeaveReason, RunnerState};
use fleet::question::Listener;
use fleet::{GithubRunnerId, RunnerId};
use github::GithubCall;
use kit::recording::record;
use scene::{RegistrarScene, START};
use serde_json::{Value, json};

#[test]
fn a_runner_that_is_needed_gets_its_jit_config_and_is_idle() {
    let (scene, runner) = RegistrarScene::with_a_runner();
    let (answered, recorded) = record(|| scene.ask(&runner, Listener::None));
    assert_eq!(answered.body["settings"]["pool"], "fargate-x64");
    assert_eq!(answered.body["settings"]["runner_name"], format!("mayfly-fargate-x64-{runner}"));
    assert_eq!(answered.body["settings"]["sudo"], false);
    scene.assert_configured(&runner, &answered, "needed");
    assert_eq!(scene.calls(), [GithubCall::FindGroup, GithubCall::Register]);
    assert_eq!((scene.book().supply, scene.book().idle), (1, 1));
    let github = scene.sandbox.github().borrow();
    let registered = github.runner(GithubRunnerId(1)).unwrap();
    assert_eq!((registered.group.as_str(), registered.labels.iter().count() > 2), ("fargate", true));
    assert_eq!(recorded.count("Questions{Answer=Config}"), 1);
    assert_eq!(recorded.lines("JIT config answered").len(), 1);
}

#[test]
fn in_a_pool_with_summaries_it_learns_since_when_it_is_reserved_and_what_its_task_costs() {
    for (price, expected) in
        [("task_hour_dollars = 0.25", json!({"hour": 250_000_000, "least": 60_000})), ("", Value::Null)]
    {
        let scene = RegistrarScene::of_pool(&format!("job_summary = true\n{price}"));
        let runner = scene.reserve(1).remove(0);
        scene.pass(21);
        let answered = scene.ask(&runner, Listener::None);
        let summary = &answered.body["settings"]["summary"];
        assert_eq!((&summary["capacity"], &summary["reserved_for"]), (&json!("fargate-x64"), &json!(21_000)));
        assert_eq!(summary["price"], expected);
    }
}

#[test]
fn one_that_is_not_needed_leaves_and_github_hears_nothing_of_it() {
    let (scene, runner) = RegistrarScene::with_a_runner();
    scene.minimum(0);
    let (answered, recorded) = record(|| scene.ask(&runner, Listener::None));
    assert_eq!(answered.in_words(), "leave");
    assert_eq!((scene.calls(), scene.registered()), (vec![], vec![]));
    let stored = scene.runner(&runner);
    assert_eq!((stored.state, stored.leaves), (RunnerState::Leaving, Some(LeaveReason::NotNeeded)));
    assert_eq!(recorded.count("Questions{Answer=Leave}"), 1);
    assert_eq!(recorded.lines("told to leave").len(), 1);
    scene.minimum(1);
    assert_eq!(scene.ask(&runner, Listener::None).in_words(), "leave", "and it is gone from then on");
}

#[test]
fn of_several_that_ask_together_as_many_get_a_config_as_are_wanted() {
    for (minimum, jobs) in [(0, 1), (1, 0), (1, 1), (3, 1), (5, 0)] {
        let scene = RegistrarScene::new();
        let runners = scene.reserve(5);
        scene.minimum(minimum);
        if jobs == 1 {
            scene.job(JobAction::Queued, None);
        }
        let wanted = usize::try_from(minimum).unwrap() + jobs;
        let answers = scene.ask_together(&runners.iter().collect::<Vec<_>>());
        let told = |words| answers.iter().filter(|answered| answered.in_words() == words).count();
        assert_eq!((told("config"), told("leave")), (wanted, 5 - wanted), "{minimum} and {jobs}");
        assert_eq!(scene.registered().len(), wanted, "{minimum} and {jobs}");
    }
}

#[test]
fn one_that_is_up_stays_while_a_job_waits_though_others_still_boot() {
    let scene = RegistrarScene::new();
    let runners = scene.reserve(3);
    scene.ask(&runners[0], Listener::None);
    scene.minimum(0);
    scene.job(JobAction::Queued, None);
    assert!(scene.book().has_surplus(START), "three for one job");
    assert_eq!(scene.ask(&runners[0], Listener::Up).in_words(), "wait 60");
    assert_eq!(scene.ask(&runners[1], Listener::None).in_words(), "leave", "the job has its runner");
}

#[test]
fn one_that_is_neither_needed_nor_too_many_waits() {
    let scene = RegistrarScene::new();
    let runners = scene.reserve(2);
    for runner in &runners {
        scene.ask(runner, Listener::None);
    }
    assert_eq!(scene.ask(&runners[0], Listener::Up).in_words(), "wait 60");
    scene.minimum(1);
    assert_eq!(scene.ask(&runners[0], Listener::Up).in_words(), "leave", "now it is one too many");
    assert_eq!(scene.ask(&runners[1], Listener::Up).in_words(), "wait 60", "and the other one is not");
}

#[test]
fn a_runner_that_the_ledger_does_not_know_leaves() {
    let scene = RegistrarScene::new();
    let unknown = RunnerId::from_random(99);
    for listener in [Listener::None, Listener::Starting, Listener::Up] {
        assert_eq!(scene.ask(&unknown, listener).in_words(), "leave");
    }
    assert_eq!(scene.calls(), []);
}
