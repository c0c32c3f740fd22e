//! Suspicions of passes that run one after the other, at once, and over a ledger that fails.

use fleet::repair::suspicion::{Look, Suspicion, SystemOfRecord};

use super::*;

fn look(suspects: impl IntoIterator<Item = u128>) -> Look {
    let gone = |number| Suspicion::TaskGone(RunnerId::from_random(number));
    Look { suspects: suspects.into_iter().map(gone).collect(), saw: [SystemOfRecord::Ecs].into() }
}

/// A pass that begins this many seconds late.
fn pass(table: &FaultyTable, seconds: i64, look: &Look) -> Result<BTreeSet<Suspicion>, LedgerError> {
    let books = Bookkeeper { ledger: table, system: NotingClock::of(1).after(seconds) };
    books.agree(look).now_or_never().expect("nothing waits")
}

#[test]
fn the_second_pass_confirms_what_the_first_wrote_down() {
    let table = FaultyTable::default();
    assert_eq!(pass(&table, 0, &look([1, 2])), Ok(BTreeSet::new()));
    assert_eq!(pass(&table, 300, &look([2, 3])), Ok(look([2]).suspects));
    assert_eq!(pass(&table, 600, &look([])), Ok(BTreeSet::new()));
    assert_eq!(table.commits(), [1, 1, 1]);
    assert_eq!(pass(&table, 900, &look([])), Ok(BTreeSet::new()));
    assert_eq!(table.commits().len(), 3, "nothing suspected, nothing written");
}

#[test]
fn of_two_passes_at_once_one_writes_and_neither_confirms_the_other() {
    let table = FaultyTable::default();
    let other = |table: &FaultyTable| assert_eq!(pass(table, 0, &look([1])), Ok(BTreeSet::new()));
    table.meets([CommitFault::meanwhile(other)]);
    assert_eq!(pass(&table, 1, &look([1])), Err(LedgerError::Conflict));
    assert_eq!(
        pass(&table, 2, &look([1])),
        Ok(BTreeSet::new()),
        "a pass seconds later counts as the same look"
    );
    assert_eq!(pass(&table, 300, &look([1])), Ok(look([1]).suspects));
}

#[test]
fn a_ledger_that_does_not_answer_confirms_nothing_and_loses_nothing() {
    let table = FaultyTable::default();
    pass(&table, 0, &look([1])).unwrap();
    table.reads_fail(1);
    assert!(pass(&table, 300, &look([1])).is_err());
    table.meets([CommitFault::down(), CommitFault::lost()]);
    assert!(pass(&table, 300, &look([1])).is_err());
    assert!(pass(&table, 300, &look([1])).is_err(), "it is written, but the answer is lost");
    assert_eq!(pass(&table, 300, &look([1])), Ok(look([1]).suspects));
}
