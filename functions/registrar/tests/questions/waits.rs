//! A plain wait: what it writes, and who gets one.

use fleet::ledger::{JobAction, LeaveReason, RunnerEvent, RunnerState};
use fleet::question::Listener;
use jiff::SignedDuration;
use kit::recording::record;

use crate::github::GithubCall;
use crate::scene::{RegistrarScene, START};

#[test]
fn a_plain_wait_is_a_read() {
    let (scene, runner) = RegistrarScene::with_a_config();
    for (listener, writes, why) in [
        (Listener::Starting, 0, "not up yet, and so its time is not written"),
        (Listener::Up, 1, "the first that says that it listens"),
        (Listener::Up, 0, "and no other"),
        (Listener::Up, 0, "not even hours later"),
    ] {
        scene.pass(60);
        let (stored, before) = (scene.runner(&runner), scene.sandbox.table().borrow().writes());
        let (answered, recorded) = record(|| scene.ask(&runner, listener));
        assert_eq!(answered.in_words(), "wait 60", "{why}");
        assert_eq!(scene.sandbox.table().borrow().writes() - before, writes, "{why}");
        assert_eq!((recorded.log.as_str(), &recorded.metrics[..]), ("", &[][..]), "{why}");
        assert_eq!(scene.runner(&runner).asked_at, stored.asked_at, "{why}");
        scene.pass(3600);
    }
    assert!(scene.runner(&runner).listened);
    assert_eq!(scene.calls(), []);
}

#[test]
fn the_question_of_a_runner_without_a_listener_writes_its_time() {
    let (scene, runner) = RegistrarScene::with_a_runner();
    scene.sandbox.github().borrow_mut().set_outage(START + SignedDuration::from_hours(1));
    for _ in 0..3 {
        scene.pass(60);
        assert_eq!(scene.ask(&runner, Listener::None).status, 503);
        let asked_at = scene.runner(&runner).asked_at.unwrap();
        assert!(scene.sandbox.manual_clock().now().duration_since(asked_at).as_secs() < 10, "{asked_at}");
    }
}

#[test]
fn a_busy_runner_waits_and_without_a_worker_for_two_minutes_it_leaves() {
    for listener in [Listener::Starting, Listener::Up] {
        let (scene, runner) = RegistrarScene::with_a_config();
        scene.job(JobAction::InProgress, Some((&runner, 1)));
        for (seconds, told) in [(60, "wait 60"), (59, "wait 60"), (1, "leave")] {
            scene.pass(seconds);
            assert_eq!(scene.ask(&runner, listener).in_words(), told, "{listener:?}");
        }
        let stored = scene.runner(&runner);
        assert_eq!((stored.state, stored.leaves), (RunnerState::Leaving, Some(LeaveReason::NoWorker)));
        assert_eq!((scene.calls(), scene.registered()), (vec![GithubCall::Delete], vec![]));
    }
}

#[test]
fn a_task_that_has_listened_gets_no_second_config() {
    let scene = RegistrarScene::new();
    let runner = &scene.reserve(2)[0];
    for (listener, told) in [(Listener::None, "config"), (Listener::Up, "wait 60")] {
        assert_eq!(scene.ask(runner, listener).in_words(), told);
    }
    scene.minimum(1);
    assert!(scene.book().needs(&scene.runner(runner), START), "the other one still boots");
    scene.calls();
    assert_eq!(scene.ask(runner, Listener::None).in_words(), "leave");
    let stored = scene.runner(runner);
    assert_eq!((stored.state, stored.leaves), (RunnerState::Leaving, Some(LeaveReason::ConfigUsed)));
    assert_eq!((scene.calls(), scene.registered()), (vec![GithubCall::Delete], vec![]));
}

#[test]
fn an_overdue_runner_comes_back_if_it_is_needed_and_else_leaves() {
    for (is_needed, is_up, listener, told, why) in [
        (true, false, Listener::None, "config", "its first question"),
        (true, true, Listener::None, "config", "its answer was lost"),
        (true, true, Listener::Up, "wait 60", "it listens after all"),
        (false, false, Listener::None, "leave", "its spare was faster"),
        (false, true, Listener::Up, "leave", "the same, though it listens"),
    ] {
        let (scene, runner) =
            if is_up { RegistrarScene::with_a_config() } else { RegistrarScene::with_a_runner() };
        scene.job(JobAction::Queued, None);
        scene.minimum(0);
        scene.tell_overdue(&runner);
        if !is_needed {
            scene.job(JobAction::Completed, None);
        }
        let answered = scene.ask(&runner, listener);
        let state = if is_needed { RunnerState::Idle } else { RunnerState::Leaving };
        assert_eq!((answered.in_words().as_str(), scene.runner(&runner).state), (told, state), "{why}");
        assert_eq!(scene.registered().len(), usize::from(is_needed), "{why}");
        if told == "config" {
            scene.assert_configured(&runner, &answered, why);
        }
    }
}

#[test]
fn what_was_lost_of_a_listeners_first_question_the_next_one_says() {
    let (scene, runner) = RegistrarScene::with_a_config();
    // The first one never came; the runner has taken its job all the same.
    scene.job(JobAction::InProgress, Some((&runner, 1)));
    assert_eq!(scene.runner(&runner).state, RunnerState::Busy);
    let (scene, runner) = RegistrarScene::with_a_config();
    scene.pass(60);
    assert_eq!(scene.ask(&runner, Listener::Up).in_words(), "wait 60");
    assert!(scene.runner(&runner).listened);
    scene.tell(&runner, RunnerEvent::Overdue);
    assert_eq!(scene.runner(&runner).state, RunnerState::Idle, "one that listens is not overdue");
}
