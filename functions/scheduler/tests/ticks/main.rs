//! Ticks on the sandbox: minimums, half-made launches, surplus, and instances that lead and follow.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod calls;
mod recorded_calls;
mod removed_pools;

use control::{Bookkeeper, LaunchContext, Launchpad, QueuedAt, Settling};
use fleet::ledger::{EarlierListing, Event, Key, Listing, RunnerState, SettleMessage};
use fleet::question::Listener;
use fleet::{PoolMap, PoolName};
use jiff::{SignedDuration, Timestamp};
use sandbox::{Delays, Sandbox};
use scheduler::{Failed, Scheduler, SchedulerSettings};

const POOLS: &str = r#"
[pools.small]
labels = []
architecture = "x86_64"
capacity = "ec2"
instance_types = ["t3.2xlarge"]
runners_per_instance = 2
cpu_units = 4096
memory_mib = 15360
disk_gib = 120
runner_group = "ecs"
priority = 10
maximum = 10
working_hours_minimum = 6
off_hours_minimum = 2
"#;

struct SchedulerStage {
    sandbox: Sandbox,
    settings: SchedulerSettings,
}

impl SchedulerStage {
    /// A platform at this time.
    fn at(start: &str) -> Self {
        Self::of(POOLS, start)
    }

    /// A platform of these pools at this time.
    fn of(pools: &str, start: &str) -> Self {
        let settings = settings(pools);
        let sandbox = Sandbox::new(1, start.parse().unwrap(), Delays::default(), &settings.pools);
        Self { sandbox, settings }
    }

    fn books(&self) -> Bookkeeper<Sandbox, Sandbox> {
        let part = || self.sandbox.clone();
        Bookkeeper { ledger: part(), system: part() }
    }

    fn scheduler(&self) -> Scheduler<Sandbox, Sandbox, Sandbox, Sandbox, Sandbox> {
        let part = || self.sandbox.clone();
        Scheduler::new(self.books(), part(), part(), part(), "https://r.example/".to_owned())
    }

    /// A tick, and what the launchers do that it tells to.
    fn tick(&self) -> Result<(), Failed> {
        let ticked = self.finish(self.scheduler().handle(&self.settings));
        self.launch_what_is_handed_on();
        ticked
    }

    /// Settles the pools that are on the queue, and launches what that reserves, as a launcher does.
    fn launch_what_is_handed_on(&self) {
        let part = || self.sandbox.clone();
        let (books, registrar_url) = (self.books(), "https://r.example/".to_owned());
        let launchpad = Launchpad { books, ecs: part(), queue: part(), registrar_url };
        let (queued_at, until) = (QueuedAt::new(), Timestamp::MAX);
        let invocation = LaunchContext { settings: &self.settings, queued_at: &queued_at, until };
        for pool in self.handed_on() {
            let events = [Event::Settle { pool: pool.clone() }];
            let posted = launchpad.post(&self.settings, &pool, &events, Settling::Now(100));
            let reserved = self.finish(posted).unwrap().reserved;
            self.finish(launchpad.launch(&invocation, reserved));
        }
    }

    /// The pools on the queue, which is empty afterwards.
    fn handed_on(&self) -> Vec<PoolName> {
        let mut queue = self.sandbox.queue().borrow_mut();
        let messages = queue.receive(self.sandbox.manual_clock().now(), |_| 0);
        queue.delete(&messages.iter().map(|message| message.id.clone()).collect::<Vec<_>>());
        let read = |body: &str| serde_json::from_str::<SettleMessage>(body).unwrap().settle;
        messages.iter().map(|message| read(&message.body)).collect()
    }

    /// Lets the clock be turned to this time.
    fn turn_to(&self, time: &str) {
        self.sandbox.manual_clock().advance_to(time.parse().unwrap());
    }

    /// Reserves what a minimum asks for and launches none of it, as a launcher that crashes.
    fn reserve_only(&self, minimum: u32) {
        let event = Event::Bounds { pool: pool(), minimum, maximum: 10, task_definition: None };
        self.finish(self.books().post_and_settle(&self.settings.pools, &[event], Settling::Now(100)))
            .unwrap();
    }

    fn finish<T>(&self, act: impl Future<Output = T>) -> T {
        self.sandbox.manual_clock().run(act).expect("it waits for the clock alone")
    }

    fn tasks(&self) -> usize {
        self.sandbox.ecs().borrow().tasks().count()
    }

    fn min_size(&self) -> u32 {
        self.sandbox.groups().borrow()["mayfly_small"].min_size
    }

    fn in_state(&self, state: RunnerState) -> usize {
        self.sandbox.table().borrow().runners().filter(|runner| runner.state == state).count()
    }
}

/// The settings for these pools.
fn settings(pools: &str) -> SchedulerSettings {
    let pools = PoolMap::from_toml(pools).unwrap();
    let placements = sandbox::placements_of(&pools);
    SchedulerSettings(control::LaunchSettings { pools, placements, ticket_key: "key".into() })
}

fn pool() -> PoolName {
    PoolName::new("small").unwrap()
}

#[test]
fn a_tick_brings_the_minimum_of_the_hour_and_a_second_one_changes_nothing() {
    let stage = SchedulerStage::at("2026-03-23T12:00:00Z");
    stage.tick().unwrap();
    assert_eq!((stage.tasks(), stage.min_size()), (6, 3));
    let writes = stage.sandbox.table().borrow().writes();
    stage.tick().unwrap();
    assert_eq!(stage.tasks(), 6);
    assert_eq!(stage.sandbox.table().borrow().writes(), writes, "a doubled tick writes nothing");
}

#[test]
fn reservations_without_a_task_get_theirs_after_a_minute() {
    let stage = SchedulerStage::at("2026-03-23T12:00:00Z");
    stage.reserve_only(6);
    stage.tick().unwrap();
    assert_eq!(stage.tasks(), 0, "they may still be their launcher's");
    stage.turn_to("2026-03-23T12:01:30Z");
    stage.tick().unwrap();
    assert_eq!(stage.tasks(), 6);
    stage.turn_to("2026-03-23T12:02:30Z");
    stage.tick().unwrap();
    assert_eq!(stage.tasks(), 6, "one task a runner");
}

#[test]
fn a_launch_that_was_left_for_long_is_not_taken_for_a_lack_of_capacity() {
    let stage = SchedulerStage::at("2026-03-23T12:00:00Z");
    stage.reserve_only(6);
    for (time, starting, why) in [
        ("2026-03-23T12:07:00Z", 6, "their tasks have just begun to wait"),
        ("2026-03-23T12:11:00Z", 6, "for four minutes"),
        ("2026-03-23T12:12:10Z", 0, "for five: there is no capacity"),
    ] {
        stage.turn_to(time);
        stage.tick().unwrap();
        assert_eq!((stage.tasks(), stage.in_state(RunnerState::Starting)), (6, starting), "{time}: {why}");
    }
}

#[test]
fn runners_past_their_boot_limit_are_fenced_stopped_and_replaced() {
    let stage = SchedulerStage::at("2026-03-23T12:00:00Z");
    stage.tick().unwrap();
    stage.turn_to("2026-03-23T12:20:00Z");
    stage.tick().unwrap();
    assert_eq!(stage.in_state(RunnerState::Leaving), 6);
    let stopping = stage.sandbox.ecs().borrow().tasks().filter(|task| task.stop.is_some()).count();
    assert_eq!(stopping, 6);
}

#[test]
fn instances_lead_and_a_lower_minimum_fences_what_has_not_claimed() {
    let stage = SchedulerStage::at("2026-03-23T07:40:00Z");
    stage.tick().unwrap();
    assert_eq!((stage.tasks(), stage.min_size()), (2, 1));
    stage.turn_to("2026-03-23T07:50:00Z");
    stage.tick().unwrap();
    assert_eq!(stage.min_size(), 3, "ten minutes before the runners");
    let evening = SchedulerStage::at("2026-03-23T18:59:00Z");
    evening.tick().unwrap();
    let end: Timestamp = "2026-03-23T19:00:00Z".parse().unwrap();
    evening.turn_to(&(end + SignedDuration::from_secs(5)).to_string());
    evening.tick().unwrap();
    assert_eq!(evening.in_state(RunnerState::Starting), 2);
    assert_eq!(evening.in_state(RunnerState::Leaving), 4);
    assert_eq!(evening.min_size(), 3, "the floor waits until the runners are gone");
}

#[test]
fn a_step_that_fails_is_an_error_in_the_end_and_stops_no_other() {
    let stage = SchedulerStage::at("2026-03-23T12:00:00Z");
    stage.sandbox.groups().borrow_mut().clear();
    let failed = stage.tick().unwrap_err();
    assert_eq!(failed.0, ["small, capacity: Auto Scaling: there is no Auto Scaling group mayfly_small"]);
    assert_eq!(stage.tasks(), 6);
}

#[test]
fn the_launchers_are_told_which_pool_wants_runners_once_a_tick_and_never_which_runners() {
    let stage = SchedulerStage::at("2026-03-23T12:00:00Z");
    stage.finish(stage.scheduler().handle(&stage.settings)).unwrap();
    assert_eq!((stage.tasks(), stage.in_state(RunnerState::Starting)), (0, 0), "nothing is reserved yet");
    assert_eq!(stage.handed_on(), [pool()]);
    stage.tick().unwrap();
    assert_eq!(stage.tasks(), 6, "a message that was lost is sent again");
    stage.finish(stage.scheduler().handle(&stage.settings)).unwrap();
    assert_eq!(stage.handed_on(), [], "nothing is wanted");
}

#[test]
fn a_queue_that_is_down_fails_no_other_step() {
    let stage = SchedulerStage::at("2026-03-23T12:00:00Z");
    stage.sandbox.set_queue_down(true);
    stage.tick().unwrap();
    assert_eq!((stage.tasks(), stage.min_size()), (0, 3));
}

#[test]
fn a_tick_tells_how_many_runners_may_still_wait_for_instances() {
    let stage = SchedulerStage::at("2026-03-23T12:00:00Z");
    stage.reserve_only(6);
    let (ticked, recording) = kit::recording::record(|| stage.tick());
    ticked.unwrap();
    assert!(
        (recording.gauge("ProvisioningLeft") - 444.0).abs() < 0.1,
        "of nine tenths of ECS's five hundred"
    );
}

/// The version before listed runners by each of their states. One that it has answered, and that nobody has written
/// since, is looked at as any other.
#[test]
fn a_runner_that_is_listed_as_the_version_before_did_is_looked_at() {
    let stage = SchedulerStage::at("2026-03-23T12:00:00Z");
    stage.tick().unwrap();
    let runner = stage.sandbox.table().borrow().runners().next().unwrap().id.clone();
    let asked = kit::ledger::asked("boot", Listener::None);
    stage.finish(stage.books().post(&stage.settings.pools, &[Event::Runner(runner.clone(), asked)])).unwrap();
    let (key, called) = (Key::Runner(runner.clone()), Listing::Earlier(pool(), EarlierListing::Called));
    stage.sandbox.table().borrow_mut().list_as_before(&key, called);

    stage.turn_to("2026-03-23T12:14:00Z");
    stage.tick().unwrap();
    let ledger_has = || stage.sandbox.table().borrow().runner(&runner).unwrap().state;
    assert_eq!(ledger_has(), RunnerState::Idle, "it may still ask");
    stage.turn_to("2026-03-23T12:15:00Z");
    stage.tick().unwrap();
    assert_eq!(ledger_has(), RunnerState::Leaving, "it has no JIT config, and has not asked for one again");
}
