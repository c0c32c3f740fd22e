//! GitHub's limits: nobody is lost who has to wait for them.

use std::collections::BTreeMap;

use fleet::RunnerId;
use fleet::ledger::{CALLS_A_MINUTE, RunnerState};
use jiff::SignedDuration;

use super::scene::{Answered, START, Scene};

/// Lets everybody claim again when its time has come, until nobody waits. Gives how many claims were
/// answered with "later".
fn until_all_are_idle(scene: &Scene, runners: &[RunnerId]) -> usize {
    let mut waiting: BTreeMap<&RunnerId, i64> = runners.iter().map(|runner| (runner, 0)).collect();
    let mut later = 0;
    for second in 0..3600 {
        let due: Vec<&RunnerId> =
            waiting.iter().filter(|(_, at)| **at <= second).map(|(runner, _)| *runner).collect();
        for (runner, answered) in due.iter().zip(scene.claim_together(&due)) {
            match answered {
                Answered { status: 200, .. } => drop(waiting.remove(runner)),
                Answered { status: 503, retry_after: Some(seconds), .. } => {
                    later += 1;
                    waiting.insert(runner, second + seconds);
                }
                other => panic!("{other:?}"),
            }
        }
        if waiting.is_empty() {
            return later;
        }
        let next = START + SignedDuration::from_secs(second + 1);
        scene.sandbox.manual_clock().advance_to(next);
    }
    panic!("{} still wait", waiting.len());
}

fn assert_within_the_limit(scene: &Scene) {
    let mut minutes: BTreeMap<i64, u32> = BTreeMap::new();
    for call in scene.calls() {
        *minutes.entry(call.as_second() / 60).or_default() += 1;
    }
    assert!(minutes.values().all(|&calls| calls <= CALLS_A_MINUTE.min(180)), "{minutes:?}");
}

#[test]
fn two_hundred_claims_at_once_stay_within_githubs_limit_and_none_is_lost() {
    let scene = Scene::new();
    let runners = scene.reserve(200);
    assert_eq!(runners.len(), 200);
    let later = until_all_are_idle(&scene, &runners);
    assert!(later >= 30, "{later} had to wait");
    assert!(runners.iter().all(|runner| scene.runner(runner).state == RunnerState::Idle));
    assert_eq!(scene.registered(), 200);
    assert_within_the_limit(&scene);
}

#[test]
fn github_asking_to_wait_a_minute_loses_none_of_two_hundred_claims() {
    let scene = Scene::new();
    let runners = scene.reserve(200);
    scene.sandbox.github().borrow_mut().ask_to_wait(START);
    until_all_are_idle(&scene, &runners);
    assert!(scene.calls().iter().all(|&call| call >= START + SignedDuration::from_secs(60)));
    assert_eq!(scene.registered(), 200);
    assert_within_the_limit(&scene);
}

#[test]
fn a_wait_is_remembered_for_all() {
    let scene = Scene::new();
    let runners = scene.reserve(2);
    scene.sandbox.github().borrow_mut().ask_to_wait(START);
    let first = scene.claim(&runners[0], "boot");
    assert!(first.status == 503 && first.retry_after.unwrap() >= 60, "{first:?}");
    scene.sandbox.github().borrow_mut().ask_to_wait(START - SignedDuration::from_hours(1));
    let second = scene.claim(&runners[1], "boot");
    assert!(second.status == 503 && second.retry_after.unwrap() >= 60, "GitHub is not asked: {second:?}");
    assert_eq!(scene.calls().len(), 0);
    scene.pass(61);
    assert_eq!(scene.claim(&runners[1], "boot").status, 200);
}

#[test]
fn an_outage_of_an_hour_loses_no_claim() {
    let scene = Scene::new();
    let runners = scene.reserve(1);
    scene.sandbox.github().borrow_mut().set_outage(START + SignedDuration::from_mins(50));
    let later = until_all_are_idle(&scene, &runners);
    assert!(later > 250, "{later} answers of 503, a few seconds apart");
}
