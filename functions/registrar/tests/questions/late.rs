//! Time: how long a registrar works on a question, and how long a runner waits for its JIT config.

use std::collections::BTreeMap;
use std::time::Duration;

use fleet::ports::GithubError;
use fleet::question::Listener;
use jiff::SignedDuration;
use kit::recording::record;
use registrar::CALLING_TIME;

use crate::github::GithubCall;
use crate::scene::{RegistrarScene, START};

#[test]
fn no_call_begins_when_its_time_is_over() {
    for (takes, is_taken, told, calls, why) in [
        (5, false, "config", 2, "slow"),
        (10, false, "config", 2, "just in time"),
        (11, false, "503", 2, "no time to write its id down"),
        (21, false, "503", 1, "no time to register"),
        (4, true, "config", 5, "a name that is taken, and time for it all"),
        (6, true, "503", 4, "no time for another registration"),
        (9, true, "503", 3, "no time to delete the first one"),
    ] {
        let (scene, runner) =
            if is_taken { RegistrarScene::with_a_config() } else { RegistrarScene::with_a_runner() };
        let began = scene.sandbox.manual_clock().now();
        scene.github.takes(takes);
        let answered = scene.ask(&runner, Listener::None);
        assert_eq!(answered.in_words(), told, "{why}");
        let made = scene.github.take_calls();
        assert_eq!(made.len(), calls, "{why}: {made:?}");
        assert!(made.iter().all(|(_, at)| at.duration_since(began) <= CALLING_TIME), "{why}: {made:?}");
        if told == "config" {
            scene.assert_configured(&runner, &answered, why);
        } else {
            assert!((5..10).contains(&answered.retry_after.unwrap()), "{why}: {answered:?}");
            scene.github.takes(0);
            scene.assert_configured(&runner, &scene.ask(&runner, Listener::None), why);
        }
    }
}

#[test]
fn a_slow_ledger_uses_that_time_up_as_well() {
    for (writes, why) in [(1, "its question is written"), (2, "and the budget too")] {
        let (scene, runner) = RegistrarScene::with_a_runner();
        let written = || {
            let table = scene.sandbox.table().borrow();
            table.writes() + table.items().filter(|item| item.reading().is_some()).count() as u64
        };
        let before = written();
        let mut question = scene.begin(&runner);
        question.go_on_until(|| written() == before + writes);
        scene.pass(21);
        assert_eq!((question.finish().in_words().as_str(), scene.calls()), ("503", vec![]), "{why}");
        assert_eq!(written(), before + writes, "{why}: no call of any kind");
    }
}

#[test]
fn who_waits_for_a_config_is_told_a_minute_at_most() {
    type Breaks = fn(&mut RegistrarScene);
    let rows: [(Breaks, &str); 5] = [
        (
            |it| it.github.fails(GithubCall::Register, GithubError::Wait(Duration::from_hours(1))),
            "GitHub's wait",
        ),
        (|it| it.github.fails(GithubCall::Register, GithubError::Refused("422".to_owned())), "a refusal"),
        (|it| it.spend_all(), "the budget"),
        (|it| it.take_pool_out(), "a pool that is not known"),
        (|it| it.github.takes(30), "a slow GitHub"),
    ];
    for (breaks, why) in rows {
        let mut scene = RegistrarScene::new();
        let runners = scene.reserve(20);
        breaks(&mut scene);
        let waits: Vec<i64> =
            runners.iter().map(|it| scene.ask(it, Listener::None).retry_after.unwrap()).collect();
        assert!(waits.iter().all(|seconds| (1..=60).contains(seconds)), "{why}: {waits:?}");
        assert!(waits.iter().any(|seconds| *seconds != waits[0]), "{why}: they do not all come at once");
    }
}

/// Each that waits by itself comes again within five seconds of the others, each that waits for the same
/// moment as all the others within half a minute.
#[test]
fn who_is_told_to_come_again_is_spread_over_seconds() {
    type Breaks = fn(&RegistrarScene);
    let outage: Breaks =
        |it| it.github.fails(GithubCall::Register, GithubError::Unavailable("502".to_owned()));
    let refusal: Breaks = |it| it.github.fails(GithubCall::Register, GithubError::Refused("422".to_owned()));
    let short: Breaks =
        |it| it.github.fails(GithubCall::Register, GithubError::Wait(Duration::from_secs(20)));
    let long: Breaks = |it| it.github.fails(GithubCall::Register, GithubError::Wait(Duration::from_mins(50)));
    let budget: Breaks = |it| it.spend_all();
    for (breaks, waits, why) in [
        (outage, 5..10, "an outage"),
        (refusal, 55..60, "a refusal, and a minute at most"),
        // Whoever comes after the first one finds the wait written down, and comes a second later.
        (short, 20..51, "a wait that GitHub asks all for"),
        (long, 30..60, "a longer one, and a minute at most"),
        (budget, 30..60, "calls that all have used up"),
    ] {
        let scene = RegistrarScene::new();
        let runners = scene.reserve(150);
        breaks(&scene);
        let mut told: BTreeMap<i64, usize> = BTreeMap::new();
        for runner in &runners {
            *told.entry(scene.ask(runner, Listener::None).retry_after.unwrap()).or_default() += 1;
        }
        let seconds = usize::try_from(waits.end - waits.start).unwrap();
        assert!(told.keys().all(|second| waits.contains(second)), "{why}: {told:?}");
        assert!(told.len() * 10 >= seconds * 9, "{why}: nearly each second is somebody's: {told:?}");
        let most = told.values().max().unwrap();
        assert!(most * seconds <= runners.len() * 3, "{why}: none is the second of many: {told:?}");
    }
}

#[test]
fn an_alarm_tells_of_runners_that_wait_for_their_config_for_a_quarter_of_an_hour() {
    let (scene, runner) = RegistrarScene::with_a_runner();
    let listens = scene.reserve(2).into_iter().find(|it| *it != runner).unwrap();
    scene.ask(&listens, Listener::None);
    scene.ask(&listens, Listener::Up);
    scene.sandbox.github().borrow_mut().set_outage(START + SignedDuration::from_hours(1));
    for (minutes, late) in [(1, 0), (14, 0), (15, 1), (40, 1)] {
        scene.sandbox.manual_clock().advance_to(START + SignedDuration::from_mins(minutes));
        let (answered, recorded) = record(|| scene.ask(&runner, Listener::None));
        assert_eq!((answered.status, recorded.count("ConfigsLate")), (503, late), "{minutes} minutes");
    }
    scene.minimum(0);
    let (answered, recorded) = record(|| scene.ask(&listens, Listener::Up));
    assert_eq!((answered.status, recorded.count("ConfigsLate")), (503, 0), "it has its config");
}
