//! What a transaction writes: each changed item with the next version, and each change in the right book.

use fleet::ledger::{
    AskAnswer, EVENTS_A_TRANSACTION, Entries, Event, JobAction, LedgerAnswer, RunnerEvent, TRANSACTION_LIMIT,
    Totals,
};
use fleet::question::Listener;
use fleet::{JobId, PoolName};
use kit::ledger::{asked, at, bounds, job_event, pool, pool_map, queued, registered, runner_id, taken_by};

/// Two pools with books: `spot` with a maximum of 5, `plain` with one of 3.
fn opened() -> Entries {
    let pools = pool_map(&[("spot", Some("plain"), 5), ("plain", None, 3)]);
    let mut entries = Entries::default();
    entries.open_books(&[pool("spot"), pool("plain"), pool("gone")].into(), &pools);
    entries
}

/// The entries as they are read after these were written.
fn written(entries: &Entries) -> Entries {
    let mut next = opened();
    next.extend(entries.puts().into_iter().map(|put| put.0));
    next
}

fn says(number: u128, event: RunnerEvent) -> Event {
    Event::Runner(runner_id(number), event)
}

#[test]
fn a_new_book_has_the_maps_maximum_and_an_unknown_pools_has_none() {
    for (name, maximum) in [("spot", 5), ("plain", 3), ("gone", 0)] {
        assert_eq!(opened().book(&pool(name)).map(|book| (book.maximum, book.version)), Some((maximum, 0)));
    }
    assert_eq!(opened().puts(), [], "a book that was only opened is not written");
}

#[test]
fn what_changed_is_written_a_version_on_and_nothing_else() {
    let mut entries = opened();
    entries.apply(&queued("spot", [1])[0], at(0));
    entries.reserve(runner_id(1), &pool("spot"), &pool("spot"), at(0));
    let versions = |entries: &Entries| {
        let puts = entries.puts().into_iter();
        puts.map(|put| (put.0.key().to_string(), put.0.version())).collect::<Vec<_>>()
    };
    let runner = format!("runner#{}", runner_id(1));
    let [job, book] = ["job#1", "pool#spot"].map(str::to_owned);
    assert_eq!(versions(&entries), [(job.clone(), 1), (runner.clone(), 1), (book.clone(), 1)]);
    assert_eq!(entries.changes(), 3);

    let mut entries = written(&entries);
    entries.apply(&queued("spot", [1])[0], at(1));
    assert_eq!(versions(&entries), [(job.clone(), 2)], "redelivered: the time of the event, and no book");
    entries.apply(&says(1, asked("first", Listener::None)), at(1));
    entries.apply(&says(1, registered("first", 7)), at(1));
    entries
        .apply(&Event::Job(taken_by(job_event(JobAction::InProgress, 1, "spot"), &runner_id(1), 7)), at(2));
    assert_eq!(versions(&entries), [(job, 2), (runner, 2), (book, 2)], "once each, however many events");
}

/// For each of the three kinds of items, a second transaction writes the next version.
#[test]
fn the_first_change_after_a_written_transaction_is_one_version_on() {
    let mut entries = opened();
    entries.apply(&queued("spot", [1])[0], at(0));
    entries.reserve(runner_id(1), &pool("spot"), &pool("spot"), at(0));
    entries.written();
    assert_eq!(entries.puts(), [], "all of it is stored");
    entries.apply(&says(1, asked("first", Listener::None)), at(1));
    entries.apply(&says(1, registered("first", 7)), at(1));
    entries
        .apply(&Event::Job(taken_by(job_event(JobAction::InProgress, 1, "spot"), &runner_id(1), 7)), at(2));
    let versions: Vec<u64> = entries.puts().iter().map(|put| put.0.version()).collect();
    assert_eq!(versions, [2, 2, 2]);
}

#[test]
fn the_pools_named_are_those_of_jobs_and_runners_and_of_the_capacity_that_runs_them() {
    let mut entries = opened();
    assert_eq!(entries.pools_named(), [].into(), "a book names nobody");
    entries.apply(&queued("gone", [1])[0], at(0));
    assert_eq!(entries.pools_named(), [pool("gone")].into());
    entries.reserve(runner_id(1), &pool("spot"), &pool("plain"), at(0));
    assert_eq!(entries.pools_named(), [pool("gone"), pool("plain"), pool("spot")].into());
}

#[test]
fn an_event_names_the_pool_that_it_writes_into() {
    let rerouted = Event::Rerouted { job: JobId(1), from: pool("spot"), to: pool("plain") };
    let totals = Totals { queued: 0, supply: 0, idle: 0, live: 0 };
    for (event, named) in [
        (queued("spot", [1]).remove(0), Some("spot")),
        (rerouted, Some("plain")),
        (bounds("plain", 0, 5), Some("plain")),
        (Event::Recounted { pool: pool("spot"), version: 1, totals }, Some("spot")),
        (says(1, RunnerEvent::Overdue), None),
        (Event::FoundWaiting { job: JobId(1), version: 1 }, None),
    ] {
        assert_eq!(event.pool(), named.map(pool).as_ref(), "{event:?}");
    }
}

#[test]
fn what_was_heard_in_the_same_transaction_counts_against_a_read_of_github_as_well() {
    let mut entries = opened();
    entries.apply(&queued("spot", [1])[0], at(0));
    let mut entries = written(&entries);
    entries.apply(&queued("spot", [1])[0], at(1));
    entries.apply(&Event::FoundWaiting { job: JobId(1), version: 1 }, at(1));
    assert_eq!(entries.book(&pool("spot")).unwrap().queued, 1, "it was approved after that version was read");
}

#[test]
fn a_book_is_written_anew_only_as_it_was_when_its_items_were_counted() {
    let totals = Totals { queued: 3, supply: 2, idle: 1, live: 4 };
    let recounted = |version| Event::Recounted { pool: pool("spot"), version, totals };
    for (version, is_written, why) in [
        (1, true, "nobody has written it since"),
        (0, false, "somebody has"),
        (2, false, "there is no such version yet"),
    ] {
        let mut entries = opened();
        entries.apply(&bounds("spot", 2, 5), at(0));
        let mut entries = written(&entries);
        entries.apply(&recounted(version), at(1));
        let book = entries.book(&pool("spot")).unwrap();
        assert_eq!(Totals::from(book) == totals, is_written, "{why}");
        assert_eq!((book.minimum, book.maximum), (2, 5), "the rest stays");
    }
    let mut entries = opened();
    entries.apply(&bounds("spot", 2, 5), at(0));
    let mut entries = written(&entries);
    entries.apply(&queued("spot", [1])[0], at(1));
    entries.apply(&recounted(1), at(1));
    assert_eq!(entries.book(&pool("spot")).unwrap().queued, 1, "it changes in the same transaction");
}

#[test]
fn bounds_that_are_the_same_as_before_are_not_written() {
    let mut entries = opened();
    entries.apply(&bounds("spot", 2, 5), at(0));
    assert_eq!(entries.changes(), 1);
    let mut entries = written(&entries);
    entries.apply(&bounds("spot", 2, 5), at(60));
    assert_eq!(entries.puts(), [], "the scheduler says it every minute");
    entries.apply(&bounds("spot", 2, 4), at(120));
    assert_eq!(entries.changes(), 1);
}

#[test]
fn whether_a_runner_is_needed_depends_on_the_pool_whose_labels_it_carries() {
    for (spot, plain, first, then, why) in [
        (1, 0, AskAnswer::Config, AskAnswer::Wait, "its pool keeps one waiting"),
        (
            0,
            1,
            AskAnswer::Leave,
            AskAnswer::Leave,
            "the capacity's pool keeps one, which is not the runner's pool",
        ),
    ] {
        let mut entries = opened();
        entries.reserve(runner_id(1), &pool("spot"), &pool("plain"), at(0));
        entries.apply(&bounds("spot", spot, 5), at(0));
        entries.apply(&bounds("plain", plain, 5), at(0));
        let answer = entries.apply(&says(1, asked("first", Listener::None)), at(1));
        assert_eq!(answer, LedgerAnswer::Ask(first), "{why}");
        entries.apply(&says(1, registered("first", 7)), at(1));
        let answer = entries.apply(&says(1, asked("first", Listener::Up)), at(2));
        assert_eq!(answer, LedgerAnswer::Ask(then), "{why}");
    }
}

/// Each becomes a log line, so it may come only once.
#[test]
fn that_a_job_has_begun_is_news_once_and_only_on_a_runner_of_ours() {
    let begins = |runner: u128, github_id| {
        Event::Job(taken_by(job_event(JobAction::InProgress, 1, "spot"), &runner_id(runner), github_id))
    };
    let begun = |entries: &Entries| entries.tidings().begun.keys().copied().collect::<Vec<_>>();
    let mut entries = opened();
    entries.apply(&queued("spot", [1])[0], at(0));
    assert_eq!(begun(&entries), [], "it waits");
    entries.reserve(runner_id(1), &pool("spot"), &pool("spot"), at(0));
    entries.apply(&says(1, asked("first", Listener::None)), at(1));
    entries.apply(&says(1, registered("first", 7)), at(1));
    let mut entries = written(&entries);
    let mut elsewhere = entries.clone();
    entries.apply(&begins(1, 7), at(9));
    assert_eq!(begun(&entries), [JobId(1)]);
    assert_eq!(entries.tidings().begun[&JobId(1)].milliseconds(), 9_000);

    let mut again = written(&entries);
    again.apply(&begins(1, 7), at(10));
    assert_eq!(begun(&again), [], "told twice");
    let mut over = written(&entries);
    over.apply(&Event::Job(taken_by(job_event(JobAction::Completed, 1, "spot"), &runner_id(1), 7)), at(60));
    assert_eq!(begun(&over), [], "its end is not its begin");
    elsewhere.apply(&begins(2, 8), at(9));
    assert_eq!(begun(&elsewhere), [], "nobody here knows whose runner it is");
}

/// The event that writes the most items: a job that begins on a runner of another pool, on the capacity of a third.
#[test]
fn as_many_events_as_a_batch_has_fit_into_one_transaction() {
    let numbers = || 1..=u64::try_from(EVENTS_A_TRANSACTION).unwrap();
    let of = |part: &str, number: u64| pool(&format!("{part}{number}"));
    let mut entries = Entries::default();
    let parts = |number| ["job", "runner", "capacity"].map(|part| of(part, number));
    let names: Vec<PoolName> = numbers().flat_map(parts).collect();
    let pools = names.iter().map(|name| (name.as_str(), None, 5)).collect::<Vec<_>>();
    entries.open_books(&names.iter().cloned().collect(), &pool_map(&pools));
    for number in numbers() {
        let id = runner_id(number.into());
        entries.apply(&queued(of("job", number).as_str(), [number])[0], at(0));
        entries.apply(&queued(of("runner", number).as_str(), [100 + number])[0], at(0));
        entries.reserve(id.clone(), &of("runner", number), &of("capacity", number), at(0));
        entries.apply(&says(number.into(), asked("first", Listener::None)), at(1));
        entries.apply(&says(number.into(), registered("first", number)), at(1));
    }
    entries.written();
    for number in numbers() {
        let begins = job_event(JobAction::InProgress, number, of("job", number).as_str());
        entries.apply(&Event::Job(taken_by(begins, &runner_id(number.into()), number)), at(2));
    }
    assert_eq!(entries.changes(), TRANSACTION_LIMIT);
}
