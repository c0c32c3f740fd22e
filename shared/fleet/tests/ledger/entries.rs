//! What a transaction writes: what has changed, a version on, and each change in the right book.

use fleet::GithubRunnerId;
use fleet::launch::StopClass;
use fleet::ledger::{Answer, Entries, Event};
use fleet::ledger::{ClaimAnswer, JobAction, ReleaseAnswer, RunnerEvent};
use kit::ledger::{at, boot, bounds, job_event, pool, pool_map, queued, runner_id, taken_by};

/// Two pools with books: `spot` with a maximum of 5, `plain` with one of 3.
fn opened() -> Entries {
    let pools = pool_map(&[("spot", Some("plain"), 5), ("plain", None, 3)]);
    let mut entries = Entries::default();
    entries.open_books(&[pool("spot"), pool("plain"), pool("gone")].into(), &pools);
    entries
}

/// What is read after these entries were written.
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
    assert_eq!(opened().puts(), [], "an opened book is not written for itself");
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
    assert_eq!(versions(&entries), [], "redelivered");
    entries.apply(&says(1, RunnerEvent::Claim(boot("first"))), at(1));
    entries.apply(&says(1, RunnerEvent::Registered(boot("first"), GithubRunnerId(7))), at(1));
    entries
        .apply(&Event::Job(taken_by(job_event(JobAction::InProgress, 1, "spot"), &runner_id(1), 7)), at(2));
    assert_eq!(versions(&entries), [(job, 2), (runner, 2), (book, 2)], "once each, however many events");
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
fn whether_a_runner_is_needed_is_asked_of_the_pool_whose_labels_it_carries() {
    for (spot, plain, claim, release, why) in [
        (1, 0, ClaimAnswer::Proceed, ReleaseAnswer::Stay, "its pool keeps one waiting"),
        (
            0,
            1,
            ClaimAnswer::NotNeeded,
            ReleaseAnswer::Leave,
            "the capacity's own pool does, which is not its own",
        ),
    ] {
        let mut entries = opened();
        entries.reserve(runner_id(1), &pool("spot"), &pool("plain"), at(0));
        entries.apply(&bounds("spot", spot, 5), at(0));
        entries.apply(&bounds("plain", plain, 5), at(0));
        let answer = entries.apply(&says(1, RunnerEvent::Claim(boot("first"))), at(1));
        assert_eq!(answer, Answer::Claim(claim), "{why}");
        entries.apply(&says(1, RunnerEvent::Registered(boot("first"), GithubRunnerId(7))), at(1));
        let answer = entries.apply(&says(1, RunnerEvent::Release(boot("first"))), at(2));
        assert_eq!(answer, Answer::Release(release), "{why}");
    }
}

#[test]
fn news_of_a_capacity_counts_from_the_launch_that_it_is_news_of() {
    let mut entries = opened();
    entries.reserve(runner_id(1), &pool("spot"), &pool("plain"), at(0));
    entries.reserve(runner_id(2), &pool("spot"), &pool("plain"), at(10));
    entries.reserve(runner_id(3), &pool("spot"), &pool("plain"), at(30));
    entries.apply(&bounds("spot", 3, 5), at(0));
    entries.apply(&says(2, RunnerEvent::Claim(boot("first"))), at(20));
    let stopped = || RunnerEvent::TaskStopped(StopClass::NoCapacity, "Spot interruption".to_owned());
    let rests = |entries: &Entries, name| entries.book(&pool(name)).unwrap().health.resting(at(40)).is_some();

    entries.apply(&says(1, stopped()), at(40));
    assert!(!rests(&entries, "plain"), "something has come up since this one was launched");
    entries.apply(&says(3, stopped()), at(40));
    assert!(rests(&entries, "plain"), "nothing has come up since this one was");
    assert!(!rests(&entries, "spot"), "it ran on the fallback");
}
