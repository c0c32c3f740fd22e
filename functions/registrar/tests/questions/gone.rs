//! Questions of runners whose pool was taken out of the map.

use fleet::ledger::RunnerState;
use serde_json::json;

use crate::scene::Scene;

#[test]
fn a_claim_is_asked_again_until_the_pools_book_is_closed_and_then_it_leaves() {
    let mut scene = Scene::new();
    let runner = &scene.reserve(1)[0];
    scene.take_pool_out();
    let first = scene.claim(runner, "boot");
    assert_eq!(first.status, 503, "the map may be older than the pool");
    assert!(first.retry_after.is_some_and(|seconds| seconds >= 60), "{first:?}");
    scene.close_pool();
    assert_eq!(scene.claim(runner, "boot").status, 409);
    assert_eq!((scene.runner(runner).state, scene.registered()), (RunnerState::Leaving, 0));
    assert_eq!(scene.claim(runner, "boot").status, 410, "and it is gone from then on");
}

#[test]
fn a_claim_is_not_granted_for_a_job_that_no_other_pool_serves() {
    let mut scene = Scene::new();
    let runner = &scene.reserve(1)[0];
    scene.queue_job();
    scene.take_pool_out();
    scene.close_pool();
    assert_eq!(scene.claim(runner, "boot").status, 409, "its labels and its group are forgotten");
    assert_eq!(scene.calls().len(), 0);
}

#[test]
fn an_idle_runner_leaves_at_its_next_release_without_its_registration() {
    let mut scene = Scene::new();
    let runner = &scene.reserve(1)[0];
    scene.claim(runner, "boot");
    scene.take_pool_out();
    assert_eq!(
        scene.release(runner, "boot").body,
        json!({"answer": "stay"}),
        "its minimum holds until the tick"
    );
    scene.close_pool();
    assert_eq!(scene.release(runner, "boot").body, json!({"answer": "leave"}));
    assert_eq!((scene.registered(), scene.runner(runner).state), (0, RunnerState::Leaving));
}

#[test]
fn an_idle_runner_stays_for_a_job_that_no_other_pool_serves() {
    let mut scene = Scene::new();
    let runner = &scene.reserve(1)[0];
    scene.claim(runner, "boot");
    scene.queue_job();
    scene.take_pool_out();
    scene.close_pool();
    assert_eq!(scene.release(runner, "boot").body, json!({"answer": "stay"}));
}

#[test]
fn a_claim_whose_answer_was_lost_is_not_answered_again() {
    let mut scene = Scene::new();
    let runner = &scene.reserve(1)[0];
    assert_eq!(scene.claim(runner, "boot").status, 200);
    scene.take_pool_out();
    scene.close_pool();
    assert_eq!(scene.claim(runner, "thief").status, 403, "another boot makes none leave");
    assert_eq!(scene.claim(runner, "boot").status, 409);
    assert_eq!((scene.registered(), scene.runner(runner).state), (0, RunnerState::Leaving));
}
