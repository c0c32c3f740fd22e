//! Tickets, and the boots that show them.

use fleet::ledger::{JobAction, LeaveReason, RunnerEvent, RunnerState};
use fleet::question::Listener;
use fleet::ticket::Ticket;
use jiff::SignedDuration;
use kit::recording::record;
use sandbox::Fault;

use crate::github::GithubCall;
use crate::scene::{RegistrarScene, START};
use crate::wire::{BOOT, OLD_KEY, THIEF, ticket};

#[test]
fn a_ticket_that_is_not_ours_is_refused_before_anything_is_read() {
    let (scene, runner) = RegistrarScene::with_a_runner();
    // No read would succeed.
    scene.sandbox.set_faults([(Fault::LedgerReadFails, 1.0)].into());
    let forged = Ticket::issue(&runner, &"another key".into()).expose().to_owned();
    for ticket in [forged, String::new()] {
        let (answered, recorded) = record(|| scene.ask_with(ticket, BOOT, Listener::None));
        assert_eq!(answered.status, 403);
        assert_eq!(recorded.count("TicketsRefused{Answer=Forged}"), 1);
    }
    assert_eq!(scene.ask(&runner, Listener::None).status, 503, "a good one is read for");
}

#[test]
fn during_a_rotation_both_ticket_keys_are_valid() {
    let (scene, runner) = RegistrarScene::with_a_runner();
    let old = Ticket::issue(&runner, &OLD_KEY.into()).expose().to_owned();
    assert_eq!(scene.ask_with(old, BOOT, Listener::None).in_words(), "config");
    assert_eq!(scene.ask(&runner, Listener::Up).in_words(), "wait 60");
}

#[test]
fn another_boot_soon_is_refused_and_the_runner_is_let_go() {
    for (is_up, listener, why) in [
        (false, Listener::None, "it asks for a JIT config of its own"),
        (false, Listener::Up, "whatever it says of a listener"),
        (true, Listener::None, "and though the runner listens"),
    ] {
        let (scene, runner) = RegistrarScene::with_a_config();
        if is_up {
            scene.ask(&runner, Listener::Up);
        }
        scene.pass(14 * 60);
        let (answered, recorded) = record(|| scene.ask_as(THIEF, &runner, listener));
        assert_eq!((answered.status, scene.calls()), (403, vec![GithubCall::Delete]), "{why}");
        let stored = scene.runner(&runner);
        assert_eq!((stored.state, stored.leaves), (RunnerState::Leaving, Some(LeaveReason::AnotherBoot)));
        assert_eq!((scene.registered(), scene.book().supply), (vec![], 0), "{why}");
        assert_eq!(recorded.count("SecondBoots"), 1, "{why}");
        assert_eq!(recorded.count("Questions{Answer=Refused}"), 1, "{why}");
        let own = if is_up { Listener::Up } else { Listener::Starting };
        assert_eq!(scene.ask(&runner, own).in_words(), "leave", "{why}: nobody knows which one is the thief");
    }
}

#[test]
fn another_boot_of_a_runner_without_a_config_leaves_none_to_be_had() {
    let (scene, runner) = RegistrarScene::with_a_runner();
    scene.sandbox.github().borrow_mut().set_outage(START + SignedDuration::from_secs(5));
    assert_eq!(scene.ask(&runner, Listener::None).status, 503);
    scene.pass(10);
    assert_eq!(scene.ask_as(THIEF, &runner, Listener::None).status, 403);
    for (boot, told) in [(BOOT, "leave"), (THIEF, "403")] {
        assert_eq!(scene.ask_as(boot, &runner, Listener::None).in_words(), told);
    }
    assert!(scene.registered().is_empty());
}

#[test]
fn another_boot_of_a_runner_at_work_or_late_is_a_replay_that_moves_nothing() {
    for (is_busy, minutes, why) in [
        (true, 1, "soon, and its runner has begun a job"),
        (false, 15, "no sooner than the boot limit"),
        (false, 600, "hours later"),
    ] {
        let (scene, runner) = RegistrarScene::with_a_config();
        if is_busy {
            scene.job(JobAction::InProgress, Some((&runner, 1)));
        }
        scene.pass(minutes * 60);
        let before = scene.runner(&runner);
        let (answered, recorded) = record(|| scene.ask_as(THIEF, &runner, Listener::None));
        assert_eq!((answered.status, scene.runner(&runner)), (403, before), "{why}");
        assert_eq!((scene.calls(), scene.registered()), (vec![], vec![1]), "{why}");
        assert_eq!(recorded.count("TicketsRefused{Answer=Replayed}"), 1, "{why}");
    }
}

#[test]
fn a_runner_that_took_a_job_while_two_boots_fought_for_it_is_busy() {
    let (scene, runner) = RegistrarScene::with_a_config();
    scene.sandbox.set_fault(Fault::GithubCallsBusy, 1.0);
    assert_eq!(scene.ask_as(THIEF, &runner, Listener::None).status, 403);
    assert_eq!((scene.runner(&runner).state, scene.registered()), (RunnerState::Busy, vec![1]));
}

#[test]
fn no_log_line_has_a_ticket_a_boot_id_or_a_jit_config() {
    let (scene, runner) = RegistrarScene::with_a_runner();
    let (config, recorded) = record(|| {
        scene.sandbox.set_faults([(Fault::GithubRefuses, 1.0)].into());
        assert_eq!(scene.ask(&runner, Listener::None).status, 503);
        scene.sandbox.set_faults([].into());
        let config = scene.ask(&runner, Listener::None).body["jit_config"].as_str().unwrap().to_owned();
        scene.ask(&runner, Listener::Up);
        assert_eq!(scene.ask_as(THIEF, &runner, Listener::None).status, 403);
        assert_eq!(scene.ask_as(THIEF, &runner, Listener::None).status, 403);
        assert_eq!(scene.ask(&runner, Listener::Up).in_words(), "leave");
        scene.tell(&runner, RunnerEvent::FoundBusy);
        config
    });
    assert!(recorded.log.lines().count() > 4, "{}", recorded.log);
    let digest = scene.runner(&runner).boot.unwrap().to_string();
    for secret in [ticket(&runner).as_str(), BOOT, THIEF, &digest, &config] {
        assert!(!recorded.log.contains(secret), "{secret}");
    }
}
