//! Questions of runners whose pool was taken out of the map.

use fleet::ledger::{JobAction, LeaveReason, RunnerState};
use fleet::question::Listener;

use crate::github::GithubCall;
use crate::scene::RegistrarScene;
use crate::wire::THIEF;

#[test]
fn a_runner_asks_again_until_the_pools_book_is_closed_and_then_it_leaves() {
    let (mut scene, runner) = RegistrarScene::with_a_runner();
    scene.take_pool_out();
    let first = scene.ask(&runner, Listener::None);
    assert_eq!(first.status, 503, "the map may be older than the pool");
    assert!((50..=60).contains(&first.retry_after.unwrap()), "{first:?}");
    scene.close_pool();
    assert_eq!(scene.ask(&runner, Listener::None).in_words(), "leave");
    let stored = scene.runner(&runner);
    assert_eq!((stored.state, stored.leaves), (RunnerState::Leaving, Some(LeaveReason::PoolClosed)));
    assert_eq!((scene.calls(), scene.registered()), (vec![], vec![]));
}

#[test]
fn it_leaves_although_a_job_waits_that_no_other_pool_serves() {
    for (is_up, listener) in [(false, Listener::None), (true, Listener::Up)] {
        let (mut scene, runner) =
            if is_up { RegistrarScene::with_a_config() } else { RegistrarScene::with_a_runner() };
        scene.job(JobAction::Queued, None);
        scene.take_pool_out();
        scene.close_pool();
        assert_eq!(
            scene.ask(&runner, listener).in_words(),
            "leave",
            "its labels and its group are forgotten"
        );
        assert_eq!((scene.runner(&runner).state, scene.registered()), (RunnerState::Leaving, vec![]));
    }
}

#[test]
fn an_idle_runner_leaves_at_its_next_question_without_its_registration() {
    let (mut scene, runner) = RegistrarScene::with_a_config();
    scene.take_pool_out();
    assert_eq!(scene.ask(&runner, Listener::Up).in_words(), "wait 60", "its minimum holds until the tick");
    scene.close_pool();
    assert_eq!(scene.ask(&runner, Listener::Up).in_words(), "leave");
    assert_eq!((scene.calls(), scene.registered()), (vec![GithubCall::Delete], vec![]));
    assert_eq!(scene.runner(&runner).state, RunnerState::Leaving);
}

#[test]
fn a_runner_whose_answer_was_lost_gets_no_other_config() {
    let (mut scene, runner) = RegistrarScene::with_a_config();
    scene.take_pool_out();
    scene.close_pool();
    assert_eq!(scene.ask(&runner, Listener::None).in_words(), "leave");
    assert_eq!((scene.runner(&runner).state, scene.registered()), (RunnerState::Leaving, vec![]));
    assert_eq!(scene.ask_as(THIEF, &runner, Listener::None).status, 403, "nor does a thief");
}

#[test]
fn one_that_works_is_left_alone() {
    let (mut scene, runner) = RegistrarScene::with_a_config();
    scene.job(JobAction::InProgress, Some((&runner, 1)));
    scene.take_pool_out();
    scene.close_pool();
    scene.pass(60);
    assert_eq!(scene.ask(&runner, Listener::Up).in_words(), "wait 60");
    assert_eq!((scene.runner(&runner).state, scene.registered()), (RunnerState::Busy, vec![1]));
}
