//! The ticks of the functions that come each minute: the scheduler and the reconciler.

use std::collections::BTreeMap;
use std::rc::Rc;

use fleet::schedule::GroupSizes;
use jiff::{SignedDuration, Timestamp};

use super::functions::End;
use super::{Functions, World};
use crate::faults::Fault;
use crate::sandbox::{FunctionName, Sandbox};

/// From one tick to the next.
const EVERY: SignedDuration = SignedDuration::from_mins(1);

/// How long a token of an installation lasts (GitHub: "expire after one hour").
const TOKEN_LASTS: SignedDuration = SignedDuration::from_hours(1);

/// What a tick can change by itself: the ledger, by the number of its transactions, and the groups.
/// The tasks that it starts and stops were reserved, or fenced, before, and are in the ledger until
/// they have stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TickState {
    moves: u64,
    groups: BTreeMap<String, GroupSizes>,
}

impl TickState {
    fn of(sandbox: &Sandbox) -> Self {
        Self { moves: sandbox.table().borrow().moves(), groups: sandbox.groups().borrow().clone() }
    }
}

/// When ticks come, and what the last one left.
#[derive(Debug)]
pub(super) struct Ticks {
    next: Timestamp,
    /// How the platform was when a tick last found nothing to do.
    nothing_to_do: Option<TickState>,
}

impl Ticks {
    /// The first tick comes a minute after the beginning.
    pub(super) fn from(start: Timestamp) -> Self {
        Self { next: after(start), nothing_to_do: None }
    }
}

impl<F: Functions + 'static> World<F> {
    /// When the next tick comes. On the way to rest those that have nothing to do are left out: a day in
    /// which GitHub forgets a dead runner has more than a thousand of them.
    pub(super) fn next_tick(&mut self, to_rest: bool) -> Option<Timestamp> {
        if !to_rest || self.needs_ticks() {
            return Some(self.ticks.next);
        }
        let now = self.now();
        while self.ticks.next <= now {
            self.ticks.next = after(self.ticks.next);
        }
        None
    }

    /// Runs the scheduler and the reconciler, and puts the next tick down.
    pub(super) fn tick(&mut self) {
        self.ticks.next = after(self.ticks.next);
        self.watch_jobs();
        // The reconciler's token is good for an hour.
        if self.now().as_second().rem_euclid(TOKEN_LASTS.as_secs()) < EVERY.as_secs() {
            self.sandbox.github().borrow_mut().renew_token();
        }
        for _ in 0..self.times(Fault::SchedulerTickMissed, Fault::SchedulerTickDoubled) {
            let (functions, seen) = (Rc::clone(&self.functions), TickState::of(&self.sandbox));
            let ended = async move {
                functions.scheduler().await;
                End::Tick(seen)
            };
            self.invoke(FunctionName::Scheduler, ended, End::Nothing);
        }
        for _ in 0..self.times(Fault::ReconcilerPassMissed, Fault::ReconcilerPassDoubled) {
            let functions = Rc::clone(&self.functions);
            let ended = async move {
                functions.reconciler().await;
                End::Nothing
            };
            self.invoke(FunctionName::Reconciler, ended, End::Nothing);
        }
    }

    /// How often a function comes at this tick.
    fn times(&self, missed: Fault, doubled: Fault) -> usize {
        if self.sandbox.strikes(missed) {
            return 0;
        }
        if self.sandbox.strikes(doubled) { 2 } else { 1 }
    }

    pub(super) fn ticked(&mut self, before: &TickState) {
        let now = TickState::of(&self.sandbox);
        self.ticks.nothing_to_do = (*before == now).then_some(now);
    }

    /// Whether a tick may still find something to do: the last one did, or something was written since;
    /// or something is queued or lives, or is to be kept, or is to be read from GitHub, so that time alone may
    /// make work.
    ///
    /// Where none may, ticks go on, and do not keep the platform from being at rest.
    pub(super) fn needs_ticks(&self) -> bool {
        let table = self.sandbox.table().borrow();
        let is_in_use = table
            .books()
            .any(|book| book.queued != 0 || book.supply != 0 || book.live != 0 || book.minimum > 0);
        let is_in_use = is_in_use
            || table.has_jobs_to_read()
            || table.is_miscounted()
            || self.has_strays()
            || self.sandbox.github().borrow().has_missed_deliveries(self.now());
        let found_nothing = self.ticks.nothing_to_do.as_ref();
        is_in_use
            || found_nothing.is_none_or(|then| {
                then.moves != table.moves() || then.groups != *self.sandbox.groups().borrow()
            })
    }
}

fn after(tick: Timestamp) -> Timestamp {
    tick.checked_add(EVERY).unwrap_or(Timestamp::MAX)
}
