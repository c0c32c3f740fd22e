//! Sweeps: how many lists at once, and what is written where nothing happens.

use std::cell::Cell;
use std::rc::Rc;

use fleet::Repository;
use jiff::{SignedDuration, Timestamp};
use sandbox::github::GithubLimits;
use sandbox::{Delays, EffectOf, Latencies, Span};

use super::{Duration, FIFTH, ReconcilerStage, fresh};

/// A minute in which a pass does not look at everything.
const PLAIN: &str = "2026-03-23T12:01:00Z";

/// Lists at once.
const AT_ONCE: i64 = 25;

const REPOSITORIES: i64 = 40;

fn with_repositories(start: &str, count: i64) -> ReconcilerStage {
    let call = Span(Duration::from_millis(100)..=Duration::from_millis(100));
    let stage = ReconcilerStage::with(start, Delays { calls: Latencies::Same(call), ..Delays::default() });
    for number in 0..count {
        let repository = Repository::new(format!("octo-org/r{number}"));
        stage.sandbox.github().borrow_mut().push(&repository, now(&stage));
    }
    stage
}

fn now(stage: &ReconcilerStage) -> Timestamp {
    stage.sandbox.manual_clock().now()
}

/// Items that are written from now on.
fn written(stage: &ReconcilerStage) -> Rc<Cell<usize>> {
    let count = Rc::new(Cell::new(0));
    let counts = Rc::clone(&count);
    stage.sandbox.observe(move |effect| {
        if let EffectOf::Written(_, puts, _) = effect.of {
            counts.set(counts.get() + puts.len());
        }
    });
    count
}

/// However long all else takes: of 32 repositories 64 lists come eight times one after the other, of eight twice.
#[test]
fn twenty_five_lists_are_asked_for_at_once_and_no_more() {
    let took = |repositories| {
        let stage = with_repositories(PLAIN, repositories);
        stage.pass().unwrap();
        // The first read of each list counts as a call, and all are paid for after this.
        stage.wait(10);
        let began = now(&stage);
        stage.pass().unwrap();
        now(&stage).duration_since(began)
    };
    let [none, one, few, many] = [0, 1, AT_ONCE, AT_ONCE + 1].map(took);
    assert!(one > none, "each list takes its time");
    assert_eq!(few, one, "twenty-five are waited for together");
    assert!(many > few, "the next one comes after them");
}

/// Whoever was asked before GitHub said so is not waited for any longer than its answer takes.
#[test]
fn a_wait_that_github_asks_for_ends_a_sweep() {
    let stage = with_repositories(PLAIN, REPOSITORIES);
    let limits = GithubLimits { calls_an_hour: Some(20), ..GithubLimits::default() };
    stage.sandbox.github().borrow_mut().set_limits(limits);
    stage.pass().unwrap();
    let refused = stage.sandbox.github().borrow().refused_by_limits();
    assert!((1..=u64::try_from(AT_ONCE).unwrap()).contains(&refused), "{refused} calls after the wait");
    stage.wait(1);
    stage.pass().unwrap();
    assert_eq!(stage.sandbox.github().borrow().refused_by_limits(), refused, "nobody calls meanwhile");
}

#[test]
fn where_nothing_happens_nothing_is_written() {
    let stage = with_repositories(PLAIN, REPOSITORIES);
    stage.pass().unwrap();
    // The first read of each list counts as a call, and all are paid for after this.
    stage.wait(10);
    stage.pass().unwrap();
    let written = written(&stage);
    for _ in 0..10 {
        stage.wait(1);
        stage.pass().unwrap();
    }
    assert_eq!(written.get(), 0);
}

/// It cannot know whether the one before it was cut off, and the next one has to know if it is.
#[test]
fn the_first_sweep_of_an_instance_writes_its_begin_and_its_end() {
    let mut stage = with_repositories(PLAIN, REPOSITORIES);
    stage.pass().unwrap();
    stage.wait(10);
    stage.pass().unwrap();
    stage.reconciler = fresh(&stage.sandbox);
    let written = written(&stage);
    stage.wait(1);
    stage.pass().unwrap();
    assert_eq!(written.get(), 2);
    stage.wait(1);
    stage.pass().unwrap();
    assert_eq!(written.get(), 2, "and no more after it");
}

/// The index runs behind. A book that has not changed since the pass before is waited for no longer.
#[test]
fn books_that_stand_still_are_counted_at_once() {
    let mut stage = with_repositories(FIFTH, 1);
    stage.queue(1);
    stage.miscount();
    let took = |stage: &ReconcilerStage| {
        let began = now(stage);
        stage.pass().unwrap();
        now(stage).duration_since(began)
    };
    let (wait, short) = (SignedDuration::from_secs(15), SignedDuration::from_secs(10));
    assert!(took(&stage) >= wait, "a new instance knows of no book");
    // The job is read, and its book written with it.
    stage.wait(3);
    stage.pass().unwrap();
    stage.wait(1);
    stage.pass().unwrap();
    stage.wait(1);
    let second = took(&stage);
    assert!(second < short, "{second}");
    stage.reconciler = fresh(&stage.sandbox);
    stage.wait(5);
    let third = took(&stage);
    assert!(third < short, "where all agrees there is nothing to prove: {third}");
    assert!(stage.book_is_right());
}
