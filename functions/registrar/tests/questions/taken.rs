//! A name that is taken: the registration of an answer that nobody got.

use fleet::ledger::{LeaveReason, RunnerState};
use fleet::question::Listener;
use fleet::{GithubRunnerId, RunnerId};
use kit::recording::record;
use sandbox::Fault;

use crate::github::GithubCall::{Delete, Find, FindGroup, Register};
use crate::scene::{RegistrarScene, pool};
use crate::wire::ReadAnswer;

/// A call that is still on its way when its registrar ends lands.
fn lands(scene: &RegistrarScene, runner: &RunnerId) -> Option<GithubRunnerId> {
    let labels = ["linux"].into_iter().collect();
    scene.sandbox.github().borrow_mut().register(&runner.github_name(&pool()), labels, "fargate")
}

/// A runner whose registrar ended with its call on the way.
fn cut_off() -> (RegistrarScene, RunnerId) {
    let (scene, runner) = RegistrarScene::with_a_runner();
    let mut question = scene.begin(&runner);
    question.go_on_until(|| {
        let calls = scene.calls();
        calls.contains(&Register)
    });
    drop(question);
    assert_eq!((scene.runner(&runner).state, scene.registered()), (RunnerState::Idle, vec![]));
    (scene, runner)
}

#[test]
fn a_registration_that_lands_after_its_registrars_end_is_replaced() {
    let (scene, runner) = cut_off();
    assert_eq!(lands(&scene, &runner), Some(GithubRunnerId(1)));
    scene.assert_configured(&runner, &scene.ask(&runner, Listener::None), "it was there first");
    assert_eq!(
        (scene.calls(), scene.registered()),
        (vec![FindGroup, Register, Find, Delete, Register], vec![2])
    );
}

#[test]
fn one_that_lands_after_the_next_config_meets_its_name() {
    let (scene, runner) = cut_off();
    scene.assert_configured(&runner, &scene.ask(&runner, Listener::None), "the name is free");
    assert_eq!((lands(&scene, &runner), scene.calls()), (None, vec![FindGroup, Register]));
}

#[test]
fn one_that_lands_between_two_calls_of_the_next_question_is_asked_for_again() {
    let (scene, runner) = RegistrarScene::with_a_config();
    let mut question = scene.begin(&runner);
    let seen = std::cell::RefCell::new(Vec::new());
    question.go_on_until(|| {
        seen.borrow_mut().extend(scene.calls());
        scene.registered().is_empty()
    });
    assert_eq!(*seen.borrow(), [FindGroup, Register, Find, Delete]);
    assert_eq!(lands(&scene, &runner), Some(GithubRunnerId(2)));
    assert_in_a_minute(&scene, &runner, &question.finish(), "409 twice");
    scene.assert_configured(&runner, &scene.ask(&runner, Listener::None), "the next one finds it");
}

#[test]
fn one_that_is_gone_when_it_is_deleted_is_done_with() {
    let (scene, runner) = RegistrarScene::with_a_config();
    let mut question = scene.begin(&runner);
    question.go_on_until(|| scene.calls().contains(&Delete));
    scene.sandbox.github().borrow_mut().remove(GithubRunnerId(1)).unwrap();
    scene.assert_configured(&runner, &question.finish(), "404 is as good");
}

#[test]
fn a_list_that_lags_and_a_name_that_stays_taken_are_waited_for() {
    for (fault, calls, why) in [
        (Fault::GithubListLags, vec![FindGroup, Register, Find, Register], "the list lags"),
        (Fault::GithubConflicts, vec![FindGroup, Register, Find, Delete, Register], "409 twice"),
    ] {
        let (scene, runner) = RegistrarScene::with_a_config();
        scene.sandbox.set_faults([(fault, 1.0)].into());
        assert_in_a_minute(&scene, &runner, &scene.ask(&runner, Listener::None), why);
        assert_eq!(scene.calls(), calls, "{why}");
        scene.sandbox.set_faults([].into());
        scene.assert_configured(&runner, &scene.ask(&runner, Listener::None), why);
    }
}

fn assert_in_a_minute(scene: &RegistrarScene, runner: &RunnerId, answered: &ReadAnswer, why: &str) {
    assert_eq!(answered.status, 503, "{why}");
    assert!((50..=60).contains(&answered.retry_after.unwrap()), "{why}: {answered:?}");
    assert_eq!(scene.runner(runner).state, RunnerState::Idle, "{why}");
}

#[test]
fn a_registration_at_work_whose_config_nobody_got_is_busy_and_its_runner_leaves_in_two_minutes() {
    let (scene, runner) = RegistrarScene::with_a_runner();
    assert!(lands(&scene, &runner).is_some());
    scene.sandbox.set_fault(Fault::GithubCallsBusy, 1.0);
    let (answered, recorded) = record(|| scene.ask(&runner, Listener::None));
    assert_eq!((answered.in_words().as_str(), scene.runner(&runner).state), ("wait 60", RunnerState::Busy));
    assert_eq!((recorded.count("RegistrationsTaken"), scene.registered()), (1, vec![1]));
    assert_eq!((scene.book().supply, scene.book().idle), (0, 0), "another one is to be reserved");
    for (told, why) in [("wait 60", "a minute later"), ("leave", "two minutes later")] {
        scene.pass(60);
        assert_eq!(scene.ask(&runner, Listener::None).in_words(), told, "{why}");
    }
    assert_eq!(scene.runner(&runner).leaves, Some(LeaveReason::NoWorker));
}
