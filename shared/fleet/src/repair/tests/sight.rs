//! What ECS is asked, and what it says about one runner.

use super::stage::*;
use crate::ledger::{Runner, RunnerState};
use crate::repair::clusters_in_question;

/// What ECS says of a runner's task.
#[derive(Debug, Clone, Copy)]
pub(super) enum EcsSays {
    Silent,
    ListsNone,
    Says(&'static str),
}
use EcsSays::{ListsNone, Says, Silent};

/// What the rules find for one runner, if each pool keeps one waiting and no job waits.
pub(super) fn found_for(runner: Runner, ecs: EcsSays) -> Vec<String> {
    let stage = BorrowedParts::new();
    let mut snapshot = stage.snapshot();
    add(&mut snapshot, [runner]);
    count(&mut snapshot, 0);
    snapshot.books.values_mut().filter(|book| !book.is_closed()).for_each(|book| book.minimum = 1);
    match ecs {
        Silent => {}
        ListsNone => snapshot.see("mayfly_ec2", []),
        Says(status) => snapshot.see("mayfly_ec2", [task(1, status)]),
    }
    found(&snapshot)
}

#[test]
fn a_runner_that_has_a_config_is_left_alone_in_every_state() {
    use RunnerState::{Busy, Idle, Leaving, Overdue};
    for state in [Idle, Overdue, Busy, Leaving] {
        for ecs in [Silent, ListsNone, Says("RUNNING"), Says("STOPPED")] {
            for of in ["small", "old"] {
                for silence in [0, 60, 10 * 60 * 60] {
                    let bound = registered(runner(1, of, state, 10 * 60 * 60), silence);
                    assert_eq!(found_for(bound, ecs), [""; 0], "{state:?} of {of}, {ecs:?}");
                }
            }
        }
    }
}

#[test]
fn ecs_is_asked_about_the_clusters_of_the_runners_that_a_rule_looks_at() {
    use RunnerState::{Busy, Idle, Leaving, Overdue, Starting};
    for (runners, jobs, clusters, why) in [
        (vec![], 1, &[][..], "nobody is on the way"),
        (vec![runner(1, "small", Starting, 59)], 1, &[], "a launch under way is its launcher's"),
        (vec![runner(1, "small", Starting, 60)], 1, &["mayfly_ec2"], "a late starter"),
        (vec![runner(1, "small", Overdue, 60)], 1, &["mayfly_ec2"], "the same, Overdue"),
        (vec![runner(1, "plain", Leaving, 60)], 0, &["mayfly_fargate"], "a runner that was fenced"),
        (vec![runner(1, "plain", Leaving, 59)], 0, &[], "a stop under way is its fencer's"),
        (vec![called(runner(1, "plain", Leaving, 899), 899)], 0, &[], "it is on its way out by itself"),
        (vec![called(runner(1, "plain", Leaving, 900), 900)], 0, &["mayfly_fargate"], "it should be gone"),
        (vec![registered(runner(1, "plain", Leaving, 9000), 9000)], 0, &[], "GitHub's to judge"),
        (vec![called(runner(1, "small", Idle, 600), 179)], 1, &[], "it asks as it should"),
        (
            vec![called(runner(1, "small", Idle, 600), 180)],
            1,
            &["mayfly_ec2"],
            "a slow one, while a job waits",
        ),
        (vec![called(runner(1, "small", Idle, 600), 180)], 0, &[], "a slow one, and nobody waits"),
        (vec![called(runner(1, "small", Idle, 9000), 900)], 0, &["mayfly_ec2"], "past its boot limit"),
        (vec![listening(runner(1, "small", Idle, 9000))], 1, &[], "it listens"),
        (vec![listening(runner(1, "small", Busy, 9000))], 1, &[], "it has a job"),
        (
            vec![runner(1, "old", Starting, 0)],
            0,
            &["mayfly_ec2", "mayfly_fargate"],
            "its capacity is out of the map",
        ),
    ] {
        let stage = BorrowedParts::new();
        let mut snapshot = stage.snapshot();
        add(&mut snapshot, runners);
        count(&mut snapshot, jobs);
        // A surplus belongs to another rule, which looks at its runners' tasks.
        snapshot.books.values_mut().for_each(|book| book.minimum = 1);
        assert_eq!(clusters_in_question(&snapshot), clusters.iter().copied().collect(), "{why}");
    }
}

#[test]
fn the_same_rules_look_at_what_run_task_returned_and_at_nothing_else() {
    let stage = BorrowedParts::new();
    let mut snapshot = stage.snapshot();
    snapshot.books.get_mut(&pool("small")).unwrap().supply = 9;
    let starting = |number| runner(number, "small", RunnerState::Starting, 90);
    add(&mut snapshot, [starting(1), starting(2), runner(3, "small", RunnerState::Leaving, 90)]);
    let told =
        [("mayfly_ec2".to_owned(), vec![task(1, "STOPPED"), task(3, "DEACTIVATING"), task(7, "RUNNING")])];
    let narrowed = snapshot.narrowed(told);
    assert_eq!(found(&narrowed), ["1 has stopped", "stop task-3"]);
}
