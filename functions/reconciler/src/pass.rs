//! What one pass may still do, and what it knows of the sweeps.

use control::BudgetError;
use fleet::sweep::SweepCursor;
use jiff::{SignedDuration, Timestamp};
use metrics::counter;

use crate::ReconcilerSettings;
use crate::metrics::READS;

/// One pass.
pub(crate) struct Pass<'a> {
    pub(crate) settings: &'a ReconcilerSettings,
    pub(crate) began: Timestamp,
    /// Until when a call may still be begun.
    pub(crate) until: Timestamp,
    /// Calls that may still be made for what the pass is at.
    pub(crate) calls_left: u32,
    /// Calls of the hour that are left to others.
    pub(crate) spare: u32,
    /// How far the sweeps are, and how many calls were made in the last hour.
    pub(crate) cursor: SweepCursor,
    /// The same as the ledger has it.
    pub(crate) stored: SweepCursor,
    /// Calls that are not written down yet.
    pub(crate) calls: u32,
    /// Requests that a sweep still has to make, by its estimate.
    pub(crate) to_come: u32,
    /// Reads that were taken out of the minute's budget, and are not made yet.
    pub(crate) taken: u32,
    /// The same, before the sweep begins that they are for.
    pub(crate) taken_ahead: u32,
}

impl<'a> Pass<'a> {
    /// A pass begins, with the sweeps as the ledger has them. What an earlier pass has kept in memory counts as long
    /// as nobody has written since.
    pub(crate) fn begin(
        settings: &'a ReconcilerSettings,
        began: Timestamp,
        stored: SweepCursor,
        remembered: Option<SweepCursor>,
    ) -> Self {
        let remembered = remembered.filter(|it| it.version == stored.version);
        let cursor = remembered.unwrap_or_else(|| stored.clone().taken_over(began));
        Self {
            settings,
            began,
            until: began,
            calls_left: 0,
            spare: 0,
            cursor,
            stored,
            calls: 0,
            to_come: 0,
            taken: 0,
            taken_ahead: 0,
        }
    }

    /// Allows this many calls from now on, until this long after the beginning.
    pub(crate) fn allow(&mut self, calls: u32, time: SignedDuration) {
        (self.calls_left, self.spare) = (calls, 0);
        self.allow_time(time);
    }

    /// From now on calls may be made until so long after the beginning.
    pub(crate) fn allow_time(&mut self, time: SignedDuration) {
        self.until = self.began.checked_add(time).unwrap_or(Timestamp::MAX);
    }

    /// Whether its time is over.
    pub(crate) fn is_over(&self, now: Timestamp) -> bool {
        now > self.until
    }

    /// Takes one call, unless they are used up, or the time is.
    pub(crate) fn take_call(&mut self, now: Timestamp) -> Result<(), BudgetError> {
        self.may_call(now)?;
        self.pay(1, now);
        Ok(())
    }

    /// Whether a call may be made: there is time, and some are left of the pass's and the hour's.
    pub(crate) fn may_call(&mut self, now: Timestamp) -> Result<(), BudgetError> {
        let is_spent = self.cursor.reads.left(now, self.cursor.share(now)) <= self.spare;
        if self.is_over(now) || is_spent {
            return Err(BudgetError::Spent(now));
        }
        self.calls_left = self.calls_left.checked_sub(1).ok_or(BudgetError::Spent(now))?;
        Ok(())
    }

    /// Takes note of calls that were made and count in GitHub's hour.
    pub(crate) fn pay(&mut self, calls: u32, now: Timestamp) {
        let share = self.cursor.share(now);
        self.cursor.reads.pay(calls, now, share);
        self.calls = self.calls.saturating_add(calls);
        counter!(READS.name).increment(u64::from(calls));
    }

    /// Whether the hour has a call for one more, if each of those that are not answered yet costs one. Where none
    /// is open, [`Pass::may_call`] says so.
    pub(crate) fn has_calls_beside(&self, open: usize, now: Timestamp) -> bool {
        let open = u32::try_from(open).unwrap_or(u32::MAX);
        open == 0 || self.cursor.reads.left(now, self.cursor.share(now)) > self.spare.saturating_add(open)
    }

    /// Begins a sweep that will make this many requests.
    pub(crate) fn expect(&mut self, requests: u32) {
        (self.to_come, self.taken) = (requests, std::mem::take(&mut self.taken_ahead));
    }
}
