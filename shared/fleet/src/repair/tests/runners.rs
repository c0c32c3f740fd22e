//! Late starters, and runners that were fenced.

use super::stage::*;
use crate::ids::BootId;
use crate::ledger::{Runner, RunnerState};
use crate::ports::TaskDescription;
use crate::repair::clusters_in_question;

/// What ECS says of a runner's task.
#[derive(Debug, Clone, Copy)]
enum Ecs {
    Silent,
    ListsNone,
    Says(&'static str),
}
use Ecs::{ListsNone, Says, Silent};

/// What the rules find for one runner of `small`.
fn found_for(runner: Runner, ecs: Ecs) -> Vec<String> {
    let stage = Stage::new();
    let mut snapshot = stage.snapshot();
    add(&mut snapshot, [runner]);
    match ecs {
        Silent => {}
        ListsNone => snapshot.see("ecs", []),
        Says(status) => snapshot.see("ecs", [task(1, status)]),
    }
    found(&snapshot)
}

#[test]
fn late_starters() {
    const MINUTE: i64 = 60;
    for (age, ecs, expected, why) in [
        (MINUTE - 1, ListsNone, "", "it may still be its launcher's"),
        (MINUTE, ListsNone, "run 1 again", "the launcher crashed, or the list runs behind: RunTask knows"),
        (MINUTE, Silent, "", "ECS was not heard: the next pass asks again"),
        (MINUTE, Says("PROVISIONING"), "", "it waits for capacity, as it may"),
        (5 * MINUTE - 1, Says("PROVISIONING"), "", "still within its five minutes"),
        (
            5 * MINUTE,
            Says("PROVISIONING"),
            "fence 1, stop task-1: no capacity within five minutes",
            "another capacity may have some",
        ),
        (5 * MINUTE, Says("PENDING"), "", "it was placed, and boots"),
        (14 * MINUTE, Says("RUNNING"), "", "it may still claim"),
        (MINUTE, Says("STOPPED"), "1 has stopped", "the stop event is late, or was lost"),
        (15 * MINUTE, Says("RUNNING"), "fence 1, stop task-1: past its boot limit", "it hangs"),
        (15 * MINUTE, ListsNone, "fence 1: past its boot limit", "a task that is late is stopped later"),
        (15 * MINUTE, Silent, "fence 1: past its boot limit", "the ledger alone tells that"),
    ] {
        let found = found_for(runner(1, "small", RunnerState::Starting, age), ecs);
        assert_eq!(found.join("; "), expected, "{age} s, {ecs:?}: {why}");
    }
}

#[test]
fn a_task_that_was_started_late_has_its_five_minutes_for_capacity() {
    let given_up = "fence 1, stop task-1: no capacity within five minutes";
    for (reserved, created, expected, why) in [
        (14 * 60, Some(0), "", "RunTask has just started it"),
        (14 * 60, Some(299), "", "still within its time"),
        (14 * 60, Some(300), given_up, "its time is over"),
        (14 * 60, None, given_up, "ECS does not say: it is as old as its reservation"),
    ] {
        let stage = Stage::new();
        let mut snapshot = stage.snapshot();
        add(&mut snapshot, [runner(1, "small", RunnerState::Starting, reserved)]);
        snapshot.see("ecs", [TaskDescription { created_at: created.map(ago), ..task(1, "PROVISIONING") }]);
        assert_eq!(found(&snapshot).join("; "), expected, "{why}");
    }
}

#[test]
fn runners_that_were_fenced() {
    const MINUTE: i64 = 60;
    const HOUR: i64 = 60 * MINUTE;
    for (age, since, ecs, expected, why) in [
        (HOUR, MINUTE - 1, Says("RUNNING"), "", "whoever fenced it is about to stop it"),
        (HOUR, MINUTE, Says("RUNNING"), "stop task-1", "whoever fenced it crashed before StopTask"),
        (HOUR, MINUTE, Says("STOPPED"), "1 has stopped", "the stop event is late, or was lost"),
        (HOUR, MINUTE, Silent, "", "ECS was not heard, which is no proof of a stop"),
        (HOUR - 1, MINUTE, ListsNone, "run 1 again", "RunTask gives the task that there was"),
        (HOUR, MINUTE, ListsNone, "1 has stopped", "ECS may have forgotten the token: there is none"),
    ] {
        let fenced = Runner { changed_at: ago(since), ..runner(1, "small", RunnerState::Leaving, age) };
        let found = found_for(fenced, ecs);
        assert_eq!(found.join("; "), expected, "{age} s, for {since} s, {ecs:?}: {why}");
    }
}

#[test]
fn a_fenced_runner_whose_capacity_is_forgotten_is_looked_for_everywhere() {
    const MINUTE: i64 = 60;
    let stage = Stage::new();
    for (age, listed, expected, why) in [
        (10 * MINUTE, &["ecs", "fargate"][..], "", "nothing could be run in its place"),
        (60 * MINUTE, &["ecs", "fargate"], "1 has stopped", "after an hour there is none"),
        (60 * MINUTE, &["ecs"], "", "it may be in the cluster that did not answer"),
    ] {
        let mut snapshot = stage.snapshot();
        let fenced = runner(1, "small", RunnerState::Leaving, age);
        add(&mut snapshot, [Runner { capacity: pool("old"), ..fenced }]);
        assert_eq!(clusters_in_question(&snapshot), ["ecs", "fargate"].into());
        for cluster in listed {
            snapshot.see(cluster, []);
        }
        assert_eq!(found(&snapshot).join("; "), expected, "{why}");
    }
    let mut snapshot = stage.snapshot();
    let fenced = runner(1, "small", RunnerState::Leaving, 10 * MINUTE);
    add(&mut snapshot, [Runner { capacity: pool("old"), ..fenced }]);
    snapshot.see("fargate", [task(1, "RUNNING")]);
    assert_eq!(found(&snapshot), ["stop task-1"], "it is found, whoever else did not answer");
}

#[test]
fn a_runner_that_has_claimed_is_left_alone_in_every_state() {
    for state in [RunnerState::Starting, RunnerState::Idle, RunnerState::Busy, RunnerState::Leaving] {
        for ecs in [Silent, ListsNone, Says("RUNNING"), Says("STOPPED")] {
            for of in ["small", "old"] {
                let bound = Runner { boot: Some(BootId::new("boot")), ..runner(1, of, state, 10 * 60 * 60) };
                assert_eq!(found_for(bound, ecs), [""; 0], "{state:?} of {of}, {ecs:?}");
            }
        }
    }
}

#[test]
fn ecs_is_asked_about_the_clusters_of_those_that_a_rule_looks_at() {
    let (starting, leaving) = (RunnerState::Starting, RunnerState::Leaving);
    for (runners, clusters, why) in [
        (vec![], &[][..], "nobody is on the way"),
        (vec![runner(1, "small", starting, 59)], &[], "a launch under way is its launcher's"),
        (vec![runner(1, "small", starting, 60)], &["ecs"], "a late starter"),
        (vec![runner(1, "plain", leaving, 60)], &["fargate"], "a runner that was fenced"),
        (vec![runner(1, "plain", leaving, 59)], &[], "a stop under way is its fencer's"),
        (vec![claimed(runner(1, "small", starting, 600))], &[], "whoever has claimed is looked at by none"),
        (vec![runner(1, "old", starting, 0)], &["ecs", "fargate"], "its capacity is out of the map"),
        (vec![runner(1, "small", RunnerState::Idle, 600)], &[], "an idle one leaves by itself"),
    ] {
        let stage = Stage::new();
        let mut snapshot = stage.snapshot();
        add(&mut snapshot, runners);
        assert_eq!(clusters_in_question(&snapshot), clusters.iter().copied().collect(), "{why}");
    }
}

#[test]
fn what_run_task_told_of_is_looked_at_by_the_same_rules_and_nothing_else_is() {
    let stage = Stage::new();
    let mut snapshot = stage.snapshot();
    snapshot.books.get_mut(&pool("small")).unwrap().supply = 9;
    let starting = |number| runner(number, "small", RunnerState::Starting, 90);
    add(&mut snapshot, [starting(1), starting(2), runner(3, "small", RunnerState::Leaving, 90)]);
    let told = [("ecs".to_owned(), vec![task(1, "STOPPED"), task(3, "DEACTIVATING"), task(7, "RUNNING")])];
    let narrowed = snapshot.narrowed(told);
    assert_eq!(found(&narrowed), ["1 has stopped", "stop task-3"]);
}
