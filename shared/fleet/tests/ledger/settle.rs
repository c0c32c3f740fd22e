//! Deficits are filled, from the right capacity, and never over a maximum.

use jiff::SignedDuration;

use fleet::launch::FailureClass;
use fleet::ledger::settle::*;
use fleet::ledger::{Book, Entries, Event, Health, Item, Permits, Rest, RestCause, RunnerState};
use fleet::pools::DEFAULT_POOLS;
use fleet::{JobId, PoolMap, RunnerId};
use kit::ledger::{at, bounds, launch_failed, pool, pool_map, queued, runner_id};

/// A book with these totals and a maximum of 5.
fn book(name: &str, queued: i64, minimum: i64, supply: i64, live: i64) -> Book {
    Book { queued, supply, live, minimum, ..Book::open(pool(name), 5) }
}

/// A book whose capacity rests for another minute.
fn resting(cause: RestCause, book: Book) -> Book {
    let rest = Rest { until: at(60), cause, reason: "in ECS's words".to_owned() };
    Book { health: Health { rest: Some(rest), ..Health::default() }, ..book }
}

/// Pool `spot`, which falls back on `plain`, which falls back on `dear`.
fn pools() -> PoolMap {
    pool_map(&[("spot", Some("plain"), 5), ("plain", Some("dear"), 5), ("dear", None, 5)])
}

/// Ids for new runners, from a number on.
fn ids_from(number: u128) -> impl FnMut() -> RunnerId {
    let mut ids = (number..).map(runner_id);
    move || ids.next().unwrap()
}

/// Settles one pool with new runners from a number on, and returns whose capacity each of them uses.
fn settled(entries: &mut Entries, name: &str, from: u128) -> Vec<String> {
    let settled = settle(
        entries,
        &[pool(name)].into(),
        &pools(),
        at(0),
        &mut Permits::for_any(&pools()),
        ids_from(from),
    );
    assert!(settled.wanting.is_empty(), "there is room in the transaction, and there are permits");
    let capacity = |id| entries.runner(id).expect("it was reserved").capacity.to_string();
    settled.reserved.iter().map(capacity).collect()
}

fn entries(books: impl IntoIterator<Item = Book>) -> Entries {
    let mut entries = Entries::default();
    entries.extend(books.into_iter().map(Item::Book));
    entries
}

#[test]
fn a_deficit_is_filled_up_to_the_maximum() {
    for (queued, minimum, supply, live, reserved, why) in [
        (0, 0, 0, 0, 0, "nothing waits"),
        (3, 0, 0, 0, 3, "a runner for each job"),
        (3, 0, 2, 2, 1, "two are on their way"),
        (0, 2, 0, 0, 2, "a minimum"),
        (2, 1, 0, 0, 3, "jobs, and a minimum beside them"),
        (2, 1, 1, 4, 1, "the maximum leaves room for one"),
        (9, 0, 0, 0, 5, "the maximum is five"),
        (9, 0, 0, 5, 0, "the maximum is reached by runners that are busy or leave"),
        (9, 0, 0, 7, 0, "the maximum was lowered below the number of live runners"),
        (1, 0, 1, 1, 0, "a balance"),
        (1, 0, 3, 3, 0, "a surplus"),
    ] {
        let mut entries = entries([book("dear", queued, minimum, supply, live)]);
        assert_eq!(settled(&mut entries, "dear", 1).len(), usize::try_from(reserved).unwrap(), "{why}");
        let expected = book("dear", queued, minimum, supply + reserved, live + reserved);
        assert_eq!(entries.book(&pool("dear")), Some(&expected), "{why}");
    }
}

#[test]
fn a_missing_capacity_is_replaced_by_the_fallbacks_for_jobs_only() {
    use RestCause::{BootFailures, LaunchRefused, NoCapacity};
    let spot = |queued, minimum, supply| book("spot", queued, minimum, supply, supply);
    let plain = || book("plain", 0, 0, 0, 0);
    let full = || book("plain", 0, 0, 0, 5);
    let dear = || book("dear", 0, 0, 0, 3);
    for (demand, fallback, last, runs_on, why) in [
        (spot(2, 0, 0), plain(), dear(), &["spot", "spot"][..], "it has capacity of its own"),
        (resting(NoCapacity, spot(2, 0, 0)), plain(), dear(), &["plain", "plain"], "it has none"),
        (resting(NoCapacity, spot(0, 2, 0)), plain(), dear(), &[], "a minimum waits until there is capacity"),
        (resting(NoCapacity, spot(2, 3, 1)), plain(), dear(), &["plain"], "two jobs, one runner on its way"),
        (resting(NoCapacity, spot(2, 3, 2)), plain(), dear(), &[], "the jobs have runners on their way"),
        (
            resting(NoCapacity, book("spot", 2, 0, 0, 5)),
            plain(),
            dear(),
            &["plain", "plain"],
            "not its own maximum",
        ),
        (resting(NoCapacity, spot(2, 0, 0)), full(), dear(), &[], "the fallback's maximum is reached"),
        (resting(NoCapacity, spot(2, 0, 0)), book("plain", 0, 0, 0, 4), dear(), &["plain"], "room for one"),
        (
            resting(NoCapacity, spot(9, 0, 0)),
            resting(NoCapacity, plain()),
            dear(),
            &["dear", "dear"],
            "the next one's",
        ),
        (
            resting(NoCapacity, spot(2, 0, 0)),
            resting(NoCapacity, plain()),
            resting(NoCapacity, dear()),
            &[],
            "there is no capacity anywhere",
        ),
        (
            resting(NoCapacity, spot(2, 0, 0)),
            resting(LaunchRefused, plain()),
            dear(),
            &[],
            "the fallback is broken",
        ),
        (
            resting(NoCapacity, spot(2, 0, 0)),
            resting(BootFailures, plain()),
            dear(),
            &[],
            "the fallback is broken",
        ),
        (resting(LaunchRefused, spot(2, 0, 0)), plain(), dear(), &[], "broken: a fallback would hide it"),
        (resting(BootFailures, spot(2, 0, 0)), plain(), dear(), &[], "broken: a fallback would hide it"),
    ] {
        let mut entries = entries([demand, fallback, last]);
        assert_eq!(settled(&mut entries, "spot", 1), runs_on, "{why}");
    }
}

#[test]
fn a_runner_on_a_fallback_has_the_first_pools_labels_and_lives_on_the_fallback() {
    let mut entries = entries([
        resting(RestCause::NoCapacity, book("spot", 1, 0, 0, 0)),
        book("plain", 0, 0, 0, 0),
        book("dear", 0, 0, 0, 0),
    ]);
    let settled = settle(
        &mut entries,
        &[pool("spot")].into(),
        &pools(),
        at(0),
        &mut Permits::for_any(&pools()),
        || runner_id(1),
    );
    assert_eq!(settled, Settled { reserved: vec![runner_id(1)], ..Settled::default() });
    let runner = entries.runner(&runner_id(1)).unwrap();
    assert_eq!((&runner.pool, &runner.capacity), (&pool("spot"), &pool("plain")));
    assert_eq!((runner.state, runner.reserved_at, runner.version), (RunnerState::Starting, at(0), 0));
    let totals = |name: &str| entries.book(&pool(name)).map(|book| (book.supply, book.live));
    assert_eq!(totals("spot"), Some((1, 0)), "it is on its way for this pool's job");
    assert_eq!(totals("plain"), Some((0, 1)), "it takes this capacity's room");
}

#[test]
fn a_rest_ends_to_the_second_and_for_everybody() {
    for (seconds, runs_on) in [(59, "plain"), (60, "spot")] {
        let mut entries =
            entries([resting(RestCause::NoCapacity, book("spot", 3, 0, 0, 0)), book("plain", 0, 0, 0, 0)]);
        let settled = settle(
            &mut entries,
            &[pool("spot")].into(),
            &pools(),
            at(seconds),
            &mut Permits::for_any(&pools()),
            ids_from(1),
        );
        let capacities: Vec<_> =
            settled.reserved.iter().map(|id| &entries.runner(id).unwrap().capacity).collect();
        assert_eq!(capacities, [&pool(runs_on); 3], "after {seconds} s");
    }
}

/// One job, and one capacity after the other fails.
#[test]
fn a_job_goes_down_the_chain_and_comes_back() {
    let mut entries = entries(["spot", "plain", "dear"].map(|name| book(name, 0, 0, 0, 0)));
    for event in queued("spot", [1]) {
        entries.apply(&event, at(0));
    }
    assert_eq!(settled(&mut entries, "spot", 0), ["spot"]);
    let story = [
        (FailureClass::Later, &["spot"][..], "not a matter of capacity"),
        (FailureClass::Elsewhere, &["plain"], "none of its own"),
        (FailureClass::Elsewhere, &["dear"], "the fallback rests too, and not the pool again"),
        (FailureClass::Never, &[], "the last one is broken"),
    ];
    for ((class, runs_on, why), failed) in story.into_iter().zip(0..) {
        entries.apply(&launch_failed(&runner_id(failed), class), at(0));
        assert_eq!(settled(&mut entries, "spot", failed + 1), runs_on, "{why}");
    }
    let later = at(0) + SignedDuration::from_mins(3);
    let settled = settle(
        &mut entries,
        &[pool("spot")].into(),
        &pools(),
        later,
        &mut Permits::for_any(&pools()),
        ids_from(9),
    );
    assert_eq!(settled.reserved, [runner_id(9)], "the pool's own rest is over");
    assert_eq!(entries.runner(&runner_id(9)).unwrap().capacity, pool("spot"));
}

#[test]
fn a_broken_capacity_gets_one_trial_when_its_rest_is_over() {
    let broken = Health { failures: 3, ..resting(RestCause::BootFailures, book("dear", 5, 0, 0, 0)).health };
    let mut entries = entries([Book { health: broken, ..book("dear", 5, 0, 0, 0) }]);
    let mut fresh = ids_from(1);
    let mut settle_at = |seconds| {
        settle(
            &mut entries,
            &[pool("dear")].into(),
            &pools(),
            at(seconds),
            &mut Permits::for_any(&pools()),
            &mut fresh,
        )
        .reserved
        .len()
    };
    assert_eq!(settle_at(59), 0, "it rests");
    assert_eq!(settle_at(60), 1, "one of the five");
    assert_eq!(settle_at(61), 0, "until the trial is decided");
}

#[test]
fn a_pool_that_the_map_does_not_know_gets_nothing_and_stops_nobody_else() {
    let mut entries = entries([book("gone", 3, 2, 0, 0), book("spot", 1, 0, 0, 0)]);
    let names = [pool("gone"), pool("no-book"), pool("spot")].into();
    let settled =
        settle(&mut entries, &names, &pools(), at(0), &mut Permits::for_any(&pools()), || runner_id(1));
    assert_eq!(settled, Settled { reserved: vec![runner_id(1)], ..Settled::default() });
    assert_eq!(entries.runner(&runner_id(1)).unwrap().pool, pool("spot"));
    assert_eq!(entries.book(&pool("gone")), Some(&book("gone", 3, 2, 0, 0)));
}

#[test]
fn a_full_transaction_leaves_the_rest_to_the_next_one() {
    let roomy = |name, queued| Book { maximum: 1000, ..book(name, queued, 0, 0, 0) };
    let no_capacity = |book| resting(RestCause::NoCapacity, book);
    for (books, reserved, writes, more, why) in [
        (vec![roomy("dear", 97)], 97, 98, false, "each runner, and one book"),
        (vec![roomy("dear", 98)], 97, 98, true, "room for two books is kept"),
        (
            vec![no_capacity(roomy("spot", 96)), roomy("plain", 0)],
            96,
            98,
            false,
            "each runner, and two books",
        ),
        (vec![no_capacity(roomy("spot", 97)), roomy("plain", 0)], 96, 98, true, "one too many"),
        (vec![roomy("dear", 90), roomy("plain", 90)], 96, 98, true, "the second pool's have to wait"),
    ] {
        let names = books.iter().map(|book| book.pool.clone()).collect();
        let mut entries = entries(books);
        let settled =
            settle(&mut entries, &names, &pools(), at(0), &mut Permits::for_any(&pools()), ids_from(1));
        let found = (settled.reserved.len(), entries.puts().len(), !settled.wanting.is_empty());
        assert_eq!(found, (reserved, writes, more), "{why}");
    }
}

#[test]
fn a_job_without_a_permit_stays_queued_and_its_pool_says_whose_permit_it_lacks() {
    let (mut spot, plain) =
        (resting(RestCause::NoCapacity, book("spot", 3, 0, 0, 0)), book("plain", 4, 0, 0, 0));
    spot.maximum = 9;
    let mut entries = entries([spot, Book { maximum: 9, ..plain }, book("dear", 0, 0, 0, 0)]);
    let names = [pool("spot"), pool("plain")].into();
    let all = wanted(&entries, &names, &pools(), at(0));
    assert_eq!(all.permits().iter().collect::<Vec<_>>(), [(&pool("plain"), 7)], "both on one capacity");
    let mut permits = all.first(5).permits();
    let settled = settle(&mut entries, &names, &pools(), at(0), &mut permits, ids_from(1));
    assert_eq!((settled.reserved.len(), permits.total()), (5, 0));
    assert_eq!(settled.wanting, [(pool("spot"), pool("plain"))].into(), "{:?}", entries.book(&pool("spot")));
    let book = entries.book(&pool("spot")).unwrap();
    assert_eq!((book.queued, book.supply), (3, 1));
    assert_eq!(
        wanted(&entries, &names, &pools(), at(0)).permits().total(),
        2,
        "nothing was changed by the first look"
    );
}

/// A pool whose launches keep failing tries its own capacity once, and uses its fallback's for the other jobs.
#[test]
fn one_permit_is_for_the_capacity_that_is_tried_first_whatever_its_name() {
    let health = Health {
        failures: 3,
        rest: Some(Rest { until: at(0), cause: RestCause::NoCapacity, reason: "none".to_owned() }),
        ..Health::default()
    };
    let mut books = entries([
        Book { health, ..book("spot", 3, 0, 0, 0) },
        book("plain", 0, 0, 0, 0),
        book("dear", 0, 0, 0, 0),
    ]);
    let names = [pool("spot")].into();
    let order = wanted(&books, &names, &pools(), at(0));
    assert_eq!(order, ["spot", "plain", "plain"].map(pool).into_iter().collect());
    for permits in 1..=3 {
        let mut granted = order.granted(&Permits::for_any(&pools()), permits);
        let settled = settle(&mut books.clone(), &names, &pools(), at(0), &mut granted, ids_from(1));
        assert_eq!(settled.reserved.len(), usize::try_from(permits).unwrap());
    }
    let without = Permits::default();
    assert!(
        settle(&mut books, &names, &pools(), at(0), &mut without.clone(), ids_from(1)).reserved.is_empty()
    );
}

#[test]
fn no_more_runners_wait_for_instances_than_a_cluster_lets_wait() {
    for (supply, idle, reserved, why) in [
        (0, 0, 3, "none is on its way"),
        (447, 0, 3, "the last three"),
        (449, 0, 1, "one more"),
        (450, 0, 0, "no more"),
        (449 + 20, 20, 1, "those that have come up do not wait for capacity"),
    ] {
        let pools = PoolMap::from_toml(DEFAULT_POOLS).unwrap();
        for (name, reserved) in [("ec2-x64", reserved), ("fargate-x64", 3)] {
            let full = Book { maximum: 1000, idle, ..book(name, supply + 3, 0, supply, supply) };
            let mut permits = Permits::for_any(&pools);
            let settled =
                settle(&mut entries([full]), &[pool(name)].into(), &pools, at(0), &mut permits, ids_from(1));
            assert_eq!(settled.reserved.len(), reserved, "{name}: {why}");
        }
    }
}

/// Each minute's bounds are posted; most change nothing, and then nothing is written.
#[test]
fn an_event_that_changes_no_book_still_says_which_pools_want_runners() {
    let deployed = |name: &str| pool_map(&[(name, None, 5)]);
    let asked = |stored: &Book, minimum| {
        let books = [(pool("plain"), stored.clone())].into();
        without_change(&books, &bounds("plain", minimum, 5), &deployed("plain"), at(0))
    };
    let enough = book("plain", 0, 1, 1, 1);
    assert_eq!(asked(&enough, 1), Some((enough.clone(), [].into())), "it has what it needs");
    let short = book("plain", 2, 1, 1, 1);
    assert_eq!(asked(&short, 1), Some((short.clone(), [pool("plain")].into())), "it wants runners");
    assert_eq!(asked(&enough, 2), None, "another minimum has to be written");
    let nameless = Event::FoundWaiting { job: JobId(1), version: 1 };
    let books = [(pool("plain"), enough)].into();
    assert_eq!(without_change(&books, &nameless, &deployed("plain"), at(0)), None, "it names no pool");
}
