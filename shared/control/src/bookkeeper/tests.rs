//! A transaction gets through once: whoever else writes, and whatever answer is lost.

mod faults;
mod fences;
mod races;
mod table;

use futures_util::FutureExt as _;

use self::table::{Fault, Still, Table};
use super::*;
use fleet::launch::FailureClass;
use fleet::ledger::{ClaimAnswer, JobAction, ReleaseAnswer, RunnerEvent};
use fleet::{GithubRunnerId, JobId};
use kit::ledger::{boot, bounds, job_event, launch_failed, pool, pool_map, queued};

type Launcher<'a> = Bookkeeper<&'a Table, Still>;

/// A launcher of its own; launchers with different numbers make different runner ids.
fn launcher(number: u128, table: &Table) -> Launcher<'_> {
    Bookkeeper { ledger: table, system: Still::of(number) }
}

fn pools() -> PoolMap {
    pool_map(&[("plain", None, 300), ("spot", Some("plain"), 300)])
}

/// Posts and settles; nothing in these tests ever waits.
fn settle_with(launcher: &Launcher<'_>, events: &[Event]) -> Result<Posted, PostError> {
    launcher.post_and_settle(&pools(), events).now_or_never().expect("nothing waits")
}

fn post_with(launcher: &Launcher<'_>, events: &[Event]) -> Result<Posted, PostError> {
    launcher.post(&pools(), events).now_or_never().expect("nothing waits")
}

fn ids(runners: &[Runner]) -> BTreeSet<RunnerId> {
    let ids: BTreeSet<RunnerId> = runners.iter().map(|runner| runner.id.clone()).collect();
    assert_eq!(ids.len(), runners.len(), "each runner is given back once");
    ids
}

#[test]
fn jobs_and_their_runners_are_written_in_one_transaction() {
    let table = Table::default();
    let posted = settle_with(&launcher(1, &table), &queued("plain", 1..=3)).unwrap();
    assert_eq!(posted.answers, [Answer::Noted; 3]);
    assert_eq!(ids(&posted.reserved), table.runners_in(RunnerState::Starting));
    assert_eq!(posted.reserved.len(), 3);
    assert_eq!(posted.conflicts, 0);
    assert_eq!(table.commits(), [3 + 3 + 1], "three jobs, three runners, one book; not the other pools'");
    table.assert_balanced();
}

#[test]
fn redelivered_events_write_nothing() {
    let table = Table::default();
    let launcher = launcher(1, &table);
    settle_with(&launcher, &queued("plain", 1..=3)).unwrap();
    let again = settle_with(&launcher, &queued("plain", 1..=3)).unwrap();
    let books = again.books.clone();
    assert_eq!(again, Posted { answers: vec![Answer::Noted; 3], books, ..Posted::default() });
    assert_eq!(table.commits().len(), 1, "the first time alone");
}

#[test]
fn a_post_without_settling_reserves_nothing() {
    let table = Table::default();
    let posted = post_with(&launcher(1, &table), &queued("plain", [1])).unwrap();
    assert_eq!(posted.reserved, []);
    assert_eq!(table.totals("plain").queued, 1);
}

#[test]
fn each_event_gets_its_own_answer() {
    let table = Table::default();
    let launcher = launcher(1, &table);
    let runner = settle_with(&launcher, &queued("plain", [1])).unwrap().reserved[0].id.clone();
    let says = |event: RunnerEvent| Event::Runner(runner.clone(), event);
    let events = [
        says(RunnerEvent::Claim(boot("first"))),
        says(RunnerEvent::Claim(boot("second"))),
        says(RunnerEvent::Registered(boot("first"), GithubRunnerId(7))),
        Event::Job(job_event(JobAction::Completed, 1, "plain")),
        says(RunnerEvent::Release(boot("first"))),
    ];
    let answers = post_with(&launcher, &events).unwrap().answers;
    assert_eq!(
        answers,
        [
            Answer::Claim(ClaimAnswer::Proceed),
            Answer::Claim(ClaimAnswer::Refused),
            Answer::Claim(ClaimAnswer::Proceed),
            Answer::Noted,
            Answer::Release(ReleaseAnswer::Leave),
        ],
        "each sees what the ones before it did"
    );
    table.assert_balanced();
}

#[test]
fn a_pool_that_left_the_map_still_keeps_its_book() {
    let table = Table::default();
    let launcher = launcher(1, &table);
    settle_with(&launcher, &queued("plain", [1, 2])).unwrap();
    let others = pool_map(&[("spot", None, 300)]);
    let ended = [Event::Job(job_event(JobAction::Completed, 1, "plain"))];
    let posted = launcher.post_and_settle(&others, &ended).now_or_never().expect("nothing waits").unwrap();
    assert_eq!(posted.reserved, []);
    assert_eq!(table.totals("plain").queued, 1);
    table.assert_balanced();
}

#[test]
fn a_job_that_is_routed_again_gets_its_runner_there_in_the_same_transaction() {
    let table = Table::default();
    let launcher = launcher(1, &table);
    settle_with(&launcher, &queued("plain", [1, 2])).unwrap();
    let others = pool_map(&[("spot", None, 300)]);
    let settle =
        |events: &[Event]| launcher.post_and_settle(&others, events).now_or_never().expect("nothing waits");
    let moves = [1, 3].map(|job| Event::Rerouted { job: JobId(job), from: pool("plain"), to: pool("spot") });
    let posted = settle(&moves).unwrap();
    let reserved: Vec<_> =
        posted.reserved.iter().map(|it| (it.pool.as_str(), it.capacity.as_str())).collect();
    assert_eq!(reserved, [("spot", "spot")]);
    assert_eq!(table.commits().last(), Some(&4), "the job, its runner, and both books");
    assert_eq!((table.totals("plain").queued, table.totals("spot").queued), (1, 1));
    assert_eq!(settle(&moves).unwrap().reserved, [], "again: it is there");
    assert_eq!(table.commits().len(), 2);
    table.assert_balanced();
}
