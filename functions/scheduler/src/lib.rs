//! The `scheduler` function, each minute: the minimum and maximum of this hour, the launches that a
//! crash left half done, and how many EC2 instances are kept.
//!
//! A tick settles every pool, takes a [`fleet::repair::Snapshot`] of ledger and ECS, and performs what
//! the rules of [`fleet::repair`] find in it. It looks at how things are, not at what it did a minute
//! ago: a tick that is missed or that comes twice does no harm. Each pool is by itself, and so is each
//! step of a pool; what went wrong is one error in the end.

mod growth;
pub mod metrics;
mod perform;
mod settings;
mod settle;
mod snapshot;
mod steps;

use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::time::Duration;

use control::{Bookkeeper, EarlierListings, LaunchContext, Launchpad, QueuedAt, Steps};
use fleet::PoolName;
use fleet::ledger::Book;
use fleet::ports::{
    Clock, DescribeAutoScalingGroup, DescribeScalingActivities, DescribeTasks, Ledger, ListItems, ListTasks,
    Random, RunTask, SendSettle, SetMinSize, StopTask,
};
use fleet::repair::repairs;
use futures_util::future::{join, join_all};
use jiff::Timestamp;

use self::growth::Growth;
use self::perform::Performed;
pub use self::settings::SchedulerSettings;
use self::settle::{tell_books, tell_headroom};
pub use self::steps::TickStepError;
pub use control::Failed;

/// How long after its beginning a tick may still call `RunTask`. The function is ended after 50
/// seconds: the rest is for the last answers.
pub const LAUNCHING_TIME: Duration = Duration::from_secs(35);

/// ECS, with all that the scheduler does there.
pub trait SchedulerEcs: RunTask + StopTask + ListTasks + DescribeTasks {}

impl<T: RunTask + StopTask + ListTasks + DescribeTasks> SchedulerEcs for T {}

/// Auto Scaling, with all that the scheduler does there.
pub trait Scaling: DescribeAutoScalingGroup + DescribeScalingActivities + SetMinSize {}

impl<T: DescribeAutoScalingGroup + DescribeScalingActivities + SetMinSize> Scaling for T {}

/// The function with what it keeps from one tick to the next.
#[derive(Debug)]
pub struct Scheduler<L, C, T, S, Q> {
    launchpad: Launchpad<L, C, T, Q>,
    scaling: S,
    earlier: EarlierListings,
}

/// The books that a tick knows, each as its last transaction or read had it.
#[derive(Debug, Default)]
struct TickBooks {
    of_map: BTreeMap<PoolName, Book>,
    /// Those of pools that are out of the map; `None` where they were not read.
    retired: Option<BTreeMap<PoolName, Book>>,
}

impl<L: Ledger + ListItems, C: Clock + Random, T: SchedulerEcs, S: Scaling, Q: SendSettle>
    Scheduler<L, C, T, S, Q>
{
    /// A scheduler of this ledger (with the clock and the random bits that its transactions need),
    /// this ECS, this Auto Scaling and this queue to the launchers; the tasks that it launches again ask at
    /// this URL.
    pub fn new(books: Bookkeeper<L, C>, ecs: T, scaling: S, queue: Q, registrar_url: String) -> Self {
        let launchpad = Launchpad { books, ecs, queue, registrar_url };
        Self { launchpad, scaling, earlier: EarlierListings::default() }
    }

    /// One tick, with the settings of this moment: bounds, snapshot, rules, perform. Pools that want runners are
    /// handed on to the launchers, which share the work.
    pub async fn handle(&self, settings: &SchedulerSettings) -> Result<(), Failed> {
        let now = self.launchpad.books.system.now();
        let queued_at = QueuedAt::new();
        let until = now.checked_add(LAUNCHING_TIME).unwrap_or(Timestamp::MAX);
        let invocation = LaunchContext { settings, queued_at: &queued_at, until };

        let mut steps = Steps::default();
        let read = self.books(settings, &mut steps).await;
        let of_map = read.as_ref().map(|books| &books.of_map);
        let settled = settings.pools.iter().map(|pool| self.settle(&invocation, pool, of_map, now));
        let settled = join_all(settled).await;
        let mut books = TickBooks { retired: read.and_then(|books| books.retired), ..TickBooks::default() };
        let mut wanting = BTreeSet::new();
        for settled in settled {
            books.of_map.extend(settled.book.map(|book| (book.pool.clone(), book)));
            wanting.extend(settled.wanting);
            steps.extend(settled.steps);
        }
        tell_headroom(&settings.pools, &books.of_map);
        tell_books(&books.of_map, now);
        let handed_on = self.launchpad.hand_on(wanting, &queued_at, Duration::ZERO);
        let ((), repaired) = join(handed_on, self.repair(&invocation, books, now)).await;
        steps.extend(repaired.steps);
        self.launchpad.hand_on(repaired.wanting, &queued_at, Duration::ZERO).await;
        steps.ended()
    }

    /// Snapshot, rules, perform. What `RunTask` tells of tasks that ECS did not list is looked at by the
    /// same rules.
    async fn repair(&self, invocation: &LaunchContext<'_>, books: TickBooks, now: Timestamp) -> Performed {
        let (snapshot, steps) = self.snapshot(invocation, books, now).await;
        let growth = Growth::default();
        let mut performed = self.perform(invocation, &growth, repairs(&snapshot)).await;
        performed.steps.extend(steps);
        let found = mem::take(&mut performed.found);
        if !found.is_empty() {
            let described = self.describe(found, &mut performed.steps).await;
            let repairs = repairs(&snapshot.narrowed(described));
            performed.add(self.perform(invocation, &growth, repairs).await);
        }
        performed
    }
}
