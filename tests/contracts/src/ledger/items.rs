//! Reading and writing.

use fleet::delivery::{AttemptId, DeliveryCursor, FailedDelivery, Walk};
use fleet::ledger::{
    Book, Budget, Health, Item, Job, JobAction, JobNames, JobState, JobTimes, Key, LeaveReason, Put, Recent,
    Rest, RestCause, Runner, RunnerState, StartTimes, TRANSACTION_LIMIT, Totals, Work,
};
use fleet::ports::{Ledger, LedgerError, RunId};
use fleet::repair::suspicion::{Suspected, Suspicion, Suspicions};
use fleet::sweep::{Candidate, FoundJob, ReadBudget, SweepCursor};
use fleet::{BootId, DeliveryId, GithubRunnerId, JobId, Repository, RunnerId, TaskArn};
use jiff::Timestamp;

use super::{at, job, pool, puts, read, runner};

/// What is not there is left out, and what is asked for twice is there once.
pub async fn absent_items_are_left_out(ledger: &impl Ledger) {
    assert_eq!(ledger.read(&[]).await, Ok(vec![]));
    ledger.commit(&[Put(Item::Job(job(7)))]).await.unwrap();
    let keys = [
        Key::Job(JobId(6)),
        Key::Job(JobId(7)),
        Key::Job(JobId(7)),
        Key::Runner(RunnerId::from_random(7)),
        Key::Book(pool("plain")),
    ];
    assert_eq!(read(ledger, keys).await, [Item::Job(job(7))]);
}

/// A write goes through if the version before it is stored, and only then.
pub async fn a_write_needs_the_version_before_it(ledger: &impl Ledger) {
    let version = |version| Job { seen_at: at(i64::try_from(version).unwrap()), version, ..job(1) };
    let mut stored = None;
    for (number, expected, why) in [
        (2, Err(LedgerError::Conflict), "nothing is stored"),
        (1, Ok(()), "the first one"),
        (1, Err(LedgerError::Conflict), "somebody else was first"),
        (3, Err(LedgerError::Conflict), "one is missing between"),
        (2, Ok(()), "the next one"),
        (3, Ok(()), "and the next"),
        (2, Err(LedgerError::Conflict), "an old one"),
    ] {
        assert_eq!(ledger.commit(&puts([Item::Job(version(number))])).await, expected, "{why}");
        if expected.is_ok() {
            stored = Some(Item::Job(version(number)));
        }
        assert_eq!(read(ledger, [Key::Job(JobId(1))]).await, Vec::from_iter(stored.clone()), "{why}");
    }
}

/// Of several items, all are written or none, wherever the stale one stands.
pub async fn a_transaction_is_written_whole_or_not_at_all(ledger: &impl Ledger) {
    let stored = [Item::Job(job(1)), Item::Runner(runner(1))];
    ledger.commit(&puts(stored.clone())).await.unwrap();
    let fresh = || vec![Item::Job(job(2)), Item::Job(job(3)), Item::Job(Job { version: 2, ..job(1) })];
    let keys = [Key::Job(JobId(1)), Key::Job(JobId(2)), Key::Job(JobId(3)), Key::Runner(runner(1).id)];
    for place in 0..=3 {
        for (stale, why) in [
            (Runner { state: RunnerState::Idle, version: 1, ..runner(1) }, "somebody else was first"),
            (Runner { state: RunnerState::Idle, version: 3, ..runner(1) }, "one is missing between"),
            (Runner { state: RunnerState::Idle, version: 2, ..runner(2) }, "nothing is stored"),
        ] {
            let mut items = fresh();
            items.insert(place, Item::Runner(stale));
            assert_eq!(ledger.commit(&puts(items)).await, Err(LedgerError::Conflict), "{why}");
            assert_eq!(read(ledger, keys.clone()).await, stored, "{why}, at place {place}");
        }
    }
    ledger.commit(&puts(fresh())).await.unwrap();
    assert_eq!(read(ledger, keys).await.len(), 4);
}

/// A transaction has room for a hundred items, and a reading for more.
pub async fn a_hundred_items_are_one_transaction(ledger: &impl Ledger) {
    let limit = u64::try_from(TRANSACTION_LIMIT).unwrap();
    let jobs = |ids: std::ops::RangeInclusive<u64>| puts(ids.map(job).map(Item::Job));
    let too_many = ledger.commit(&jobs(1..=limit + 1)).await;
    let told = "a transaction takes 100 items, not 101".to_owned();
    assert_eq!(too_many, Err(LedgerError::Unavailable(told)));
    let keys = || (1..=limit + 20).map(|id| Key::Job(JobId(id)));
    assert_eq!(read(ledger, keys()).await, []);

    ledger.commit(&jobs(1..=limit)).await.unwrap();
    ledger.commit(&jobs(limit + 1..=limit + 10)).await.unwrap();
    let expected: Vec<Item> = (1..=limit + 10).map(job).map(Item::Job).collect();
    assert_eq!(read(ledger, keys()).await, expected);
}

/// A transaction of nothing is done.
pub async fn nothing_is_written_at_once(ledger: &impl Ledger) {
    assert_eq!(ledger.commit(&[]).await, Ok(()));
}

/// Each kind of item, with everything set that may be, and with nothing.
pub async fn every_kind_of_item_reads_back_as_it_was_written(ledger: &impl Ledger) {
    let to_the_nanosecond: Timestamp = "2026-10-05T09:00:00.123456789Z".parse().unwrap();
    let rest = Rest {
        until: to_the_nanosecond,
        cause: RestCause::NoCapacity,
        reason: "Capacity is unavailable at this time. \"Try\" again — läter".to_owned(),
    };
    let bare = Book { version: 1, ..Book::open(pool("bare"), 0) };
    let health = Health {
        broken_at: Some(at(1)),
        runs_broken_at: Some(at(2)),
        failures: u32::MAX,
        last_start: Some(at(1)),
        run_failure_thirds: u32::MAX,
        last_job: Some(at(1)),
        rest: Some(rest),
    };
    let (queued, supply, idle, live, minimum, maximum) = (i64::MAX, -1, 2, 0, 3, 15);
    let often: Recent = serde_json::from_str("[[29853180, 1], [29853181, 4294967295]]").unwrap();
    let full = Book {
        overdue: often.clone(),
        reaped: often.clone(),
        resting: often,
        task_definition: Some("mayfly-full:7".to_owned()),
        version: 1,
        ..Book { queued, supply, idle, live, minimum, maximum, health, ..Book::open(pool("full"), 0) }
    };
    let items = [
        Item::Book(bare),
        Item::Book(full),
        Item::Job(Job { labels: std::iter::empty::<&str>().collect(), ..job(0) }),
        Item::Job(Job {
            state: JobState::InProgress,
            repository: Repository::new("octo-org/a.b_c-d"),
            runner: Some(RunnerId::from_random(u128::MAX)),
            seen_at: to_the_nanosecond,
            changed_at: to_the_nanosecond,
            heard_at: Some(at(3)),
            times: JobTimes {
                created_at: Some(at(1)),
                accepted_at: Some(to_the_nanosecond),
                begun_at: Some(at(2)),
            },
            ..job(u64::MAX)
        }),
        Item::Runner(runner(0)),
        Item::Runner(Runner {
            state: RunnerState::Busy,
            capacity: pool("full"),
            boot: Some(BootId::new("a boot id").digest()),
            asked_at: Some(to_the_nanosecond),
            github_id: Some(GithubRunnerId(u64::MAX)),
            job: Some(JobId(u64::MAX)),
            listened: true,
            overdue_at: Some(at(4)),
            put_off: Some("ThrottlingException: Rate exceeded".to_owned()),
            leaves: Some(LeaveReason::AnotherBoot),
            times: StartTimes {
                created: Some(-1),
                pull_started: Some(0),
                pull_stopped: Some(i64::MAX),
                started: Some(1),
                booted: Some(2),
                asked: Some(3),
                registered: Some(4),
                listened: Some(5),
                stopped: Some(6),
            },
            work: Some(Work {
                repository: Repository::new("octo-org/storefront"),
                names: JobNames::of(Some("Tests \u{1f426}"), Some("feature/#1")),
                waited: Some(i64::MAX),
                begun_at: to_the_nanosecond,
            }),
            changed_at: to_the_nanosecond,
            ..runner(1)
        }),
        Item::Budget(Budget { wait_until: Some(at(5)), version: 1 }),
        Item::Deliveries(cursor(to_the_nanosecond)),
        Item::Suspicions(suspicions(to_the_nanosecond)),
        Item::Sweep(sweep(to_the_nanosecond)),
    ];
    ledger.commit(&puts(items.clone())).await.unwrap();
    assert_eq!(read(ledger, items.iter().map(Item::key)).await, items);
    for state in
        [JobState::Waiting, JobState::Queued, JobState::Unserved, JobState::InProgress, JobState::Completed]
    {
        let written = Item::Job(Job { state, ..job(100 + u64::from(state as u8)) });
        ledger.commit(&puts([written.clone()])).await.unwrap();
        assert_eq!(read(ledger, [written.key()]).await, [written]);
    }
}

/// One suspicion of each kind.
fn suspicions(now: Timestamp) -> Suspicions {
    let by = Totals { queued: -1, supply: 2, idle: -3, live: i64::MAX };
    let runner = |number| RunnerId::from_random(number);
    let each = [
        Suspicion::NotOnline(runner(1)),
        Suspicion::NotRegistered(runner(2)),
        Suspicion::TaskGone(runner(u128::MAX)),
        Suspicion::StrayTask(TaskArn::new("arn:aws:ecs:us-east-1:123456789012:task/mayfly-ec2/0123")),
        Suspicion::Surplus(pool("plain")),
        Suspicion::Drift { pool: pool("plain"), by },
    ];
    let suspected = each.map(|what| Suspected { what, since: at(1), seen_at: now });
    Suspicions { suspected: suspected.to_vec(), version: 1 }
}

/// A cursor of sweeps with a repository that has everything, and one that has nothing.
fn sweep(now: Timestamp) -> SweepCursor {
    let whole = Candidate {
        job_at: Some(now),
        pushed_at: Some(at(1)),
        is_listed: true,
        swept_at: Some(at(2)),
        // Beyond 2^53: as a float it would be another one.
        read_to: Some(RunId(9_007_199_254_740_993)),
        hidden_until: Some(at(3)),
    };
    let candidates = [("octo-org/a.b_c-d", whole), ("octo-org/new", Candidate::default())];
    SweepCursor {
        candidates: candidates.into_iter().map(|(name, it)| (Repository::new(name), it)).collect(),
        unended: u32::MAX,
        found: vec![FoundJob { job: JobId(u64::MAX), action: JobAction::InProgress, at: now }],
        found_at: Some(now),
        heard_at: Some(at(4)),
        reads: ReadBudget { paid_to: Some(now) },
        version: 1,
    }
}

/// A cursor of GitHub's deliveries in the middle of a walk, with a failed one of each kind.
fn cursor(now: Timestamp) -> DeliveryCursor {
    let fresh = FailedDelivery {
        // Beyond 2^53: as a float it would be another one.
        attempt: AttemptId(9_007_199_254_740_993),
        attempted_at: now,
        status_code: 0,
        failed_at: Some(now),
        first_at: now,
        asked: 0,
        asked_at: None,
        is_settled: false,
    };
    let often = FailedDelivery {
        attempt: AttemptId(i64::MAX),
        asked: u32::MAX,
        asked_at: Some(now),
        ..fresh.clone()
    };
    let received = FailedDelivery { failed_at: None, is_settled: true, ..fresh.clone() };
    let failed = [("fresh", fresh), ("often", often), ("received", received)];
    DeliveryCursor {
        seen_to: Some(now),
        walked_at: Some(at(1)),
        walk: Some(Walk {
            began: at(2),
            newest: Some(now),
            missed: Some(at(3)),
            next: Some("v1_9007199254740993".to_owned()),
        }),
        failed: failed.into_iter().map(|(guid, failed)| (DeliveryId::new(guid), failed)).collect(),
        version: 1,
    }
}
