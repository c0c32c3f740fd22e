//! Runners that should have come further, and have no JIT config.

use super::sight::{EcsSays, found_for};
use super::stage::*;
use crate::ledger::{Event, Runner, RunnerEvent, RunnerState};
use crate::ports::TaskDescription;
use crate::repair::{FenceCause, Repair};
use EcsSays::{ListsNone, Says, Silent};

const MINUTE: i64 = 60;

#[test]
fn late_starters() {
    let late = |age| runner(1, "small", RunnerState::Starting, age);
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
        (14 * MINUTE, Says("RUNNING"), "", "it may still ask"),
        (MINUTE, Says("STOPPED"), "1 has stopped", "the stop event is late, or was lost"),
        (15 * MINUTE, Says("RUNNING"), "fence 1, stop task-1: past its boot limit", "it hangs"),
        (15 * MINUTE, ListsNone, "fence 1: past its boot limit", "a task that is late is stopped later"),
        (15 * MINUTE, Silent, "fence 1: past its boot limit", "the ledger alone tells that"),
    ] {
        for state in [RunnerState::Starting, RunnerState::Overdue] {
            let found = found_for(Runner { state, ..late(age) }, ecs);
            assert_eq!(found.join("; "), expected, "{state:?} for {age} s, {ecs:?}: {why}");
        }
    }
}

#[test]
fn a_launch_that_ecs_puts_off_until_the_boot_limit_is_given_up_with_its_reason() {
    let put_off = || Some("ClientException: TaskDefinition is inactive".to_owned());
    let given_up = "fence 1: not launched within fifteen minutes";
    for (put_off, age, ecs, expected, why) in [
        (put_off(), 15 * MINUTE - 1, ListsNone, "run 1 again", "it may still work"),
        (put_off(), 15 * MINUTE, ListsNone, given_up, "it has lasted for too long"),
        (None, 15 * MINUTE, ListsNone, "fence 1: past its boot limit", "nobody has tried it"),
        (put_off(), 15 * MINUTE, Silent, "fence 1: past its boot limit", "it may have a task by now"),
        (
            put_off(),
            15 * MINUTE,
            Says("RUNNING"),
            "fence 1, stop task-1: past its boot limit",
            "it was launched after all",
        ),
    ] {
        let late = Runner { put_off, ..runner(1, "small", RunnerState::Starting, age) };
        assert_eq!(found_for(late, ecs).join("; "), expected, "{age} s, {ecs:?}: {why}");
    }
}

#[test]
fn a_task_that_was_started_late_gets_its_five_minutes_for_capacity() {
    let given_up = "fence 1, stop task-1: no capacity within five minutes";
    for (reserved, created, expected, why) in [
        (14 * 60, Some(0), "", "RunTask has just started it"),
        (14 * 60, Some(299), "", "still within its time"),
        (14 * 60, Some(300), given_up, "its time is over"),
        (14 * 60, None, given_up, "ECS does not say: it is as old as its reservation"),
    ] {
        let stage = BorrowedParts::new();
        let mut snapshot = stage.snapshot();
        add(&mut snapshot, [runner(1, "small", RunnerState::Starting, reserved)]);
        count(&mut snapshot, 1);
        snapshot.see(
            "mayfly_ec2",
            [TaskDescription { times: created_at(created.map(ago)), ..task(1, "PROVISIONING") }],
        );
        assert_eq!(found(&snapshot).join("; "), expected, "{why}");
    }
}

#[test]
fn a_task_that_waits_for_capacity_is_no_failed_boot_however_long_ago_it_was_reserved() {
    for reserved in [15, 20, 60] {
        for created in [Some(0), Some(299), Some(300), None] {
            let stage = BorrowedParts::new();
            let mut snapshot = stage.snapshot();
            add(&mut snapshot, [runner(1, "small", RunnerState::Starting, reserved * MINUTE)]);
            count(&mut snapshot, 1);
            let waits = TaskDescription { times: created_at(created.map(ago)), ..task(1, "PROVISIONING") };
            snapshot.see("mayfly_ec2", [waits]);
            let boots = found(&snapshot).iter().any(|repair| repair.ends_with("past its boot limit"));
            assert!(!boots, "reserved {reserved} minutes ago, created {created:?} s ago: it has not booted");
        }
    }
}

#[test]
fn the_boot_limit_of_a_runner_that_has_asked_counts_from_its_last_question() {
    let hour_old = |state| runner(1, "small", state, 60 * MINUTE);
    let (idle, overdue) = (RunnerState::Idle, RunnerState::Overdue);
    let past = "fence 1, stop task-1: past its boot limit";
    for (runner, ecs, expected, why) in [
        (called(hour_old(idle), MINUTE), Says("RUNNING"), "", "GitHub is out of order, and it asks on"),
        (called(hour_old(idle), 15 * MINUTE - 1), Says("RUNNING"), "", "it may ask once more"),
        (called(hour_old(idle), 15 * MINUTE), Says("RUNNING"), past, "it hangs"),
        (
            called(hour_old(idle), 15 * MINUTE),
            Silent,
            "fence 1: past its boot limit",
            "the ledger tells that",
        ),
        (called(hour_old(overdue), 15 * MINUTE), Says("RUNNING"), past, "the same, Overdue"),
        (called(hour_old(idle), MINUTE), ListsNone, "", "it asked a minute ago: its list runs behind"),
        (called(hour_old(idle), MINUTE), Says("STOPPED"), "", "its stop event ends it, or its boot limit"),
        (
            registered(hour_old(idle), 50 * MINUTE),
            Says("RUNNING"),
            "",
            "it has a JIT config: GitHub is asked",
        ),
        (registered(hour_old(overdue), 50 * MINUTE), Says("RUNNING"), "", "the same, Overdue"),
        (listening(hour_old(idle)), Says("RUNNING"), "", "it listens"),
    ] {
        let runner = Runner { overdue_at: (runner.state == overdue).then(|| ago(MINUTE)), ..runner };
        assert_eq!(found_for(runner, ecs).join("; "), expected, "{ecs:?}: {why}");
    }
}

#[test]
fn ecs_last_words_are_the_reason_of_a_launch_that_is_given_up_and_of_no_other() {
    for (cause, put_off, expected) in [
        (FenceCause::NotLaunched, Some("AGENT"), "not launched within fifteen minutes; AGENT"),
        (FenceCause::NotLaunched, None, "not launched within fifteen minutes"),
        (FenceCause::BootLimit, Some("AGENT"), "past its boot limit"),
    ] {
        let put_off = put_off.map(str::to_owned);
        let runner = Runner { put_off, ..runner(1, "small", RunnerState::Starting, 15 * MINUTE) };
        let told = match (Repair::Fence { runner, cause, task: None }).event() {
            Some(Event::Runner(_, RunnerEvent::NotLaunched(told) | RunnerEvent::FailedToBoot(told))) => told,
            other => panic!("{other:?}"),
        };
        assert_eq!(told, expected);
    }
}
