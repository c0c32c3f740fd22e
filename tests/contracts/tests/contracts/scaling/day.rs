//! A day of ticks, with runners that ask, work and leave.

use std::pin::pin;
use std::task::Poll;

use control::{Bookkeeper, Settling};
use fleet::launch::{StopClass, TaskTimes};
use fleet::ledger::{Event, JobAction, JobEvent, JobRunner, Runner, RunnerEvent, RunnerState, SettleMessage};
use fleet::question::Listener;
use fleet::{BootId, GithubRunnerId, JobId, PoolMap, PoolName, Repository, RunnerId};
use jiff::{SignedDuration, Timestamp};
use sandbox::{Delays, Sandbox};
use scheduler::{Scheduler, SchedulerSettings};

use super::groups::InFlight;

/// The hours in which working hours begin and end.
const BUSY_HOURS: [u32; 4] = [7, 8, 18, 19];

/// Minutes between two ticks of other hours.
const QUIET: u32 = 10;

type Books = Bookkeeper<Sandbox, Sandbox>;

/// The platform on one day. Time stands still but for what waits for the clock.
pub(crate) struct ScalingDay {
    begin: Timestamp,
    /// The tick that comes next.
    minute: u32,
    sandbox: Sandbox,
    settings: SchedulerSettings,
    groups: InFlight,
    scheduler: Scheduler<Sandbox, Sandbox, Sandbox, InFlight, Sandbox>,
    moves: Vec<(String, String, u32)>,
    registrations: u64,
    leaving: bool,
}

impl ScalingDay {
    pub(crate) fn new(begin: &str, groups: InFlight) -> Self {
        let begin = begin.parse().unwrap();
        let pools =
            PoolMap::from_toml(include_str!("../../../../../examples/pools-office-hours.toml")).unwrap();
        let sandbox = Sandbox::new(1, begin, Delays::default(), &pools);
        let placements = sandbox::placements_of(&pools);
        let settings =
            SchedulerSettings(control::LaunchSettings { pools, placements, ticket_key: "key".into() });
        let url = "https://registrar.example/".to_owned();
        let scheduler =
            Scheduler::new(books(&sandbox), sandbox.clone(), groups.clone(), sandbox.clone(), url);
        let (moves, leaving) = (Vec::new(), false);
        Self { begin, minute: 0, sandbox, settings, groups, scheduler, moves, registrations: 0, leaving }
    }

    pub(crate) fn pools(&self) -> &PoolMap {
        &self.settings.pools
    }

    /// Ticks up to this time of the day, which is the last one's: each minute in the hours in which
    /// something changes, and in the others now and then, since a tick that is missed does no harm.
    pub(crate) async fn run_to(&mut self, time: &str) {
        let (hours, minutes) = time.split_once(':').unwrap();
        let end = hours.parse::<u32>().unwrap() * 60 + minutes.parse::<u32>().unwrap();
        while self.minute <= end {
            let time = self.begin + SignedDuration::from_mins(self.minute.into());
            self.sandbox.manual_clock().advance_to(time);
            self.tick().await;
            self.reserve();
            let clock = format!("{:02}:{:02}", self.minute / 60, self.minute % 60);
            let set = self.groups.take_set().into_iter();
            self.moves.extend(set.map(|(group, size)| (group, clock.clone(), size)));
            self.runners_act();
            self.minute += if BUSY_HOURS.contains(&(self.minute / 60)) { 1 } else { QUIET };
        }
    }

    /// When a group's `MinSize` was set, and to what.
    pub(crate) fn moves(&self, group: &str) -> Vec<(&str, u32)> {
        let of = self.moves.iter().filter(|(name, ..)| name == group);
        of.map(|(_, clock, size)| (clock.as_str(), *size)).collect()
    }

    /// How often any `MinSize` was set.
    pub(crate) fn all_moves(&self) -> usize {
        self.moves.len()
    }

    /// A pool's live runners.
    pub(crate) fn live(&self, pool: &str) -> i64 {
        let table = self.sandbox.table().borrow();
        table.book(&PoolName::new(pool).unwrap()).unwrap().live
    }

    /// From now on one idle runner of each pool asks in each minute.
    pub(crate) fn let_one_leave_a_minute(&mut self) {
        self.leaving = true;
    }

    /// Lets this many idle runners of a pool take a job.
    pub(crate) fn begin_jobs(&mut self, pool: &str, count: usize) -> Vec<Runner> {
        let mut taken = self.runners(RunnerState::Idle);
        taken.retain(|runner| runner.pool.as_str() == pool);
        taken.truncate(count);
        assert_eq!(taken.len(), count);
        for runner in &taken {
            self.post(&[job(JobAction::InProgress, runner)]);
        }
        taken
    }

    /// Lets the jobs of these runners end, and their tasks with them.
    pub(crate) fn end_jobs(&mut self, runners: &[Runner]) {
        for runner in runners {
            self.post(&[job(JobAction::Completed, runner), stopped(&runner.id)]);
        }
    }

    /// One tick. The clock is turned only while nobody waits for moto.
    async fn tick(&self) {
        let mut tick = pin!(self.scheduler.handle(&self.settings));
        let done = std::future::poll_fn(|context| {
            loop {
                if let Poll::Ready(done) = tick.as_mut().poll(context) {
                    return Poll::Ready(done);
                }
                if self.groups.is_any() {
                    return Poll::Pending;
                }
                self.turn();
            }
        });
        done.await.unwrap();
    }

    /// Reserves what the tick has told the launchers to.
    fn reserve(&self) {
        let messages = self.sandbox.queue().borrow_mut().receive(self.sandbox.manual_clock().now(), |_| 0);
        for message in messages {
            let SettleMessage { settle: pool, .. } = serde_json::from_str(&message.body).unwrap();
            self.settle(&[Event::Settle { pool }], Settling::Now(100));
            self.sandbox.queue().borrow_mut().delete(&[message.id]);
        }
    }

    /// Those that have left are stopped, one of a pool leaves, and those that were started ask.
    fn runners_act(&mut self) {
        for runner in self.runners(RunnerState::Leaving) {
            self.post(&[stopped(&runner.id)]);
        }
        if self.leaving {
            let mut idle = self.runners(RunnerState::Idle);
            idle.dedup_by(|next, one| next.pool == one.pool);
            for runner in idle {
                let event = RunnerEvent::Asked(runner.boot.unwrap(), Listener::Up, None);
                self.post(&[Event::Runner(runner.id, event)]);
            }
        }
        for runner in self.runners(RunnerState::Starting) {
            self.registrations += 1;
            let boot = BootId::new(format!("boot {}", self.registrations)).digest();
            let registration = GithubRunnerId(self.registrations);
            let asked = RunnerEvent::Asked(boot.clone(), Listener::None, None);
            let events = [asked, RunnerEvent::Registered(boot, registration)];
            self.post(&events.map(|event| Event::Runner(runner.id.clone(), event)));
        }
    }

    /// The runners in a state, by pool and then by age.
    fn runners(&self, state: RunnerState) -> Vec<Runner> {
        let table = self.sandbox.table().borrow();
        let mut runners: Vec<Runner> = table.runners().filter(|it| it.state == state).cloned().collect();
        runners.sort_by(|one, other| (&one.pool, one.reserved_at).cmp(&(&other.pool, other.reserved_at)));
        runners
    }

    fn post(&self, events: &[Event]) {
        self.settle(events, Settling::Not);
    }

    fn settle(&self, events: &[Event], settling: Settling) {
        let books = books(&self.sandbox);
        let posted = books.post_and_settle(&self.settings.pools, events, settling);
        let posted = self.sandbox.manual_clock().run(posted);
        posted.expect("it waits for the clock alone").unwrap();
    }

    /// Wakes the next one that waits for the clock; whoever else waits has only let others go first.
    fn turn(&self) {
        if let Some(wake) = self.sandbox.manual_clock().next_wake() {
            self.sandbox.manual_clock().advance_to(wake);
        }
    }
}

fn books(sandbox: &Sandbox) -> Books {
    Bookkeeper { ledger: sandbox.clone(), system: sandbox.clone() }
}

fn stopped(runner: &RunnerId) -> Event {
    let reason = "Essential container in task exited".to_owned();
    Event::Runner(runner.clone(), RunnerEvent::TaskStopped(StopClass::Ordinary, reason, TaskTimes::default()))
}

/// A job that the runner takes; its id is the registration's.
fn job(action: JobAction, runner: &Runner) -> Event {
    let github_id = runner.github_id.unwrap();
    Event::Job(JobEvent {
        action,
        job: JobId(github_id.0),
        pool: Some(runner.pool.clone()),
        repository: Repository::new("octo-org/example"),
        is_public: false,
        labels: ["linux"].into_iter().collect(),
        runner: Some(JobRunner { github_id, runner: runner.id.clone() }),
        may_not_have_run: false,
        created_at: None,
        accepted_at: None,
        names: fleet::ledger::JobNames::default(),
    })
}
