//! Floors, surplus, and pools that have left the map.

use super::stage::*;
use crate::ledger::{Book, Job, JobState, Runner, RunnerState};
use crate::ports::TaskDescription;
use crate::repair::{Stranded, stranded};
use crate::schedule::GroupSizes;

#[test]
fn floors() {
    for (min_size, live, is_known, expected, why) in [
        (0, 0, true, "mayfly_small: 0 to 3", "six runners are kept at noon, two an instance"),
        (3, 6, true, "", "as it shall be"),
        (5, 4, true, "mayfly_small: 5 to 3", "the runners are gone, and their instances follow"),
        (5, 9, true, "", "the runners are still there"),
        (5, -1, true, "mayfly_small: 5 to 3", "a book below zero counts as empty"),
        (0, 0, false, "", "without the book nobody knows who lives"),
    ] {
        let stage = BorrowedParts::new();
        let mut snapshot = stage.snapshot();
        snapshot.groups.insert(pool("small"), GroupSizes { min_size, max_size: 5 });
        snapshot.books.get_mut(&pool("small")).unwrap().live = live;
        if !is_known {
            snapshot.books.remove(&pool("small"));
        }
        assert_eq!(found(&snapshot).join("; "), expected, "{why}");
    }
    let stage = BorrowedParts::new();
    let snapshot = stage.snapshot();
    assert_eq!(found(&snapshot), [""; 0], "a group whose sizes could not be read is left as it is");
}

#[test]
fn surplus() {
    let totals = |queued, minimum, supply| Book { queued, supply, minimum, ..Book::open(pool("small"), 10) };
    let (first, second) = ("fence 2: its pool has runners enough", "fence 1: its pool has runners enough");
    for (book, expected, why) in [
        (totals(1, 1, 2), vec![], "as many as are needed"),
        (totals(3, 0, 2), vec![], "fewer than are needed"),
        (totals(1, 0, 2), vec![first], "the youngest goes"),
        (totals(0, 0, 2), vec![first, second], "both go"),
        (totals(0, 0, 9), vec![first, second], "the other seven have asked, and get that answer"),
    ] {
        let stage = BorrowedParts::new();
        let mut snapshot = stage.snapshot();
        snapshot.books.insert(pool("small"), book);
        let starting = |number, age| runner(number, "small", RunnerState::Starting, age);
        add(&mut snapshot, [starting(1, 50), starting(2, 40), called(starting(3, 30), 10)]);
        add(&mut snapshot, [runner(4, "plain", RunnerState::Starting, 20)]);
        assert_eq!(found(&snapshot), expected, "{why}");
    }
}

#[test]
fn of_a_surplus_the_slow_go_before_the_youngest() {
    let fenced = |numbers: &[u32]| {
        let words = numbers.iter().map(|number| match number {
            4 => "fence 4: its pool has runners enough".to_owned(),
            _ => format!("fence {number}, stop task-{number}: its pool has runners enough"),
        });
        words.collect::<Vec<_>>()
    };
    for (supply, expected, why) in [
        (2, &[1][..], "it left PROVISIONING three minutes ago, and has not asked"),
        (3, &[1, 4], "then the youngest, whose task is not known"),
        (4, &[1, 4, 3], "then the next one"),
        (5, &[1, 4, 3, 2], "one that waits for capacity is not slow, and the oldest of them"),
    ] {
        let stage = BorrowedParts::new();
        let mut snapshot = stage.snapshot();
        let book = Book { queued: 1, supply, ..Book::open(pool("small"), 10) };
        snapshot.books.insert(pool("small"), book);
        let starting = |number, age| runner(number, "small", RunnerState::Starting, age);
        add(&mut snapshot, [starting(1, 200), starting(2, 280), starting(3, 190), starting(4, 40)]);
        let left = |number, seconds| TaskDescription {
            times: pulled_at(Some(ago(seconds))),
            ..task(number, "PENDING")
        };
        snapshot.see("mayfly_ec2", [left(1, 180), task(2, "PROVISIONING"), left(3, 179)]);
        assert_eq!(found(&snapshot), fenced(expected), "{why}");
    }
}

#[test]
fn an_overdue_runner_that_no_job_needs_is_one_too_many() {
    let enough = "fence 1: its pool has runners enough";
    let totals = |queued, minimum, supply, idle| Book {
        queued,
        supply,
        idle,
        minimum,
        ..Book::open(pool("small"), 10)
    };
    let slow = || runner(1, "small", RunnerState::Overdue, 300);
    for (overdue, book, expected, why) in [
        (slow(), totals(1, 0, 1, 0), "", "its spare still boots: it may be faster"),
        (slow(), totals(1, 0, 1, 1), enough, "its spare is up"),
        (slow(), totals(0, 0, 0, 0), enough, "its job is gone"),
        (slow(), totals(0, 1, 0, 0), "", "the minimum wants one"),
        (slow(), totals(2, 0, 1, 1), "", "another job waits"),
        (called(slow(), 200), totals(0, 0, 0, 0), "", "it has asked, and hears it at its next question"),
        (registered(slow(), 200), totals(0, 0, 0, 0), "", "the same"),
    ] {
        let stage = BorrowedParts::new();
        let mut snapshot = stage.snapshot();
        snapshot.books.insert(pool("small"), book);
        add(&mut snapshot, [overdue]);
        assert_eq!(found(&snapshot).join("; "), expected, "{why}");
    }
}

#[test]
fn overdue_runners_do_not_count_in_the_surplus() {
    let stage = BorrowedParts::new();
    let mut snapshot = stage.snapshot();
    add(&mut snapshot, [1, 2].map(|number| runner(number, "small", RunnerState::Starting, 50)));
    add(&mut snapshot, [runner(3, "small", RunnerState::Overdue, 300)]);
    count(&mut snapshot, 1);
    snapshot.books.get_mut(&pool("plain")).unwrap().queued = 0;
    assert_eq!(found(&snapshot), ["fence 2: its pool has runners enough"], "two boot for one job");
}

#[test]
fn a_surplus_runner_is_kept_for_a_job_that_moves_here() {
    let stage = BorrowedParts::new();
    let mut snapshot = stage.snapshot();
    snapshot.books.get_mut(&pool("plain")).unwrap().supply = 2;
    add(&mut snapshot, [1, 2].map(|number| runner(number, "plain", RunnerState::Starting, 10)));
    snapshot.waiting.push(job(7, "old", "x"));
    assert_eq!(
        found(&snapshot),
        ["job 7 from old to plain", "fence 2: its pool has runners enough"],
        "one of two"
    );
}

#[test]
fn a_runner_of_a_book_that_could_not_be_read_is_no_surplus() {
    let stage = BorrowedParts::new();
    let mut snapshot = stage.snapshot();
    snapshot.books.clear();
    add(&mut snapshot, [runner(1, "small", RunnerState::Starting, 10)]);
    assert_eq!(found(&snapshot), [""; 0]);
}

#[test]
fn the_first_rule_that_names_a_runner_counts() {
    let stage = BorrowedParts::new();
    let mut snapshot = stage.snapshot();
    snapshot.books.get_mut(&pool("small")).unwrap().supply = 1;
    add(&mut snapshot, [runner(1, "small", RunnerState::Starting, 20 * 60)]);
    assert_eq!(found(&snapshot), ["fence 1: its pool has runners enough"], "it is past its boot limit too");
}

#[test]
fn pools_out_of_the_map_are_closed_once() {
    let book = |minimum, maximum| Book { minimum, ..Book::open(pool("old"), maximum) };
    for (book, expected, why) in [
        (book(2, 9), "close old", "it was in the map a minute ago"),
        (book(0, 9), "close old", "a config would still be answered"),
        (book(2, 0), "close old", "it would still keep runners"),
        (book(0, 0), "", "it is closed"),
    ] {
        let stage = BorrowedParts::new();
        let mut snapshot = stage.snapshot();
        snapshot.books.insert(pool("old"), book);
        assert_eq!(found(&snapshot).join("; "), expected, "{why}");
    }
}

#[test]
fn their_jobs_move_where_they_are_served_and_the_others_are_counted() {
    let stage = BorrowedParts::new();
    let mut snapshot = stage.snapshot();
    let begun = Job { state: JobState::InProgress, ..job(4, "old", "x") };
    let elsewhere = job(5, "small", "x");
    snapshot.waiting = vec![job(1, "old", "x"), job(2, "old", "old"), job(3, "old", "gpu"), begun, elsewhere];
    assert_eq!(found(&snapshot), ["job 1 from old to plain"], "the others have begun, or wait elsewhere");
    let why = r#"no pool serves "old"; small lacks "old""#.to_owned();
    assert_eq!(stranded(&snapshot), [(pool("old"), Stranded { jobs: 2, why })].into());
    snapshot.waiting.clear();
    assert_eq!(stranded(&snapshot), [].into());
}

#[test]
fn their_jobs_of_public_repositories_move_only_to_pools_that_take_them() {
    let stage = BorrowedParts::new();
    let mut snapshot = stage.snapshot();
    snapshot.waiting = vec![Job { is_public: true, ..job(1, "old", "x") }];
    assert_eq!(found(&snapshot), [""; 0]);
    let why = "the repository is public, and plain takes no jobs of public repositories; allow them with \
               public_repositories = true, and in the settings of its runner group";
    assert_eq!(stranded(&snapshot), [(pool("old"), Stranded { jobs: 1, why: why.to_owned() })].into());
}

#[test]
fn their_runners_that_have_asked_for_nothing_are_fenced_at_once() {
    let stage = BorrowedParts::new();
    let mut snapshot = stage.snapshot();
    let on_fargate = Runner { capacity: pool("plain"), ..runner(2, "old", RunnerState::Starting, 0) };
    add(&mut snapshot, [runner(1, "old", RunnerState::Starting, 5), on_fargate]);
    add(
        &mut snapshot,
        [
            called(runner(3, "old", RunnerState::Idle, 5), 5),
            listening(runner(4, "old", RunnerState::Idle, 5)),
        ],
    );
    add(
        &mut snapshot,
        [runner(5, "old", RunnerState::Overdue, 4), called(runner(6, "old", RunnerState::Overdue, 3), 3)],
    );
    snapshot.see("mayfly_fargate", [task(2, "PENDING")]);
    assert_eq!(
        found(&snapshot),
        [
            "fence 1: its pool is out of the map",
            "fence 5: its pool is out of the map",
            "fence 2, stop task-2: its pool is out of the map"
        ],
        "a runner that has asked hears it at its next question"
    );
}
