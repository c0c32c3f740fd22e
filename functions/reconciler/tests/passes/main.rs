//! Passes on the sandbox: what one may cost, and what one failing step does to the others.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod sweeps;

use std::time::Duration;

use control::{Bookkeeper, Failed, Settling};
use fleet::launch::RunTaskRequest;
use fleet::ledger::{
    EarlierListing, Event, Item, JobAction, JobEvent, JobState, Key, Listing, Meter, Reading, Runner,
    RunnerState, Totals, recount,
};
use fleet::pools::DEFAULT_POOLS;
use fleet::ticket::Ticket;
use fleet::{JobId, PoolMap, PoolName, Repository, RunnerId};
use jiff::{SignedDuration, Timestamp};
use reconciler::{CALLS_A_PASS, Reconciler, ReconcilerSettings};
use sandbox::{Delays, Latencies, Sandbox, Span, TICKET_KEY, placement_of};

/// A minute in which a pass looks at everything.
const FIFTH: &str = "2026-03-23T12:00:00Z";

struct ReconcilerStage {
    sandbox: Sandbox,
    reconciler: Reconciler<Sandbox, Sandbox, Sandbox, Sandbox, Sandbox>,
    settings: ReconcilerSettings,
}

impl ReconcilerStage {
    fn at(start: &str) -> Self {
        Self::with(start, Delays::default())
    }

    fn with(start: &str, delays: Delays) -> Self {
        let pools = PoolMap::from_toml(DEFAULT_POOLS).unwrap();
        let sandbox = Sandbox::new(1, start.parse().unwrap(), delays, &pools);
        let reconciler = fresh(&sandbox);
        Self { sandbox, reconciler, settings: ReconcilerSettings { pools, stack: "mayfly".to_owned() } }
    }

    fn books(&self) -> Bookkeeper<Sandbox, Sandbox> {
        books(&self.sandbox)
    }

    fn finish<T>(&self, act: impl Future<Output = T>) -> T {
        self.sandbox.manual_clock().run(act).expect("it waits for the clock alone")
    }

    fn pass(&self) -> Result<(), Failed> {
        self.finish(self.reconciler.handle(&self.settings))
    }

    /// Turns the clock this far.
    fn wait(&self, minutes: i64) {
        let clock = self.sandbox.manual_clock();
        clock.advance_to(clock.now() + SignedDuration::from_mins(minutes));
    }

    /// Jobs that wait in the ledger, and that GitHub does not know.
    fn queue(&self, jobs: u64) {
        for number in 1..=jobs {
            let event = Event::Job(JobEvent {
                action: JobAction::Queued,
                job: JobId(number),
                pool: Some(pool()),
                repository: Repository::new("octo-org/storefront"),
                is_public: false,
                labels: ["ec2-x64"].into_iter().collect(),
                runner: None,
                may_not_have_run: false,
                created_at: None,
                accepted_at: None,
                names: fleet::ledger::JobNames::default(),
            });
            self.finish(self.books().post(&self.settings.pools, &[event])).unwrap();
        }
    }

    /// Somebody writes a book by hand.
    fn miscount(&self) {
        self.sandbox.table().borrow_mut().miscount(&pool(), Totals { supply: 2, ..Totals::default() });
    }

    /// Starts a task for a runner that nobody has reserved.
    fn plant_task(&self) {
        let pool = self.settings.pools.get(&pool()).expect("the pool is in the map");
        let runner = RunnerId::parse("0123456789abcdefghjk").unwrap();
        let now = self.sandbox.manual_clock().now();
        let reserved = Runner::reserved(runner.clone(), pool.name.clone(), pool.name.clone(), now);
        let ticket = Ticket::issue(&runner, &TICKET_KEY.into());
        let request =
            RunTaskRequest::new(&reserved, &placement_of(pool), &ticket, "https://nowhere.invalid/");
        self.sandbox.ecs().borrow_mut().run_task(&request, now).unwrap();
    }

    fn book_is_right(&self) -> bool {
        let table = self.sandbox.table().borrow();
        let items: Vec<_> = table.items().collect();
        table.book(&pool()).map(Totals::from) == recount(items).get(&pool()).copied()
    }

    /// Calls that are taken out of GitHub's minutes.
    fn calls_spent(&self) -> i64 {
        let table = self.sandbox.table().borrow();
        let spent = table.items().map(|item| match item {
            Item::Meter(Reading { meter: Meter::GithubCalls(_), spent }) => *spent,
            _ => 0,
        });
        spent.sum()
    }

    fn completed(&self) -> usize {
        self.sandbox.table().borrow().jobs().filter(|job| job.state == JobState::Completed).count()
    }
}

fn books(sandbox: &Sandbox) -> Bookkeeper<Sandbox, Sandbox> {
    Bookkeeper { ledger: sandbox.clone(), system: sandbox.clone() }
}

/// The function as Lambda starts it.
fn fresh(sandbox: &Sandbox) -> Reconciler<Sandbox, Sandbox, Sandbox, Sandbox, Sandbox> {
    Reconciler::new(books(sandbox), sandbox.clone(), sandbox.clone(), sandbox.clone())
}

fn pool() -> PoolName {
    PoolName::new("ec2-x64").unwrap()
}

#[test]
fn a_pass_that_finds_nothing_moves_nothing() {
    let stage = ReconcilerStage::at(FIFTH);
    stage.pass().unwrap();
    let moves = stage.sandbox.table().borrow().moves();
    stage.pass().unwrap();
    assert_eq!(stage.sandbox.table().borrow().moves(), moves);
}

#[test]
fn a_pass_reads_the_jobs_that_its_calls_are_enough_for_and_the_next_one_goes_on() {
    let stage = ReconcilerStage::at("2026-03-23T12:01:00Z");
    let a_pass = usize::try_from(CALLS_A_PASS).unwrap();
    stage.queue(u64::from(CALLS_A_PASS) * 3);
    stage.wait(5);
    for passes in 1..=3 {
        stage.pass().unwrap();
        assert_eq!(stage.completed(), passes * a_pass, "each read tells that GitHub has no such job");
        stage.wait(1);
    }
}

/// GitHub's minute has 900 points; a registration takes five, a read one.
#[test]
fn five_jobs_are_read_for_a_call_of_the_minute() {
    let spent_on = |jobs| {
        let stage = ReconcilerStage::at("2026-03-23T12:01:00Z");
        stage.queue(jobs);
        stage.wait(5);
        let before = stage.calls_spent();
        stage.pass().unwrap();
        assert_eq!(stage.completed(), usize::try_from(jobs).unwrap());
        stage.calls_spent() - before
    };
    let without = spent_on(0);
    assert_eq!([1, 5, 6, 16].map(|jobs| spent_on(jobs) - without), [1, 1, 2, 4]);
}

/// GitHub is out of reach, and the books are counted all the same.
#[test]
fn a_step_that_fails_is_told_and_stops_no_other() {
    let stage = ReconcilerStage::at(FIFTH);
    stage.queue(1);
    let until = stage.sandbox.manual_clock().now() + SignedDuration::from_hours(1);
    stage.sandbox.github().borrow_mut().set_outage(until);
    stage.miscount();
    let failed = stage.pass().unwrap_err().to_string();
    assert!(failed.contains("GitHub is out of reach"), "{failed}");
    assert!(!stage.book_is_right(), "one look proves nothing");
    stage.wait(5);
    stage.pass().unwrap_err();
    assert!(stage.book_is_right());
}

/// More repositories than a pass has time for, each of which takes its time.
#[test]
fn a_sweep_that_has_no_end_leaves_time_to_count_the_books() {
    let slow = Span(Duration::from_millis(1600)..=Duration::from_millis(1600));
    let stage = ReconcilerStage::with(FIFTH, Delays { calls: Latencies::Same(slow), ..Delays::default() });
    let began = stage.sandbox.manual_clock().now();
    stage.queue(1);
    for number in 0..200 {
        let repository = Repository::new(format!("octo-org/r{number}"));
        stage.sandbox.github().borrow_mut().push(&repository, began);
    }
    stage.miscount();
    // At the first look the job is read too, so that its book is written meanwhile.
    for look in 1..=3 {
        let start = began + SignedDuration::from_mins(5 * look);
        stage.sandbox.manual_clock().advance_to(start);
        stage.pass().unwrap();
        let took = stage.sandbox.manual_clock().now().duration_since(start);
        assert!(took > SignedDuration::from_secs(39), "the sweep uses all of its time: {took}");
        assert!(took < SignedDuration::from_secs(58), "the function is ended then: {took}");
    }
    assert!(stage.book_is_right());
}

/// More jobs than a pass has time for are due, each call takes a second, and a task runs for nobody.
#[test]
fn slow_answers_and_many_due_jobs_leave_time_to_set_right_what_lies() {
    let slow = Span(Duration::from_secs(1)..=Duration::from_secs(1));
    let stage = ReconcilerStage::with(FIFTH, Delays { calls: Latencies::Same(slow), ..Delays::default() });
    stage.queue(100);
    stage.plant_task();
    for look in 1..=2 {
        let start = FIFTH.parse::<Timestamp>().unwrap() + SignedDuration::from_mins(30 + 5 * look);
        stage.sandbox.manual_clock().advance_to(start);
        stage.pass().unwrap();
        let took = stage.sandbox.manual_clock().now().duration_since(start);
        assert!(took < SignedDuration::from_secs(58), "the function is ended then: {took}");
    }
    assert!(stage.sandbox.ecs().borrow().tasks().all(|task| task.stop.is_some()), "two looks agree on it");
}

/// The version before listed runners by each of their states. However long ago its last function has ended, one that
/// nobody has written since counts in its book.
#[test]
fn a_runner_that_is_listed_as_the_version_before_did_counts_in_its_book() {
    let stage = ReconcilerStage::at(FIFTH);
    let minimum = Event::Bounds { pool: pool(), minimum: 1, maximum: 5, task_definition: None };
    let settled = stage.books();
    let settled =
        settled.post_and_settle(&stage.settings.pools, std::slice::from_ref(&minimum), Settling::Now(1));
    let runner = stage.finish(settled).unwrap().reserved.remove(0).id;
    let earlier = Listing::Earlier(pool(), EarlierListing::Overdue);
    stage.sandbox.table().borrow_mut().list_as_before(&Key::Runner(runner.clone()), earlier);
    for _look in 0..12 {
        stage.wait(5);
        stage.pass().unwrap();
        assert!(stage.book_is_right());
    }
    let table = stage.sandbox.table().borrow();
    assert_eq!(table.runner(&runner).unwrap().state, RunnerState::Starting, "nobody has written it");
}
