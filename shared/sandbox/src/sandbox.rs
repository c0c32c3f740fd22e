//! The sandbox's state, shared by everything that runs in it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use fleet::launch::Placement;
use fleet::schedule::GroupSizes;
use fleet::{PoolMap, PoolName};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::ManualClock;
use crate::calls::Calls;
use crate::delays::{Delays, Span};
use crate::ecs::Ecs;
use crate::faults::{Call, CrashPoint, Fault, Rates, Weather};
use crate::github::Github;
use crate::journal::{Journal, Subject};
use crate::placements::{placement_of, placements_of};
use crate::queue::Queue;
use crate::table::Table;

/// The key that the sandbox's tickets are issued under. It protects nothing.
pub const TICKET_KEY: &str = "sandbox-ticket-key";

/// A function, by its folder's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "a function is described in its folder")]
pub enum FunctionName {
    Webhook,
    Launcher,
    Registrar,
    Scheduler,
    Reconciler,
}

/// The platform's state. Clones share it.
#[derive(Debug, Clone)]
pub struct Sandbox(Rc<SandboxState>);

#[derive(Debug)]
struct SandboxState {
    clock: ManualClock,
    random: RefCell<StdRng>,
    table: RefCell<Table>,
    queue: RefCell<Queue>,
    queue_down: Cell<bool>,
    runner_current_on: Cell<Option<Date>>,
    weather: Weather,
    running: Cell<Option<FunctionName>>,
    calls: Calls,
    crashed: Cell<bool>,
    ecs: RefCell<Ecs>,
    groups: RefCell<BTreeMap<String, GroupSizes>>,
    failed_activities: RefCell<BTreeMap<String, (Timestamp, String)>>,
    skews: RefCell<BTreeMap<FunctionName, SignedDuration>>,
    github: RefCell<Github>,
    journal: RefCell<Journal>,
    delays: Delays,
}

impl AsRef<Self> for Sandbox {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl Sandbox {
    /// An empty platform, with what the pools need registered at ECS. One seed gives one timeline.
    pub fn new(seed: u64, start: Timestamp, delays: Delays, pools: &PoolMap) -> Self {
        Self::placed(seed, start, delays, pools, &placements_of(pools))
    }

    /// The same with what these placements name registered at ECS, and nothing else.
    pub fn placed(
        seed: u64,
        start: Timestamp,
        delays: Delays,
        pools: &PoolMap,
        placements: &BTreeMap<PoolName, Placement>,
    ) -> Self {
        let mut ecs = Ecs::default();
        for pool in pools.iter() {
            if let Some(placement) = placements.get(&pool.name) {
                ecs.register(pool, placement);
            }
        }
        Self(Rc::new(SandboxState {
            clock: ManualClock::new(start),
            random: RefCell::new(StdRng::seed_from_u64(seed)),
            table: RefCell::default(),
            queue: RefCell::default(),
            queue_down: Cell::new(false),
            runner_current_on: Cell::default(),
            weather: Weather::new(seed),
            running: Cell::new(None),
            calls: Calls::default(),
            crashed: Cell::new(false),
            ecs: RefCell::new(ecs),
            groups: RefCell::new(groups_of(pools)),
            failed_activities: RefCell::default(),
            skews: RefCell::default(),
            github: RefCell::default(),
            journal: RefCell::default(),
            delays,
        }))
    }

    /// The clock.
    pub fn manual_clock(&self) -> &ManualClock {
        &self.0.clock
    }

    /// The ledger's table.
    pub fn table(&self) -> &RefCell<Table> {
        &self.0.table
    }

    /// The queue.
    pub fn queue(&self) -> &RefCell<Queue> {
        &self.0.queue
    }

    /// ECS.
    pub fn ecs(&self) -> &RefCell<Ecs> {
        &self.0.ecs
    }

    /// The Auto Scaling groups, by name.
    pub fn groups(&self) -> &RefCell<BTreeMap<String, GroupSizes>> {
        &self.0.groups
    }

    /// An Auto Scaling group fails to launch an instance now; EC2 says why.
    pub fn fail_to_grow(&self, group: &str, message: &str) {
        let failed = (self.0.clock.now(), message.to_owned());
        self.0.failed_activities.borrow_mut().insert(group.to_owned(), failed);
    }

    /// When a group failed to launch an instance last, and why.
    pub(crate) fn failed_activity(&self, group: &str) -> Option<(Timestamp, String)> {
        self.0.failed_activities.borrow().get(group).cloned()
    }

    /// GitHub.
    pub fn github(&self) -> &RefCell<Github> {
        &self.0.github
    }

    /// The journal.
    pub fn journal(&self) -> &RefCell<Journal> {
        &self.0.journal
    }

    /// How long things take.
    pub fn delays(&self) -> &Delays {
        &self.0.delays
    }

    /// Takes the queue down, so that it takes no message, or up again.
    pub fn set_queue_down(&self, down: bool) {
        self.0.queue_down.set(down);
    }

    /// Whether the queue is down.
    pub fn is_queue_down(&self) -> bool {
        self.0.queue_down.get()
    }

    /// Sets the last day on which the images' runner program was known to be GitHub's newest, which tasks say from then on.
    pub fn set_runner_current_on(&self, day: Date) {
        self.0.runner_current_on.set(Some(day));
    }

    pub(crate) fn runner_current_on(&self) -> Option<Date> {
        self.0.runner_current_on.get()
    }

    /// Sets how far the clocks of functions are ahead of the sandbox's, or behind it.
    pub fn set_skews(&self, skews: BTreeMap<FunctionName, SignedDuration>) {
        *self.0.skews.borrow_mut() = skews;
    }

    /// How far a function's clock is ahead.
    pub(crate) fn skew_of(&self, function: FunctionName) -> SignedDuration {
        self.0.skews.borrow().get(&function).copied().unwrap_or_default()
    }

    /// Sets how likely one fault is from now on.
    pub fn set_fault(&self, fault: Fault, rate: f64) {
        self.0.weather.set_one(fault, rate);
    }

    /// Sets how likely each fault is from now on; none for fair weather.
    pub fn set_faults(&self, rates: Rates) {
        self.0.weather.set(rates, self.0.clock.now());
    }

    /// How often each fault has struck.
    pub fn faults_struck(&self) -> BTreeMap<Fault, u32> {
        let mut struck = BTreeMap::new();
        self.strikes_so_far().into_iter().for_each(|(fault, _)| *struck.entry(fault).or_default() += 1);
        struck
    }

    /// Each strike of a fault with its time, in their order.
    pub fn strikes_so_far(&self) -> Vec<(Fault, Timestamp)> {
        self.0.weather.struck()
    }

    /// Since when the faults are off, after they were on.
    pub fn fair_since(&self) -> Option<Timestamp> {
        self.0.weather.fair_since()
    }

    /// Whether a fault strikes now.
    pub fn strikes(&self, fault: Fault) -> bool {
        let strikes = self.0.weather.strikes(fault, self.0.clock.now());
        if strikes {
            self.note(|| Subject::Fault(fault), || fault.tells());
        }
        strikes
    }

    /// Says whose step comes next.
    pub(crate) fn set_running(&self, function: Option<FunctionName>) {
        self.0.running.set(function);
    }

    /// Whose step it is.
    pub(crate) fn running(&self) -> Option<FunctionName> {
        self.0.running.get()
    }

    /// The calls so far.
    pub(crate) fn calls(&self) -> &Calls {
        &self.0.calls
    }

    /// Crashes the running invocation, if that fault of its function strikes.
    pub(crate) async fn may_crash(&self, moment: CrashPoint, call: Call) {
        let Some(function) = self.0.running.get() else { return };
        if self.strikes(Fault::Crash(function, moment, call)) {
            self.crash().await;
        }
    }

    /// Crashes the running invocation.
    pub(crate) async fn crash(&self) {
        self.0.crashed.set(true);
        std::future::pending::<()>().await;
    }

    /// Whether the invocation that took the last step has crashed in it.
    pub(crate) fn take_crashed(&self) -> bool {
        self.0.crashed.take()
    }

    /// Writes a line into the journal.
    pub(crate) fn note(&self, subject: impl FnOnce() -> Subject, text: impl FnOnce() -> String) {
        self.0.journal.borrow_mut().note(self.0.clock.now(), subject, text);
    }

    /// A number below `count`.
    pub(crate) fn pick(&self, count: usize) -> usize {
        self.0.random.borrow_mut().random_range(0..count.max(1))
    }

    /// A number from 0 to 1.
    pub(crate) fn fraction(&self) -> f64 {
        self.0.random.borrow_mut().random()
    }

    /// A duration of a span.
    pub(crate) fn draw(&self, Span(span): &Span) -> Duration {
        self.0.random.borrow_mut().random_range(span.clone())
    }

    /// 128 random bits.
    pub(crate) fn random_bits(&self) -> u128 {
        self.0.random.borrow_mut().random()
    }
}

/// A group for each pool on EC2 instances, with room for all of its runners.
fn groups_of(pools: &PoolMap) -> BTreeMap<String, GroupSizes> {
    let groups = pools.iter().filter_map(|pool| {
        let name = placement_of(pool).auto_scaling_group?;
        let max_size = pool.maximum.div_ceil(pool.runners_per_instance?.max(1));
        Some((name, GroupSizes { min_size: 0, max_size }))
    });
    groups.collect()
}
