//! A transaction takes effect once, whatever else is written and whichever answer is lost.

mod faults;
mod fences;
mod looks;
mod permits;
mod races;
mod table;

use futures_util::FutureExt as _;

use self::table::{CommitFault, FaultyTable, NotingClock};
use super::*;
use fleet::JobId;
use fleet::launch::FailureClass;
use fleet::ledger::{AskAnswer, Item, Job, JobAction, RunnerEvent};
use fleet::question::Listener;
use kit::ledger::{asked, at, bounds, job_event, launch_failed, pool, pool_map, queued, registered};

type LauncherBooks<'a> = Bookkeeper<&'a FaultyTable, NotingClock>;

/// A separate launcher. Launchers with different numbers make different runner ids.
fn launcher(number: u128, table: &FaultyTable) -> LauncherBooks<'_> {
    Bookkeeper { ledger: table, system: NotingClock::of(number) }
}

fn pools() -> PoolMap {
    pool_map(&[("plain", None, 300), ("spot", Some("plain"), 300)])
}

/// Posts and settles. Nothing in these tests ever waits.
fn settle_with(launcher: &LauncherBooks<'_>, events: &[Event]) -> Result<Posted, PostError> {
    launcher.post_and_settle(&pools(), events, Settling::Now(100)).now_or_never().expect("nothing waits")
}

fn post_as(launcher: &LauncherBooks<'_>, events: &[Event], settling: Settling) -> Posted {
    let pools = pools();
    let posted = launcher.post_and_settle(&pools, events, settling);
    posted.now_or_never().expect("nothing waits").unwrap()
}

fn post_with(launcher: &LauncherBooks<'_>, events: &[Event]) -> Result<Posted, PostError> {
    launcher.post(&pools(), events).now_or_never().expect("nothing waits")
}

fn ids(runners: &[Runner]) -> BTreeSet<RunnerId> {
    let ids: BTreeSet<RunnerId> = runners.iter().map(|runner| runner.id.clone()).collect();
    assert_eq!(ids.len(), runners.len(), "each runner is returned once");
    ids
}

#[test]
fn jobs_and_their_runners_are_written_in_one_transaction() {
    let table = FaultyTable::default();
    let posted = settle_with(&launcher(1, &table), &queued("plain", 1..=3)).unwrap();
    assert_eq!(posted.answers, [LedgerAnswer::Noted; 3]);
    assert_eq!(ids(&posted.reserved), table.runners_in(RunnerState::Starting));
    assert_eq!(posted.reserved.len(), 3);
    assert_eq!(posted.conflicts, 0);
    assert_eq!(table.commits(), [3 + 3 + 1], "three jobs, three runners, one book; not the other pools'");
    table.assert_balanced();
}

#[test]
fn a_redelivered_queued_writes_that_its_job_was_heard_of_and_no_book() {
    let table = FaultyTable::default();
    settle_with(&launcher(1, &table), &queued("plain", 1..=3)).unwrap();
    let (written, book) = (table.items(), table.book("plain"));
    let later = LauncherBooks { ledger: &table, system: NotingClock::of(2).after(60) };
    let again = settle_with(&later, &queued("plain", 1..=3)).unwrap();
    let books = again.books.clone();
    assert_eq!(
        again,
        Posted { answers: vec![LedgerAnswer::Noted; 3], books, wrote: true, ..Posted::default() }
    );
    assert_eq!(table.commits(), [7, 3], "the three jobs");
    assert_eq!(table.book("plain"), book);
    for job in written.iter().filter_map(Item::job) {
        let heard = Job { heard_at: Some(at(60)), version: job.version + 1, ..job.clone() };
        assert_eq!(table.job(job.id), Some(heard), "only the time of the last news changed");
    }
    table.assert_balanced();
}

#[test]
fn what_changes_nothing_writes_nothing() {
    let table = FaultyTable::default();
    let launcher = launcher(1, &table);
    settle_with(&launcher, &queued("plain", [1])).unwrap();
    let ended = [Event::Job(job_event(JobAction::Completed, 1, "plain"))];
    let minimum = [bounds("plain", 0, 300)];
    settle_with(&launcher, &ended).unwrap();
    for (events, why) in [
        (&ended[..], "a completed that is redelivered"),
        (&minimum, "the hour's minimum, each minute"),
        (&[Event::FoundWaiting { job: JobId(1), version: 1 }], "a read of a job that has since ended"),
    ] {
        let commits = table.commits().len();
        settle_with(&launcher, events).unwrap();
        assert_eq!(table.commits().len(), commits, "{why}");
    }
}

#[test]
fn a_post_without_settling_reserves_nothing() {
    let table = FaultyTable::default();
    let posted = post_with(&launcher(1, &table), &queued("plain", [1])).unwrap();
    assert_eq!(posted.reserved, []);
    assert_eq!(table.totals("plain").queued, 1);
}

#[test]
fn each_event_gets_its_own_answer() {
    let table = FaultyTable::default();
    let launcher = launcher(1, &table);
    let runner = settle_with(&launcher, &queued("plain", [1])).unwrap().reserved[0].id.clone();
    let says = |event: RunnerEvent| Event::Runner(runner.clone(), event);
    let events = [
        says(asked("first", Listener::None)),
        says(asked("first", Listener::None)),
        says(registered("first", 7)),
        says(asked("first", Listener::Up)),
        Event::Job(job_event(JobAction::Completed, 1, "plain")),
        says(asked("first", Listener::Up)),
        says(asked("second", Listener::None)),
    ];
    let answers = post_with(&launcher, &events).unwrap().answers;
    assert_eq!(
        answers,
        [
            LedgerAnswer::Ask(AskAnswer::Config),
            LedgerAnswer::Ask(AskAnswer::Config),
            LedgerAnswer::Ask(AskAnswer::Config),
            LedgerAnswer::Ask(AskAnswer::Wait),
            LedgerAnswer::Noted,
            LedgerAnswer::Ask(AskAnswer::Leave),
            LedgerAnswer::Ask(AskAnswer::Replayed),
        ],
        "each sees what the earlier ones did"
    );
    table.assert_balanced();
}

#[test]
fn of_many_runners_that_ask_at_once_one_gets_a_config_for_each_waiting_job() {
    let table = FaultyTable::default();
    let launcher = launcher(1, &table);
    let runners = settle_with(&launcher, &queued("plain", 1..=5)).unwrap().reserved;
    let ended = [1, 2].map(|job| Event::Job(job_event(JobAction::Completed, job, "plain")));
    post_with(&launcher, &ended).unwrap();
    let ask = |runner: &Runner| Event::Runner(runner.id.clone(), asked("first", Listener::None));
    let answers: Vec<LedgerAnswer> =
        runners.iter().flat_map(|runner| post_with(&launcher, &[ask(runner)]).unwrap().answers).collect();
    let configs = answers.iter().filter(|answer| **answer == LedgerAnswer::Ask(AskAnswer::Config)).count();
    assert_eq!((configs, table.runners_in(RunnerState::Leaving).len()), (3, 2));
    let totals = table.totals("plain");
    assert_eq!((totals.queued, totals.supply, totals.idle, totals.live), (3, 3, 3, 5));
    table.assert_balanced();
}

#[test]
fn a_posting_returns_what_its_events_revealed() {
    let table = FaultyTable::default();
    let launcher = launcher(1, &table);
    let runner = settle_with(&launcher, &queued("plain", [1])).unwrap().reserved[0].id.clone();
    let overdue = [Event::Runner(runner, RunnerEvent::Overdue)];
    let posted = settle_with(&launcher, &overdue).unwrap();
    assert_eq!(posted.tidings.overdue, [(pool("plain"), 1)].into());
    assert_eq!(posted.reserved.len(), 1, "its spare, in the same transaction");
    let again = settle_with(&launcher, &overdue).unwrap();
    assert_eq!((again.tidings, again.reserved), (Tidings::default(), vec![]), "once");
    table.assert_balanced();
}

#[test]
fn a_pool_that_left_the_map_still_keeps_its_book() {
    let table = FaultyTable::default();
    let launcher = launcher(1, &table);
    settle_with(&launcher, &queued("plain", [1, 2])).unwrap();
    let others = pool_map(&[("spot", None, 300)]);
    let ended = [Event::Job(job_event(JobAction::Completed, 1, "plain"))];
    let posted = launcher
        .post_and_settle(&others, &ended, Settling::Now(10))
        .now_or_never()
        .expect("nothing waits")
        .unwrap();
    assert_eq!(posted.reserved, []);
    assert_eq!(table.totals("plain").queued, 1);
    table.assert_balanced();
}

#[test]
fn a_job_that_is_rerouted_gets_a_runner_of_its_new_pool_in_the_same_transaction() {
    let table = FaultyTable::default();
    let launcher = launcher(1, &table);
    settle_with(&launcher, &queued("plain", [1, 2])).unwrap();
    let others = pool_map(&[("spot", None, 300)]);
    let settle = |events: &[Event]| {
        launcher.post_and_settle(&others, events, Settling::Now(10)).now_or_never().expect("nothing waits")
    };
    let moves = [1, 3].map(|job| Event::Rerouted { job: JobId(job), from: pool("plain"), to: pool("spot") });
    let posted = settle(&moves).unwrap();
    let reserved: Vec<_> =
        posted.reserved.iter().map(|it| (it.pool.as_str(), it.capacity.as_str())).collect();
    assert_eq!(reserved, [("spot", "spot")]);
    assert_eq!(table.commits().last(), Some(&4), "the job, its runner, and both books");
    assert_eq!((table.totals("plain").queued, table.totals("spot").queued), (1, 1));
    assert_eq!(settle(&moves).unwrap().reserved, [], "again: it has moved already");
    assert_eq!(table.commits().len(), 2);
    table.assert_balanced();
}
