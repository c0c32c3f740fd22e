//! What of a cursor must be written down, and what may wait.

use jiff::{SignedDuration, Timestamp};

use super::{Candidate, LOST_FOR, SILENT_FOR, SweepCursor};

/// Calls are written down once they are paid for longer ahead than this, from the beginning of their pass: most of
/// the time to the next one. Fewer are paid for by then, whether they are written down or not, but for a pass
/// that comes early.
const PAID_BEFORE_NEXT: SignedDuration = SignedDuration::from_secs(50);

/// How much newer a repository's last job or push may be than what is stored of it. It is looked through for a
/// day after that, so that a crash shortens the day to 22 hours at worst.
const ACTIVITY_LAGS: SignedDuration = SignedDuration::from_hours(2);

/// How much newer the last webhook may be than what is stored of it, once a sweep has found a job: half of the
/// silence that means something. Before that it tells nothing, and may be older (see [`SweepCursor::taken_over`]).
const HEARD_LAGS: SignedDuration = SignedDuration::from_secs(SILENT_FOR.as_secs() / 2);

impl SweepCursor {
    /// Whether something in it is to be kept that the stored one does not have, by the pass that began then; its
    /// turns are those since `turns_since`.
    ///
    /// Who has this cursor in its memory knows all of it. For a pass that has the stored one alone, these may be
    /// older, and all else is as it is: when repositories had their turns, where each has had one since (then
    /// none waits longer than another); calls that are paid for before the next pass begins; when a repository was
    /// active last; and when a webhook was heard of last.
    pub fn has_news(&self, stored: &Self, began: Timestamp, turns_since: Timestamp, now: Timestamp) -> bool {
        let had_turns = self.all_had_turns_since(turns_since, now);
        let mut new = Self { version: stored.version, ..self.clone() };
        for (repository, candidate) in &mut new.candidates {
            if let Some(known) = stored.candidates.get(repository) {
                candidate.take_for_known(known, had_turns);
            }
        }
        let heard_lags = if stored.has_found_lately(now) { HEARD_LAGS } else { ACTIVITY_LAGS };
        if lags(self.heard_at, stored.heard_at, heard_lags) {
            new.heard_at = stored.heard_at;
        }
        if self.reads.paid_to.is_none_or(|to| to.duration_since(began) <= PAID_BEFORE_NEXT) {
            new.reads = stored.reads;
        }
        new != *stored
    }

    /// The cursor for a pass that has nothing but what is stored. As long as no job was found, nobody writes down
    /// each webhook that was heard of: those that came before are taken to have come until a while ago. A silence
    /// is noticed that much later, once.
    #[must_use]
    pub fn taken_over(mut self, now: Timestamp) -> Self {
        if !self.has_found_lately(now) && self.heard_at.is_some() {
            self.heard_at = self.heard_at.max(now.checked_sub(HEARD_LAGS).ok());
        }
        self
    }

    fn has_found_lately(&self, now: Timestamp) -> bool {
        self.found_at.is_some_and(|at| now.duration_since(at) < LOST_FOR)
    }

    fn all_had_turns_since(&self, since: Timestamp, now: Timestamp) -> bool {
        let mut shown =
            self.candidates.values().filter(|it| it.hidden_until.is_none_or(|until| until <= now));
        shown.all(|candidate| candidate.swept_at.is_some_and(|at| at >= since))
    }
}

impl Candidate {
    /// Makes those of its times equal to the stored ones that may differ from them.
    fn take_for_known(&mut self, stored: &Self, had_turn: bool) {
        if had_turn {
            self.swept_at = stored.swept_at;
        }
        for (new, known) in [(&mut self.job_at, stored.job_at), (&mut self.pushed_at, stored.pushed_at)] {
            if lags(*new, known, ACTIVITY_LAGS) {
                *new = known;
            }
        }
    }
}

/// Whether the stored time is so little older that it may stand.
fn lags(new: Option<Timestamp>, stored: Option<Timestamp>, most: SignedDuration) -> bool {
    new.zip(stored).is_some_and(|(new, stored)| new.duration_since(stored) < most)
}
