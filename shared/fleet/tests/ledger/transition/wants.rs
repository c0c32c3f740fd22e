//! Whether a runner that asks is needed, surplus, or neither.

use super::*;
use Listener::{None, Starting, Up};

/// A question in a book with these totals: queued, minimum, supply, idle.
fn answered(life: Life, listener: Listener, totals: (i64, i64, i64, i64)) -> LedgerAnswer {
    let (queued, minimum, supply, idle) = totals;
    let book = Book { queued, minimum, supply, idle, ..Book::open(pool("spot"), 9) };
    of_runner(&life.runner(), &asked("first", listener), &book, at(0)).answer
}

#[test]
fn needed_is_asked_before_surplus() {
    for (life, listener, totals, answer, why) in [
        (Life::Starting, None, (1, 0, 1, 0), CONFIG, "a job waits for it"),
        (Life::Starting, None, (1, 0, 3, 0), CONFIG, "two too many, but it is the first one that is up"),
        (Life::Starting, None, (1, 0, 2, 1), LEAVE, "another one was up first"),
        (Life::Starting, None, (2, 0, 2, 1), CONFIG, "two jobs, and one that is up"),
        (Life::Starting, None, (0, 1, 1, 0), CONFIG, "its pool keeps one waiting"),
        (Life::Starting, None, (0, 1, 2, 1), LEAVE, "and one waits"),
        (Life::Starting, None, (1, 1, 2, 1), CONFIG, "a minimum of one, and a job"),
        (Life::Called, None, (1, 0, 3, 1), CONFIG, "itself it does not count"),
        (Life::Called, None, (1, 0, 3, 2), LEAVE, "another one it does"),
        (Life::Registered, Up, (1, 0, 3, 1), WAIT, "two others still boot: the one that is up stays"),
        (Life::Registered, Starting, (1, 0, 3, 1), WAIT, "the same"),
        (Life::Listening, Up, (1, 0, 2, 2), LEAVE, "one of two that are up is too many"),
        (Life::Listening, Up, (2, 0, 2, 2), WAIT, "neither is"),
        (Life::Listening, Up, (0, 2, 2, 2), WAIT, "both are kept"),
        (Life::Listening, Starting, (1, 0, 2, 2), LEAVE, "one too many, whatever its listener's state"),
    ] {
        assert_eq!(answered(life, listener, totals), answer, "{life:?}, {listener:?}, {totals:?}: {why}");
    }
}

#[test]
fn an_overdue_runner_comes_back_if_it_is_needed_whatever_the_deficit() {
    for (life, listener, totals, answer, why) in [
        (Life::Slow, None, (1, 0, 1, 0), CONFIG, "its spare fills the deficit, and still boots"),
        (Life::Slow, None, (1, 0, 1, 1), LEAVE, "its spare is up"),
        (Life::Slow, None, (2, 0, 2, 1), CONFIG, "there are two jobs"),
        (Life::Slow, None, (0, 1, 0, 0), CONFIG, "the job is gone, but there is a minimum"),
        (Life::Hung, None, (1, 0, 1, 0), CONFIG, "the same, once it had a JIT config"),
        (Life::Hung, Starting, (1, 0, 1, 1), LEAVE, "its spare is up"),
        (Life::Hung, Up, (1, 0, 1, 0), WAIT, "its spare still boots"),
    ] {
        assert_eq!(answered(life, listener, totals), answer, "{life:?}, {listener:?}, {totals:?}: {why}");
    }
}

/// Every Idle runner is in the supply, so a book that counts more Idle ones is wrong. Such a book must not make the
/// runners leave that it launches, or it would launch one after the other until it is corrected.
#[test]
fn in_a_book_out_of_balance_no_more_count_as_idle_than_are_in_the_supply() {
    for (life, listener, totals, answer, why) in [
        (Life::Starting, None, (1, 0, 1, 1), CONFIG, "it is the supply, and no other runner is Idle"),
        (Life::Starting, None, (1, 0, 2, 2), LEAVE, "another one is"),
        (Life::Listening, Up, (1, 0, 1, 2), WAIT, "it is the supply's only runner"),
        (Life::Registered, Starting, (1, 0, 1, 2), WAIT, "the same"),
        (Life::Registered, None, (1, 0, 1, 2), CONFIG, "the same"),
        (Life::Slow, None, (1, 0, 0, 1), CONFIG, "nobody is in the supply"),
        (Life::Hung, Up, (1, 0, 1, 2), LEAVE, "only a need keeps an Overdue one, and another one is up"),
    ] {
        assert_eq!(answered(life, listener, totals), answer, "{life:?}, {listener:?}, {totals:?}: {why}");
    }
}

#[test]
fn of_many_runners_that_ask_only_those_that_are_needed_get_a_config() {
    for (jobs, minimum, runners) in [(1, 0, 3), (2, 1, 5), (5, 0, 3), (0, 0, 4)] {
        let mut book = Book { queued: jobs, minimum, supply: runners, ..Book::open(pool("spot"), 9) };
        let mut configs = 0;
        for _ in 0..runners {
            let before = Life::Starting.runner();
            let outcome = of_runner(&before, &asked("first", None), &book, at(0));
            if outcome.answer == CONFIG {
                configs += 1;
                book.idle += 1;
            } else {
                book.supply -= 1;
            }
        }
        assert_eq!(configs, (jobs + minimum).min(runners), "{runners} for {jobs} jobs and {minimum}");
    }
}
