//! What is stored, attribute by attribute.

use fleet::delivery::DeliveryCursor;
use fleet::ledger::{Book, Budget, Job, JobState, JobTimes, Runner, RunnerState};
use fleet::repair::suspicion::Suspicions;
use fleet::sweep::SweepCursor;
use fleet::{JobId, PoolName, Repository, RunnerId};
use jiff::Timestamp;

use super::*;

const CHANGED: &str = "2026-10-05T09:00:00.25Z";

fn job(state: JobState) -> Item {
    Item::Job(Job {
        pool: Some(PoolName::new("ec2-x64").unwrap()),
        seen_at: "2026-10-05T08:00:00Z".parse().unwrap(),
        version: 3,
        ..Job::new(
            JobId(7),
            state,
            Repository::new("octo-org/storefront"),
            ["linux", "x64"].into_iter().collect(),
            CHANGED.parse().unwrap(),
        )
    })
}

fn runner(state: RunnerState) -> Item {
    let [pool, capacity] = ["ec2-x64-spot", "ec2-x64"].map(|name| PoolName::new(name).unwrap());
    let reserved: Timestamp = "2026-10-05T08:00:00Z".parse().unwrap();
    let reserved = Runner::reserved(RunnerId::from_random(0), pool, capacity, reserved);
    Item::Runner(Runner { state, changed_at: CHANGED.parse().unwrap(), version: 1, ..reserved })
}

fn listening() -> Item {
    match runner(RunnerState::Idle) {
        Item::Runner(runner) => Item::Runner(Runner { listened: true, ..runner }),
        other => other,
    }
}

fn book() -> Item {
    Item::Book(Book::open(PoolName::new("ec2-x64").unwrap(), 5))
}

fn text(attributes: &Attributes, name: &str) -> Option<String> {
    attributes.get(name).map(|value| value.as_s().unwrap().clone())
}

#[test]
fn books_jobs_that_have_not_ended_and_runners_that_live_are_in_the_index_and_nothing_else() {
    for (item, listing) in [
        (job(JobState::Queued), Some("job#queued#ec2-x64")),
        (job(JobState::Unserved), Some("job#waiting")),
        (job(JobState::Waiting), Some("job#waiting")),
        (job(JobState::InProgress), Some("job#queued#ec2-x64")),
        (job(JobState::Completed), None),
        (runner(RunnerState::Starting), Some("runner#starting#ec2-x64-spot")),
        (runner(RunnerState::Idle), Some("runner#starting#ec2-x64-spot")),
        (listening(), Some("runner#busy#ec2-x64-spot")),
        (runner(RunnerState::Overdue), Some("runner#starting#ec2-x64-spot")),
        (runner(RunnerState::Busy), Some("runner#busy#ec2-x64-spot")),
        (runner(RunnerState::Leaving), Some("runner#starting#ec2-x64-spot")),
        (runner(RunnerState::Stopped), None),
        (book(), Some("book")),
        (Item::Budget(Budget::default()), None),
        (Item::Deliveries(DeliveryCursor::default()), None),
        (Item::Suspicions(Suspicions::default()), None),
        (Item::Sweep(SweepCursor::default()), None),
    ] {
        let attributes = of_item(&item).unwrap();
        assert_eq!(text(&attributes, LISTING).as_deref(), listing, "{item:?}");
        if listing.is_some() {
            let sorts = match item {
                Item::Book(_) => "1970-01-01T00:00:00.000000000Z",
                Item::Job(Job { state: JobState::Queued | JobState::InProgress, .. }) | Item::Runner(_) => {
                    "2026-10-05T08:00:00.000000000Z"
                }
                _ => "2026-10-05T09:00:00.250000000Z",
            };
            assert_eq!(text(&attributes, CHANGED_AT).as_deref(), Some(sorts), "{item:?}");
        }
    }
}

/// A job that no pool serves and that has begun belongs to another system: it is read by its key alone, and goes by
/// itself if no event of its end comes.
#[test]
fn a_begin_elsewhere_is_in_no_index_and_is_deleted_when_no_run_can_last_any_longer() {
    let Item::Job(begun) = job(JobState::InProgress) else { unreachable!() };
    let attributes = of_item(&Item::Job(Job { pool: None, ..begun.clone() })).unwrap();
    let in_38_days: Timestamp = "2026-11-12T09:00:00Z".parse().unwrap();
    assert_eq!(attributes.get(TTL), Some(&AttributeValue::N(in_38_days.as_second().to_string())));
    assert!(!attributes.contains_key(LISTING) && !attributes.contains_key("pool"));
    assert_eq!(to_item(attributes), Ok(Item::Job(Job { pool: None, ..begun })));
}

/// The version before had the time of an item's last change where its place in the index is now.
#[test]
fn an_item_of_before_has_the_time_of_its_last_change() {
    for item in [runner(RunnerState::Busy), job(JobState::InProgress)] {
        let mut attributes = of_item(&item).unwrap();
        let own = attributes.remove(OWN_CHANGED_AT).expect("the time is stored beside its place");
        assert_eq!(to_item(of_item(&item).unwrap()), Ok(item.clone()), "written by this version");
        attributes.insert(CHANGED_AT.to_owned(), own);
        assert_eq!(to_item(attributes), Ok(item), "written by the one before");
    }
}

#[test]
fn an_item_of_before_reads_as_one_of_a_private_repository() {
    let Item::Job(queued) = job(JobState::Queued) else { unreachable!() };
    let mut attributes = of_item(&Item::Job(Job { is_public: true, ..queued.clone() })).unwrap();
    assert_eq!(attributes.remove("is_public"), Some(AttributeValue::Bool(true)));
    assert_eq!(to_item(attributes), Ok(Item::Job(queued)));
}

#[test]
fn only_what_has_ended_is_ever_deleted_and_15_days_later() {
    let in_15_days: Timestamp = "2026-10-20T09:00:00Z".parse().unwrap();
    let then = AttributeValue::N(in_15_days.as_second().to_string());
    for (item, ttl) in [
        (job(JobState::Queued), None),
        (job(JobState::Unserved), None),
        (job(JobState::InProgress), None),
        (job(JobState::Completed), Some(&then)),
        (runner(RunnerState::Starting), None),
        (runner(RunnerState::Idle), None),
        (runner(RunnerState::Busy), None),
        (runner(RunnerState::Leaving), None),
        (runner(RunnerState::Stopped), Some(&then)),
        (book(), None),
        (Item::Budget(Budget::default()), None),
        (Item::Deliveries(DeliveryCursor::default()), None),
        (Item::Suspicions(Suspicions::default()), None),
        (Item::Sweep(SweepCursor::default()), None),
    ] {
        assert_eq!(of_item(&item).unwrap().get(TTL), ttl, "{item:?}");
    }
}

#[test]
fn what_is_stored_reads_back_and_knows_its_key() {
    for item in [job(JobState::Completed), runner(RunnerState::Idle), book()] {
        let attributes = of_item(&item).unwrap();
        assert_eq!(to_key(&attributes), Ok(item.key()));
        assert_eq!(to_item(attributes), Ok(item));
    }
}

#[test]
fn what_nobody_of_us_wrote_is_an_error_and_no_panic() {
    assert!(to_item(Attributes::new()).is_err());
    assert!(to_key(&Attributes::new()).is_err());
    let foreign = Attributes::from([(KEY.to_owned(), AttributeValue::N("7".to_owned()))]);
    assert!(to_key(&foreign).is_err());
}

#[test]
fn an_item_says_its_format_and_one_of_tomorrow_is_not_read() {
    let with = |format: Option<&str>| {
        let mut attributes = of_item(&book()).unwrap();
        attributes.remove(FORMAT);
        attributes.extend(format.map(|it| (FORMAT.to_owned(), AttributeValue::N(it.to_owned()))));
        to_item(attributes)
    };
    assert_eq!(of_item(&book()).unwrap().get(FORMAT), Some(&AttributeValue::N("1".to_owned())));
    for format in [None, Some("0"), Some("1")] {
        assert_eq!(with(format), Ok(book()), "{format:?}: this one, or the one before");
    }
    let says =
        "an item does not fit: version 2 is not read here, only 0 and 1: deploy the same version everywhere";
    assert_eq!(with(Some("2")), Err(LedgerError::Unavailable(says.to_owned())));
    assert!(with(Some("one")).is_err());
}
