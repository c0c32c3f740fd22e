//! Slow starters: which runners are slow, how many at once, and whether there is room for more.

use super::stage::*;
use crate::ledger::{Book, Health, Rest, RestCause, Runner, RunnerState};
use crate::ports::TaskDescription;
use crate::repair::{Snapshot, clusters_in_question};
use RunnerState::{Busy, Idle, Leaving, Overdue, Starting, Stopped};

const OVERDUE: &str = "1 is overdue";

/// What is found about one runner while one job waits; its task has this status, and left PROVISIONING this
/// many seconds ago.
fn found_with(runner: Runner, status: Option<&str>, pulled: Option<i64>) -> String {
    let stage = BorrowedParts::new();
    let mut snapshot = stage.snapshot();
    add(&mut snapshot, [runner]);
    count(&mut snapshot, 1);
    let described = |status| TaskDescription { times: pulled_at(pulled.map(ago)), ..task(1, status) };
    if let Some(status) = status {
        snapshot.see("mayfly_ec2", [described(status)]);
    }
    found(&snapshot).join("; ")
}

#[test]
fn a_task_that_has_asked_for_nothing_gets_three_minutes_from_its_capacity() {
    for (age, status, pulled, expected, why) in [
        (240, Some("RUNNING"), Some(180), OVERDUE, "three minutes since it left PROVISIONING"),
        (240, Some("RUNNING"), Some(179), "", "its image is large"),
        (840, Some("PENDING"), Some(30), "", "its instance took long to boot: that is not its own time"),
        (240, Some("PENDING"), Some(180), OVERDUE, "it pulls its image, and is slow"),
        (180, Some("PENDING"), None, OVERDUE, "ECS does not say: it is as old as its reservation"),
        (179, Some("PENDING"), None, "", "not yet three minutes old"),
        (240, Some("PROVISIONING"), None, "", "it waits for capacity, as it may: a spare would wait as well"),
        (240, None, None, "", "ECS was not heard: nobody knows what it waits for"),
        (240, Some("STOPPED"), Some(200), "1 has stopped", "it will not come"),
    ] {
        let found = found_with(runner(1, "small", Starting, age), status, pulled);
        assert_eq!(found, expected, "{age} s, {status:?}, {pulled:?}: {why}");
    }
    let stage = BorrowedParts::new();
    let mut snapshot = stage.snapshot();
    add(&mut snapshot, [runner(1, "small", Starting, 240)]);
    count(&mut snapshot, 1);
    snapshot.see("mayfly_ec2", []);
    assert_eq!(found(&snapshot), ["run 1 again"], "it has no task, as far as ECS lists");
}

#[test]
fn a_runner_that_was_called_gets_three_minutes_from_its_last_question() {
    let old = |state| runner(1, "small", state, 600);
    let again = |runner: Runner| Runner { overdue_at: Some(ago(300)), ..runner };
    let twice = "fence 1, stop task-1: slow for the second time";
    for (runner, expected, why) in [
        (called(old(Idle), 179), "", "it asks each minute"),
        (called(old(Idle), 180), OVERDUE, "it asks no more"),
        (registered(old(Idle), 180), OVERDUE, "its listener never came up"),
        (registered(old(Idle), 179), "", "its listener may be starting"),
        (Runner { listened: true, ..registered(old(Idle), 500) }, "", "it listens: GitHub is slow"),
        (again(called(old(Idle), 180)), twice, "it came back, and is silent once more"),
        (again(called(old(Idle), 179)), "", "it came back"),
        (again(registered(old(Idle), 500)), "", "it has a JIT config: GitHub is asked before it is stopped"),
        (again(called(old(Overdue), 500)), "", "it is Overdue, for the first time still"),
        (listening(old(Busy)), "", "it has a job"),
        (called(old(Leaving), 500), "", "it leaves"),
        (called(old(Stopped), 500), "", "it is over"),
    ] {
        assert_eq!(found_with(runner, Some("RUNNING"), Some(500)), expected, "{why}");
    }
}

/// Four runners of `small` that last asked 4, 6, 3 and 5 minutes ago.
fn slow(snapshot: &mut Snapshot<'_>) {
    for (number, silence) in [(1, 240), (2, 360), (3, 180), (4, 300)] {
        add(snapshot, [called(runner(number, "small", Idle, 600), silence)]);
    }
}

fn book<'a>(snapshot: &'a mut Snapshot<'_>) -> &'a mut Book {
    snapshot.books.get_mut(&pool("small")).unwrap()
}

#[test]
fn one_runner_for_each_waiting_job_becomes_overdue_the_longest_silent_first() {
    for (jobs, more_idle, lately, expected, why) in [
        (4, 0, 0, "2 is overdue; 4 is overdue; 1 is overdue; 3 is overdue", "a spare for each job"),
        // The three others that are Idle could take the jobs, although they may be as slow: the ledger cannot
        // know.
        (2, 0, 0, "", "two jobs, and three others that are called"),
        (9, 0, 0, "2 is overdue; 4 is overdue; 1 is overdue; 3 is overdue", "all of them"),
        (0, 0, 0, "", "no job waits"),
        (4, 2, 0, "", "others are up for the jobs"),
        (5, 1, 0, "2 is overdue; 4 is overdue; 1 is overdue; 3 is overdue", "one is up for one of five"),
        (4, 0, 3, "2 is overdue", "three became Overdue lately"),
        (4, 0, 4, "", "four did: each job has its spare"),
    ] {
        let stage = BorrowedParts::new();
        let mut snapshot = stage.snapshot();
        slow(&mut snapshot);
        count(&mut snapshot, jobs);
        book(&mut snapshot).idle += more_idle;
        book(&mut snapshot).supply += more_idle;
        let earlier = runner(9, "small", Starting, 900);
        for _ in 0..lately {
            book(&mut snapshot).expect_overdue(&earlier, ago(600));
        }
        let of_small = found(&snapshot).join("; ");
        assert_eq!(of_small, expected, "{jobs} jobs, {more_idle} idle, {lately} lately: {why}");
    }
}

#[test]
fn no_runner_is_overdue_while_others_are_up_or_to_spare() {
    for (state, jobs, minimum, why) in [
        (Idle, 2, 4, "three are up beside each of them, and none is to spare"),
        (Starting, 1, 0, "nobody is up, and three are to spare beside each of them"),
    ] {
        let stage = BorrowedParts::new();
        let mut snapshot = stage.snapshot();
        for number in 1..=4 {
            let one = runner(number, "small", state, 600);
            add(&mut snapshot, [if state == Idle { called(one, 300) } else { one }]);
        }
        count(&mut snapshot, jobs);
        book(&mut snapshot).minimum = minimum;
        snapshot.see("mayfly_ec2", [1, 2, 3, 4].map(|number| task(number, "RUNNING")));
        let overdue: Vec<String> =
            found(&snapshot).into_iter().filter(|it| it.ends_with("overdue")).collect();
        assert_eq!(overdue, [] as [&str; 0], "{why}");
    }
}

#[test]
fn a_runner_that_became_overdue_counts_for_no_job_of_the_next() {
    let stage = BorrowedParts::new();
    let mut snapshot = stage.snapshot();
    add(
        &mut snapshot,
        [called(runner(1, "small", Idle, 600), 360), called(runner(2, "small", Idle, 600), 10)],
    );
    add(&mut snapshot, [runner(3, "small", Starting, 240)]);
    count(&mut snapshot, 2);
    book(&mut snapshot).minimum = 3;
    snapshot.see("mayfly_ec2", [task(3, "RUNNING")]);
    // While both Idle runners are up for the two jobs, the one that starts is not needed.
    assert_eq!(found(&snapshot).join("; "), "1 is overdue; 3 is overdue");
}

#[test]
fn of_starters_for_few_jobs_few_become_overdue() {
    for (jobs, expected) in [
        (1, "2 is overdue"),
        (2, "2 is overdue; 4 is overdue"),
        (3, "2 is overdue; 4 is overdue; 1 is overdue"),
    ] {
        let stage = BorrowedParts::new();
        let mut snapshot = stage.snapshot();
        for (number, age) in [(1, 240), (2, 360), (3, 180), (4, 300)] {
            add(&mut snapshot, [runner(number, "small", Starting, age)]);
        }
        count(&mut snapshot, jobs);
        // As many as there are, so none is a surplus.
        book(&mut snapshot).minimum = 4;
        snapshot.see("mayfly_ec2", [1, 2, 3, 4].map(|number| task(number, "RUNNING")));
        assert_eq!(found(&snapshot).join("; "), expected, "{jobs} jobs");
    }
}

#[test]
fn no_runner_becomes_overdue_without_room_for_its_replacement() {
    use RestCause::{BootFailures, LaunchRefused, NoCapacity, RunFailures};
    let rests = |cause| Health {
        rest: Some(Rest { until: ago(-60), cause, reason: "in ECS's words".to_owned() }),
        ..Health::default()
    };
    let rested = || Health {
        rest: Some(Rest { until: ago(0), cause: RunFailures, reason: "in ECS's words".to_owned() }),
        ..Health::default()
    };
    let well = Health::default;
    for (own, own_live, fallback, fallback_live, expected, why) in [
        (well(), 9, well(), 0, OVERDUE, "there is room for one more"),
        (well(), 10, well(), 0, "", "its pool is at its maximum"),
        (rests(NoCapacity), 1, well(), 9, OVERDUE, "none of its own, and room on the fallback"),
        (rests(NoCapacity), 10, well(), 9, OVERDUE, "not its own maximum"),
        (rests(NoCapacity), 1, well(), 10, "", "the fallback is at its maximum"),
        (rests(NoCapacity), 1, rests(NoCapacity), 0, "", "there is no capacity anywhere"),
        (rests(NoCapacity), 1, rests(RunFailures), 0, "", "the fallback is broken"),
        (rests(LaunchRefused), 1, well(), 0, "", "no launch is made here"),
        (rests(BootFailures), 1, well(), 0, "", "no launch is made here"),
        (rests(RunFailures), 1, well(), 0, "", "no launch is made here"),
        (rested(), 1, well(), 0, OVERDUE, "its rest is over"),
    ] {
        let stage = BorrowedParts::new();
        let mut snapshot = stage.snapshot();
        add(&mut snapshot, [called(runner(1, "cheap", Idle, 600), 300)]);
        count(&mut snapshot, 1);
        for (name, health, live) in [("cheap", own, own_live), ("plain", fallback, fallback_live)] {
            let book = snapshot.books.get_mut(&pool(name)).unwrap();
            (book.health, book.live) = (health, live);
        }
        assert_eq!(found(&snapshot).join("; "), expected, "{why}");
    }
}

#[test]
fn each_runner_that_becomes_overdue_takes_room_from_the_next() {
    for (live, expected) in [(10, ""), (9, "2 is overdue"), (8, "2 is overdue; 4 is overdue")] {
        let stage = BorrowedParts::new();
        let mut snapshot = stage.snapshot();
        slow(&mut snapshot);
        count(&mut snapshot, 9);
        book(&mut snapshot).live = live;
        assert_eq!(found(&snapshot).join("; "), expected, "{live} of ten live");
    }
}

#[test]
fn a_runner_of_a_pool_that_is_gone_or_whose_book_was_not_read_is_never_overdue() {
    let stage = BorrowedParts::new();
    let mut snapshot = stage.snapshot();
    let slow = |number, of| called(runner(number, of, Idle, 600), 300);
    let twice = Runner { overdue_at: Some(ago(400)), ..slow(3, "old") };
    add(&mut snapshot, [slow(1, "old"), slow(2, "small"), twice]);
    count(&mut snapshot, 1);
    snapshot.books.get_mut(&pool("old")).unwrap().queued = 3;
    snapshot.books.remove(&pool("small"));
    assert_eq!(found(&snapshot), [""; 0], "a runner of such a pool that asks gets the answer to leave");
    assert_eq!(clusters_in_question(&snapshot), [].into(), "and nobody looks for its task");
}
