//! What happens to a runner while its JIT config is made.

use fleet::RunnerId;
use fleet::launch::{Ending, StopClass, TaskTimes};
use fleet::ledger::{JobAction, RunnerEvent, RunnerState};
use fleet::question::Listener;
use kit::recording::record;

use crate::github::GithubCall::{Delete, FindGroup, Register};
use crate::scene::RegistrarScene;

type Interference = fn(&RegistrarScene, &RunnerId);

/// A runner asks, and something happens to it after it was registered and before that is written down.
/// Returns its answer.
fn ask_meanwhile(scene: &RegistrarScene, runner: &RunnerId, happens: Interference) -> String {
    let mut question = scene.begin(runner);
    question.go_on_until(|| scene.registered() == [1]);
    happens(scene, runner);
    question.finish().in_words()
}

#[test]
fn no_config_is_answered_whose_runner_is_let_go_meanwhile() {
    let stopped = |scene: &RegistrarScene, runner: &RunnerId| {
        let event = RunnerEvent::TaskStopped(
            StopClass::Ended(Ending::Killed),
            "out of memory".to_owned(),
            TaskTimes::default(),
        );
        scene.tell(runner, event);
    };
    let counted_out = |scene: &RegistrarScene, runner: &RunnerId| scene.tell(runner, RunnerEvent::CountedOut);
    let closed = |scene: &RegistrarScene, _: &RunnerId| scene.close_pool();
    let rows: [(Interference, RunnerState, &str); 3] = [
        (stopped, RunnerState::Stopped, "its task has stopped"),
        (counted_out, RunnerState::Leaving, "its instance goes away"),
        (closed, RunnerState::Idle, "its pool is taken out of the map"),
    ];
    for (happens, state, why) in rows {
        let (scene, runner) = RegistrarScene::with_a_runner();
        let (told, recorded) = record(|| ask_meanwhile(&scene, &runner, happens));
        assert_eq!(told, "leave", "{why}");
        let stored = scene.runner(&runner);
        assert_eq!((stored.state, stored.github_id), (state, None), "{why}");
        assert_eq!((scene.calls(), scene.registered()), (vec![FindGroup, Register, Delete], vec![]), "{why}");
        assert_eq!(recorded.count("Questions{Answer=Config}"), 0, "{why}");
        assert_eq!(scene.ask(&runner, Listener::None).in_words(), "leave", "{why}: from then on");
    }
}

#[test]
fn one_that_became_overdue_meanwhile_gets_its_config_if_it_is_needed() {
    let (scene, runner) = RegistrarScene::with_a_runner();
    scene.job(JobAction::Queued, None);
    let mut question = scene.begin(&runner);
    question.go_on_until(|| scene.registered() == [1]);
    scene.tell_overdue(&runner);
    scene.assert_configured(&runner, &question.finish(), "a job waits");
    assert!(scene.runner(&runner).overdue_at.is_some(), "once in its life");
}

#[test]
fn and_else_it_leaves() {
    let (scene, runner) = RegistrarScene::with_a_runner();
    scene.job(JobAction::Queued, None);
    let told = ask_meanwhile(&scene, &runner, |scene, runner| {
        scene.tell_overdue(runner);
        scene.minimum(0);
        scene.job(JobAction::Completed, None);
    });
    assert_eq!((told.as_str(), scene.runner(&runner).state), ("leave", RunnerState::Leaving));
    assert!(scene.registered().is_empty());
}

#[test]
fn one_that_was_found_busy_meanwhile_waits_and_leaves_in_two_minutes() {
    let (scene, runner) = RegistrarScene::with_a_runner();
    let told = ask_meanwhile(&scene, &runner, |scene, runner| scene.tell(runner, RunnerEvent::FoundBusy));
    assert_eq!((told.as_str(), scene.runner(&runner).state), ("wait 60", RunnerState::Busy));
    assert!(scene.registered().is_empty(), "nobody will use it");
    scene.pass(120);
    assert_eq!(scene.ask(&runner, Listener::None).in_words(), "leave");
}

#[test]
fn a_registration_that_cannot_be_deleted_changes_no_answer() {
    let (scene, runner) = RegistrarScene::with_a_runner();
    let told = ask_meanwhile(&scene, &runner, |scene, runner| {
        scene.tell(runner, RunnerEvent::CountedOut);
        scene.github.fails(Delete, fleet::ports::GithubError::Unavailable("502".to_owned()));
    });
    assert_eq!(
        (told.as_str(), scene.registered()),
        ("leave", vec![1]),
        "the reconciler finds it by its name"
    );
}
