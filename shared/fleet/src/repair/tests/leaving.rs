//! Runners that were fenced, or got the answer "leave", but have not stopped.

use super::sight::{EcsSays, found_for};
use super::stage::*;
use crate::ledger::{Runner, RunnerState};
use crate::repair::clusters_in_question;
use EcsSays::{ListsNone, Says, Silent};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;

/// A runner that has been Leaving for this many seconds.
fn leaving(age: i64, since: i64) -> Runner {
    Runner { changed_at: ago(since), ..runner(1, "small", RunnerState::Leaving, age) }
}

#[test]
fn runners_that_were_fenced() {
    for (age, since, ecs, expected, why) in [
        (HOUR, MINUTE - 1, Says("RUNNING"), "", "whoever fenced it is about to stop it"),
        (HOUR, MINUTE, Says("RUNNING"), "stop task-1", "whoever fenced it crashed before StopTask"),
        (HOUR, MINUTE, Says("STOPPED"), "1 has stopped", "the stop event is late, or was lost"),
        (HOUR, MINUTE, Silent, "", "ECS was not heard, which is no proof of a stop"),
        (HOUR - 1, MINUTE, ListsNone, "run 1 again", "RunTask gives the task that there was"),
        (HOUR, MINUTE, ListsNone, "1 has stopped", "ECS may have forgotten the token: there is none"),
    ] {
        let found = found_for(leaving(age, since), ecs);
        assert_eq!(found.join("; "), expected, "{age} s, for {since} s, {ecs:?}: {why}");
    }
}

/// Each of its questions gets this answer, so a quarter of an hour means silence.
#[test]
fn runners_without_a_config_that_should_leave_are_stopped_after_a_quarter_of_an_hour() {
    let quarter = 15 * MINUTE;
    for (age, since, ecs, expected, why) in [
        (HOUR, quarter - 1, Says("RUNNING"), "", "it may be on its way out"),
        (HOUR, quarter, Says("RUNNING"), "stop task-1", "it hangs after it was told to leave"),
        (HOUR, quarter, Says("PENDING"), "stop task-1", "the same"),
        (HOUR, quarter, Says("STOPPED"), "1 has stopped", "it left, and its stop event was lost"),
        (HOUR, quarter, Silent, "", "ECS was not heard, which is no proof of a stop"),
        (HOUR - 1, quarter, ListsNone, "run 1 again", "RunTask gives the task that there was"),
        (HOUR, quarter, ListsNone, "1 has stopped", "ECS may have forgotten the token: there is none"),
    ] {
        let found = found_for(called(leaving(age, since), since), ecs);
        assert_eq!(found.join("; "), expected, "{age} s, for {since} s, {ecs:?}: {why}");
    }
}

#[test]
fn githubs_list_judges_leaving_runners_that_had_a_config() {
    for since in [MINUTE, 15 * MINUTE, 10 * HOUR] {
        for ecs in [Silent, ListsNone, Says("RUNNING"), Says("STOPPED")] {
            for had in [registered(leaving(20 * HOUR, since), since), listening(leaving(20 * HOUR, since))] {
                assert_eq!(found_for(had, ecs), [""; 0], "for {since} s, {ecs:?}");
            }
        }
    }
}

#[test]
fn a_fenced_runner_whose_capacity_is_forgotten_is_looked_for_everywhere() {
    let stage = BorrowedParts::new();
    for (age, listed, expected, why) in [
        (10 * MINUTE, &["mayfly_ec2", "mayfly_fargate"][..], "", "nothing could be run in its place"),
        (60 * MINUTE, &["mayfly_ec2", "mayfly_fargate"], "1 has stopped", "after an hour there is none"),
        (60 * MINUTE, &["mayfly_ec2"], "", "it may be in the cluster that did not answer"),
    ] {
        let mut snapshot = stage.snapshot();
        add(&mut snapshot, [Runner { capacity: pool("old"), ..leaving(age, age) }]);
        assert_eq!(clusters_in_question(&snapshot), ["mayfly_ec2", "mayfly_fargate"].into());
        for cluster in listed {
            snapshot.see(cluster, []);
        }
        assert_eq!(found(&snapshot).join("; "), expected, "{why}");
    }
    let mut snapshot = stage.snapshot();
    add(&mut snapshot, [Runner { capacity: pool("old"), ..leaving(10 * MINUTE, 10 * MINUTE) }]);
    snapshot.see("mayfly_fargate", [task(1, "RUNNING")]);
    assert_eq!(found(&snapshot), ["stop task-1"], "it is found, whoever else did not answer");
}
