//! What a broken question leaves behind, and how the next one of the same boot goes on.

use std::time::Duration;

use fleet::ledger::{JobAction, RunnerState};
use fleet::ports::GithubError;
use fleet::question::Listener;
use kit::recording::record;
use sandbox::Fault;

use crate::github::GithubCall::{Delete, Find, FindGroup, Register};
use crate::scene::{RegistrarScene, START};

#[test]
fn a_question_that_never_came_to_its_write_is_asked_again() {
    let (scene, runner) = RegistrarScene::with_a_runner();
    scene.sandbox.set_faults([(Fault::LedgerReadFails, 1.0)].into());
    assert_eq!(scene.ask(&runner, Listener::None).status, 503);
    assert_eq!((scene.runner(&runner).state, scene.calls()), (RunnerState::Starting, vec![]));
    scene.sandbox.set_faults([].into());
    scene.assert_configured(&runner, &scene.ask(&runner, Listener::None), "the ledger is back");
}

#[test]
fn while_github_makes_no_config_the_runner_counts_as_idle_and_asks_again_within_a_minute() {
    type Breaks = fn(&RegistrarScene);
    let rows: [(Breaks, i64, &str); 8] = [
        (|it| it.github.fails(FindGroup, GithubError::NotFound("group".to_owned())), 60, "no group"),
        (|it| it.github.fails(Register, GithubError::NotFound("app".to_owned())), 60, "404"),
        (|it| it.github.fails(Register, GithubError::Refused("422".to_owned())), 60, "422"),
        (|it| it.github.fails(Register, GithubError::Unavailable("502".to_owned())), 10, "502"),
        (|it| it.github.fails(Register, GithubError::Wait(Duration::from_hours(1))), 60, "a limit"),
        (|it| it.sandbox.github().borrow_mut().set_outage(START + Duration::from_secs(30)), 10, "an outage"),
        (|it| it.spend_all(), 60, "the minute's calls are made"),
        (|it| it.sandbox.set_faults([(Fault::GithubAnswerLost, 1.0)].into()), 10, "its answer is lost"),
    ];
    for (breaks, longest, why) in rows {
        let (scene, runner) = RegistrarScene::with_a_runner();
        breaks(&scene);
        let (answered, recorded) = record(|| scene.ask(&runner, Listener::None));
        assert_eq!(answered.status, 503, "{why}");
        assert!((1..=longest).contains(&answered.retry_after.unwrap()), "{why}: {answered:?}");
        let stored = scene.runner(&runner);
        assert_eq!(
            (stored.state, stored.github_id, scene.book().idle),
            (RunnerState::Idle, None, 1),
            "{why}"
        );
        assert_eq!(recorded.count("Questions{Answer=Later}"), 1, "{why}");
        assert_eq!(recorded.lines("question answered later").len(), 1, "{why}");
        scene.github.is_well();
        scene.sandbox.set_faults([].into());
        scene.pass(3600);
        scene.assert_configured(&runner, &scene.ask(&runner, Listener::None), why);
        assert_eq!(scene.book().idle, 1, "{why}: it is counted once");
    }
}

#[test]
fn wherever_a_registrar_ends_the_same_boot_goes_on() {
    for steps in 0.. {
        let (scene, runner) = RegistrarScene::with_a_runner();
        let mut question = scene.begin(&runner);
        let is_answered = question.go_on(steps).is_some();
        drop(question);
        let left = scene.runner(&runner);
        let is_written = left.boot.is_some();
        let expected = if is_written { RunnerState::Idle } else { RunnerState::Starting };
        assert_eq!((left.state, scene.book().idle), (expected, i64::from(is_written)), "after {steps} steps");
        if let Some(id) = left.github_id {
            assert_eq!(scene.registered(), [id.0], "after {steps} steps");
        }
        let why = format!("cut off after {steps} steps");
        scene.assert_configured(&runner, &scene.ask(&runner, Listener::None), &why);
        assert_eq!((scene.book().supply, scene.book().idle), (1, 1), "{why}");
        if is_answered {
            assert!(steps > 10, "it was cut off {steps} times");
            return;
        }
    }
}

#[test]
fn a_config_whose_registrar_ended_before_it_was_written_down_is_replaced() {
    let (scene, runner) = RegistrarScene::with_a_runner();
    let mut question = scene.begin(&runner);
    question.go_on_until(|| scene.registered() == [1]);
    drop(question);
    assert_eq!(scene.runner(&runner).github_id, None);
    scene.calls();
    let (answered, recorded) = record(|| scene.ask(&runner, Listener::None));
    scene.assert_configured(&runner, &answered, "the second one");
    assert_eq!(scene.calls(), [FindGroup, Register, Find, Delete, Register]);
    assert_eq!((scene.registered(), recorded.count("RegistrationsReplaced")), (vec![2], 1));
}

#[test]
fn after_a_lost_answer_the_same_boot_gets_another_config_and_one_registration_remains() {
    let (scene, runner) = RegistrarScene::with_a_config();
    scene.pass(50);
    let (answered, recorded) = record(|| scene.ask(&runner, Listener::None));
    scene.assert_configured(&runner, &answered, "a JIT config is good for once");
    assert_eq!((scene.registered(), recorded.count("RegistrationsReplaced")), (vec![2], 1));
    assert_eq!((scene.book().supply, scene.book().idle), (1, 1), "it is counted once");
    for (id, state, why) in [
        (1, RunnerState::Idle, "nobody has the registration that was lost"),
        (2, RunnerState::Busy, "the second one's"),
    ] {
        scene.job(JobAction::InProgress, Some((&runner, id)));
        assert_eq!(scene.runner(&runner).state, state, "{why}");
    }
}

#[test]
fn one_whose_listener_never_comes_up_is_told_to_go_on_and_its_silence_shows() {
    let (scene, runner) = RegistrarScene::with_a_config();
    let asked_at = scene.runner(&runner).asked_at;
    for _ in 0..3 {
        scene.pass(60);
        assert_eq!(scene.ask(&runner, Listener::Starting).in_words(), "wait 60");
    }
    let stored = scene.runner(&runner);
    assert_eq!((stored.asked_at, stored.listened), (asked_at, false));
    assert!(stored.is_silent(scene.sandbox.manual_clock().now()));
}
