//! GitHub's limits: nobody is lost who has to wait for them.

use std::collections::BTreeMap;

use fleet::RunnerId;
use fleet::ledger::RunnerState;
use fleet::question::Listener;
use jiff::SignedDuration;

use crate::scene::{RegistrarScene, START};
use crate::wire::ReadAnswer;

/// Lets everybody ask again when its time has come, until all have their JIT config. Gives how many
/// questions were answered with "later".
fn until_all_have_their_config(scene: &RegistrarScene, runners: &[RunnerId]) -> usize {
    let mut waiting: BTreeMap<&RunnerId, i64> = runners.iter().map(|runner| (runner, 0)).collect();
    let mut later = 0;
    for second in 0..3600 {
        let due: Vec<&RunnerId> =
            waiting.iter().filter(|(_, at)| **at <= second).map(|(runner, _)| *runner).collect();
        for (runner, answered) in due.iter().zip(scene.ask_together(&due)) {
            match answered {
                answered if answered.in_words() == "config" => drop(waiting.remove(runner)),
                ReadAnswer { status: 503, retry_after: Some(seconds), .. } => {
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

fn assert_within_the_limit(scene: &RegistrarScene) {
    let mut minutes: BTreeMap<i64, u32> = BTreeMap::new();
    for call in scene.sandbox.github().borrow().limited_calls() {
        *minutes.entry(call.as_second() / 60).or_default() += 1;
    }
    assert!(minutes.values().all(|&calls| calls <= 180), "{minutes:?}");
}

#[test]
fn two_hundred_questions_at_once_stay_within_githubs_limit_and_none_is_lost() {
    let scene = RegistrarScene::new();
    let runners = scene.reserve(200);
    assert_eq!(runners.len(), 200);
    let later = until_all_have_their_config(&scene, &runners);
    assert!(later >= 30, "{later} had to wait");
    assert!(runners.iter().all(|runner| scene.runner(runner).state == RunnerState::Idle));
    assert_eq!(scene.registered().len(), 200);
    assert_within_the_limit(&scene);
}

#[test]
fn github_asking_to_wait_a_minute_loses_none_of_two_hundred_questions() {
    let scene = RegistrarScene::new();
    let runners = scene.reserve(200);
    scene.sandbox.github().borrow_mut().ask_to_wait(START);
    until_all_have_their_config(&scene, &runners);
    let asked = scene.sandbox.github().borrow().limited_calls().to_vec();
    assert!(asked.iter().all(|&call| call >= START + SignedDuration::from_secs(60)));
    assert_eq!(scene.registered().len(), 200);
    assert_within_the_limit(&scene);
}

#[test]
fn a_wait_is_remembered_for_all() {
    let scene = RegistrarScene::new();
    let runners = scene.reserve(2);
    scene.sandbox.github().borrow_mut().ask_to_wait(START);
    let first = scene.ask(&runners[0], Listener::None);
    assert!((30..=60).contains(&first.retry_after.unwrap()), "{first:?}");
    scene.sandbox.github().borrow_mut().ask_to_wait(START - SignedDuration::from_hours(1));
    scene.calls();
    let second = scene.ask(&runners[1], Listener::None);
    assert!((30..=60).contains(&second.retry_after.unwrap()), "{second:?}");
    assert_eq!(scene.calls(), [], "GitHub is not asked");
    scene.pass(61);
    assert_eq!(scene.ask(&runners[1], Listener::None).in_words(), "config");
}

#[test]
fn an_outage_of_an_hour_loses_no_question() {
    let scene = RegistrarScene::new();
    let runners = scene.reserve(1);
    scene.sandbox.github().borrow_mut().set_outage(START + SignedDuration::from_mins(50));
    let later = until_all_have_their_config(&scene, &runners);
    assert!(later > 250, "{later} answers of 503, a few seconds apart");
}
