//! A pool is taken out of the map.

use control::Settling;
use fleet::ledger::{Book, Event, JobAction, JobEvent, JobState, RunnerState};
use fleet::{JobId, PoolName, Repository};
use futures_util::future::join;
use kit::recording::record;
use sandbox::Fault;

use super::{SchedulerStage, settings};

const NOON: &str = "2026-03-23T12:00:00Z";

const ON_FARGATE: &str = "capacity = \"fargate\"\nmemory_mib = 16384\ndisk_gib = 60";

const ON_EC2: &str = "capacity = \"ec2\"\ninstance_types = [\"t3.2xlarge\"]\nrunners_per_instance = 2\n\
                      memory_mib = 15360\ndisk_gib = 120";

/// The pool that goes out of the map, on this capacity: it keeps two runners waiting.
fn old(capacity: &str) -> String {
    entry("old", capacity, 10, "working_hours_minimum = 2\noff_hours_minimum = 2")
}

/// The pool that stays, on Fargate. It has the label `x` too, and another name.
fn new() -> String {
    entry("new", ON_FARGATE, 20, "")
}

fn entry(name: &str, capacity: &str, priority: u32, more: &str) -> String {
    format!(
        "[pools.{name}]\nlabels = [\"x\"]\narchitecture = \"x86_64\"\n{capacity}\ncpu_units = 4096\n\
         runner_group = \"g\"\npriority = {priority}\nmaximum = 9\n{more}\n"
    )
}

fn name(pool: &str) -> PoolName {
    PoolName::new(pool).unwrap()
}

impl SchedulerStage {
    /// At noon: both pools, two runners that wait in the old one, and two jobs there with a runner each on
    /// the way. The first job asks for what both pools have, the second one for the old pool by its name.
    fn with_two_jobs(capacity: &str) -> Self {
        let stage = Self::of(&(old(capacity) + &new()), NOON);
        stage.tick().unwrap();
        stage.job(1, "x");
        stage.job(2, "old");
        assert_eq!((stage.in_state(RunnerState::Starting), stage.tasks()), (4, 2));
        stage
    }

    /// A job with this label begins to wait in the old pool.
    fn job(&self, number: u64, label: &str) {
        let event = JobEvent {
            action: JobAction::Queued,
            job: JobId(number),
            pool: Some(name("old")),
            repository: Repository::new("octo-org/storefront"),
            is_public: false,
            labels: [label].into_iter().collect(),
            runner: None,
            may_not_have_run: false,
            created_at: None,
            accepted_at: None,
            names: fleet::ledger::JobNames::default(),
        };
        self.finish(self.books().post_and_settle(
            &self.settings.pools,
            &[Event::Job(event)],
            Settling::Now(100),
        ))
        .unwrap();
    }

    fn take_old_out(&mut self) {
        self.settings = settings(&new());
    }

    fn book(&self, pool: &str) -> Book {
        self.sandbox.table().borrow().book(&name(pool)).unwrap().clone()
    }

    /// A pool's queued, supply, minimum and maximum.
    fn totals(&self, pool: &str) -> (i64, i64, i64, i64) {
        let book = self.book(pool);
        (book.queued, book.supply, book.minimum, book.maximum)
    }

    fn pool_of(&self, job: u64) -> PoolName {
        let table = self.sandbox.table().borrow();
        let job = table.job(JobId(job)).unwrap();
        assert_eq!(job.state, JobState::Queued);
        job.pool.clone().expect("what waits has a pool")
    }

    fn writes(&self) -> u64 {
        self.sandbox.table().borrow().writes()
    }

    fn assert_in_order(&self) {
        assert_eq!(self.sandbox.table().borrow().violations(), []);
    }
}

/// What a tick counts: the jobs that were routed again, and those that no pool serves.
fn counted(tick: impl FnOnce()) -> (u64, f64) {
    let ((), recorded) = record(tick);
    (recorded.count("JobsRerouted"), recorded.gauge("JobsWithoutPool"))
}

#[test]
fn its_minimum_falls_and_its_jobs_go_where_they_are_served() {
    let mut stage = SchedulerStage::with_two_jobs(ON_FARGATE);
    stage.take_old_out();
    let tick = counted(|| stage.tick().unwrap());
    assert_eq!(tick, (1, 1.0), "one is routed again, and one has no pool");
    assert_eq!((stage.pool_of(1), stage.pool_of(2)), (name("new"), name("old")));
    assert_eq!(stage.totals("new"), (1, 1, 0, 9), "and its runner is on the way");
    assert_eq!(stage.totals("old"), (1, 0, 0, 0), "nothing is launched for the other one");
    assert_eq!(stage.in_state(RunnerState::Starting), 1, "the new pool's");
    assert_eq!(stage.in_state(RunnerState::Leaving), 4, "no claim of the old pool's would be granted");
    let ecs = stage.sandbox.ecs().borrow();
    assert_eq!(ecs.tasks().filter(|task| task.stop.is_some()).count(), 2, "the old pool's two");
    assert_eq!(ecs.tasks().count(), 3);
    stage.assert_in_order();
}

#[test]
fn a_second_tick_changes_nothing_and_still_tells_of_the_job_without_a_pool() {
    let mut stage = SchedulerStage::with_two_jobs(ON_FARGATE);
    stage.take_old_out();
    stage.tick().unwrap();
    let writes = stage.writes();
    assert_eq!(counted(|| stage.tick().unwrap()), (0, 1.0));
    assert_eq!((stage.writes(), stage.tasks()), (writes, 3));
}

#[test]
fn ticks_that_come_twice_at_once_route_each_job_once() {
    let mut stage = SchedulerStage::with_two_jobs(ON_FARGATE);
    stage.take_old_out();
    let (first, second) = (stage.scheduler(), stage.scheduler());
    let (first, second) = stage.finish(join(first.handle(&stage.settings), second.handle(&stage.settings)));
    assert!(first.is_ok() && second.is_ok(), "{first:?} {second:?}");
    stage.launch_what_is_handed_on();
    assert_eq!(stage.totals("new"), (1, 1, 0, 9), "one job, one runner");
    assert_eq!(stage.totals("old"), (1, 0, 0, 0));
    assert_eq!(stage.tasks(), 3);
    stage.assert_in_order();
}

#[test]
fn many_jobs_go_over_in_as_many_transactions_as_it_takes_and_up_to_the_maximum() {
    let mut stage = SchedulerStage::of(&(old(ON_FARGATE) + &new()), NOON);
    (1..=45).for_each(|job| stage.job(job, "x"));
    stage.take_old_out();
    assert_eq!(counted(|| stage.tick().unwrap()), (45, 0.0));
    assert_eq!(stage.totals("new"), (45, 9, 0, 9));
    assert_eq!(stage.totals("old"), (0, 0, 0, 0));
    stage.assert_in_order();
}

#[test]
fn a_job_that_comes_late_for_it_is_routed_at_the_next_tick() {
    let mut stage = SchedulerStage::with_two_jobs(ON_FARGATE);
    stage.take_old_out();
    stage.tick().unwrap();
    // The webhook had the map of before; the launcher has that of today.
    stage.job(3, "x");
    assert_eq!(stage.totals("old"), (2, 0, 0, 0), "nothing is reserved for it there");
    stage.tick().unwrap();
    assert_eq!((stage.pool_of(3), stage.totals("old").0), (name("new"), 1));
}

#[test]
fn a_pool_that_comes_back_serves_what_waits_for_it() {
    let mut stage = SchedulerStage::with_two_jobs(ON_FARGATE);
    stage.take_old_out();
    stage.tick().unwrap();
    stage.settings = settings(&(old(ON_FARGATE) + &new()));
    assert_eq!(counted(|| stage.tick().unwrap()), (0, 0.0));
    assert_eq!(stage.totals("old"), (1, 3, 2, 9));
    stage.assert_in_order();
}

#[test]
fn runners_whose_cluster_is_forgotten_count_until_ecs_has_forgotten_their_token() {
    // Its cluster is that of EC2, of which no pool is left.
    let mut stage = SchedulerStage::with_two_jobs(ON_EC2);
    stage.take_old_out();
    stage.tick().unwrap();
    for (time, leaving, why) in [
        ("2026-03-23T12:02:00Z", 4, "their tasks are not found"),
        ("2026-03-23T12:59:00Z", 4, "and may still run"),
        ("2026-03-23T13:01:00Z", 0, "after an hour there is none"),
    ] {
        stage.turn_to(time);
        stage.tick().unwrap();
        let of_old = stage.sandbox.table().borrow().runners().filter(|it| it.pool == name("old")).count();
        assert_eq!(of_old, 4, "none is reserved");
        let table = stage.sandbox.table().borrow();
        let left = table.runners().filter(|it| it.pool == name("old") && it.state == RunnerState::Leaving);
        assert_eq!(left.count(), leaving, "{time}: {why}");
    }
    stage.assert_in_order();
}

#[test]
fn what_can_not_be_cleared_stops_no_pool_and_is_cleared_later() {
    let mut stage = SchedulerStage::with_two_jobs(ON_FARGATE);
    stage.take_old_out();
    stage.sandbox.set_faults([(Fault::LedgerReadFails, 1.0)].into());
    let failed = stage.tick().unwrap_err();
    assert_eq!(failed.0[0], "pools out of the map: the ledger: time-out");
    assert!(failed.0.iter().any(|step| step.starts_with("new, settle: ")), "the others were tried: {failed}");
    stage.sandbox.set_faults([].into());
    stage.tick().unwrap();
    assert_eq!((stage.totals("old"), stage.totals("new")), ((1, 0, 0, 0), (1, 1, 0, 9)));
    stage.assert_in_order();
}
