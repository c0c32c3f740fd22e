//! What holds for each single event, whatever came before it.

use fleet::ledger::{
    AskAnswer, Book, Event, Item, Job, JobAction, JobState, Key, LeaveReason, LedgerAnswer, Runner,
    RunnerEvent, RunnerState,
};
use fleet::question::Listener;
use fleet::{PoolName, RunnerId};
use jiff::{SignedDuration, Timestamp};

use super::table::Items;

/// One event, with its answer, and the items before and after it.
pub(super) struct CheckedEvent<'a> {
    pub(super) event: &'a Event,
    pub(super) answer: LedgerAnswer,
    pub(super) before: &'a Items,
    pub(super) after: &'a Items,
    pub(super) now: Timestamp,
}

impl CheckedEvent<'_> {
    /// Fails if the step breaks a rule.
    pub(super) fn assert_allowed(&self) {
        for after in self.after.values() {
            match (self.before.get(&after.key()), after) {
                (before, Item::Job(after)) => self.assert_job(before.and_then(Item::job), after),
                (Some(Item::Runner(before)), Item::Runner(after)) => self.assert_runner(before, after),
                (Some(Item::Book(before)), Item::Book(after)) => self.assert_demand(before, after),
                _ => {}
            }
        }
        self.assert_answer();
    }

    /// Jobs only move forward, except one that a read of GitHub finds waiting or not served yet. They end only by GitHub's
    /// word.
    fn assert_job(&self, before: Option<&Job>, after: &Job) {
        if let Some(before) = before {
            let gated = (before.state, after.state) == (JobState::Queued, JobState::Waiting);
            let read =
                matches!(self.event, Event::FoundWaiting { version, .. } if *version == before.version);
            let tried_again = (before.state, after.state) == (JobState::Unserved, JobState::Queued)
                && matches!(self.event, Event::TriedAgain { version, .. } if *version == before.version);
            let may_go_back = gated && read || tried_again;
            assert!(before.state <= after.state || may_go_back, "{before:?} became {after:?}");
            let stays = before.pool == after.pool || after.state == JobState::Queued;
            assert!(stays, "only a job that waits is routed again: {before:?} became {after:?}");
        }
        let was_over = before.is_some_and(|before| before.state == JobState::Completed);
        let says = matches!(self.event, Event::Job(event) if event.action == JobAction::Completed);
        assert!(after.state != JobState::Completed || was_over || says, "{:?} ended {after:?}", self.event);
    }

    /// A webhook adds demand. Only a job's start or end, or a read, takes it away.
    fn assert_demand(&self, before: &Book, after: &Book) {
        let takes = match self.event {
            Event::Job(event) => event.action != JobAction::Queued,
            Event::FoundWaiting { .. }
            | Event::FoundUnserved { .. }
            | Event::Rerouted { .. }
            | Event::Recounted { .. } => true,
            Event::Runner(..)
            | Event::JobRead { .. }
            | Event::PassedOver { .. }
            | Event::TriedAgain { .. }
            | Event::Settle { .. }
            | Event::Bounds { .. } => false,
        };
        assert!(takes || after.queued >= before.queued, "{:?}: {before:?} became {after:?}", self.event);
    }

    /// Runners only move forward, except one that gets a job while it leaves, and an Overdue one that is needed when it
    /// asks.
    fn assert_runner(&self, before: &Runner, after: &Runner) {
        use RunnerState::{Busy, Idle, Leaving, Overdue};
        let moves = (before.state, after.state);
        let back = matches!(moves, (Leaving, Busy) | (Overdue, Idle));
        assert!(before.state <= after.state || back, "{before:?} became {after:?}");
        assert!(
            before.boot.is_none() || before.boot == after.boot,
            "it is bound to its first boot: {after:?}"
        );
        assert!(!before.listened || after.listened, "it has used its one config: {after:?}");
        assert!(before.overdue_at.is_none() || before.overdue_at == after.overdue_at, "once: {after:?}");
        let registers = matches!(self.event, Event::Runner(_, RunnerEvent::Registered(..)));
        assert!(before.github_id == after.github_id || registers, "{:?} registers {after:?}", self.event);
        let leaves = after.leaves.filter(|_| after.state == Leaving && before.state != Leaving);
        if let Some(reason) = leaves {
            self.assert_leaves(before, reason);
        }
        if after.state == Overdue && before.state != Overdue {
            let (before_it, book) = (self.book(self.before, &after.pool), self.book(self.after, &after.pool));
            assert!(before_it.jobs_wait_beside(before), "no job waits beside {after:?}");
            let lately = i64::from(book.overdue.within(SignedDuration::from_mins(15), self.now));
            assert!(lately <= book.queued, "{lately} were overdue lately: {book:?}");
        }
    }

    fn assert_leaves(&self, before: &Runner, reason: LeaveReason) {
        let needs = || self.book(self.before, &before.pool).needs(before, self.now);
        match reason {
            LeaveReason::NotNeeded => assert!(!needs(), "it has to leave while needed: {before:?}"),
            LeaveReason::Fenced | LeaveReason::NoCapacity => {
                assert!(before.boot.is_none(), "{reason:?} once it has asked: {before:?}");
            }
            LeaveReason::BootFailed => {
                assert!(before.github_id.is_none(), "it may have a job: {before:?}");
            }
            LeaveReason::ConfigUsed => assert!(before.listened, "it had none: {before:?}"),
            LeaveReason::AnotherBoot => assert!(before.boot.is_some(), "there is no other: {before:?}"),
            LeaveReason::NoWorker | LeaveReason::PoolClosed | LeaveReason::CountedOut => {}
        }
        let asks = matches!(self.event, Event::Runner(_, RunnerEvent::Asked(..)));
        let is_ended = before.state == RunnerState::Busy && !asks;
        assert!(!is_ended, "{:?} ends the job of {before:?}", self.event);
    }

    fn assert_answer(&self) {
        let Event::Runner(id, event) = self.event else { return };
        let (before, after) = (runner(self.before, id), runner(self.after, id));
        let (Some(before), Some(after)) = (before, after) else { return };
        match (event, self.answer) {
            (RunnerEvent::Asked(asker, ..), LedgerAnswer::Ask(AskAnswer::Config)) => {
                let book = self.book(self.after, &after.pool);
                assert!(book.idle <= book.demand(self.now), "a config too many: {book:?}");
                assert!(!before.listened, "a second config: {before:?}");
                assert_eq!((after.state, after.boot.as_ref()), (RunnerState::Idle, Some(asker)));
            }
            (RunnerEvent::Registered(boot, github_id), LedgerAnswer::Ask(AskAnswer::Config)) => {
                assert_eq!((after.boot.as_ref(), after.github_id), (Some(boot), Some(*github_id)));
            }
            (RunnerEvent::Asked(_, listener, _), LedgerAnswer::Ask(AskAnswer::Wait)) => {
                let is_first = before.boot.is_none() || before.listened != after.listened;
                let is_plain = !is_first && *listener != Listener::None && before.state == after.state;
                assert!(!is_plain || self.before == self.after, "a plain wait is a read: {after:?}");
            }
            (RunnerEvent::Asked(boot, ..), LedgerAnswer::Ask(AskAnswer::Contested | AskAnswer::Replayed)) => {
                assert!(before.boot.as_ref().is_some_and(|first| first != boot), "its own boot: {before:?}");
            }
            _ => {}
        }
    }

    fn book<'a>(&self, items: &'a Items, pool: &PoolName) -> &'a Book {
        let book = items.get(&Key::Book(pool.clone())).and_then(Item::book);
        book.unwrap_or_else(|| panic!("{pool} has runners but no book after {:?}", self.event))
    }
}

fn runner<'a>(items: &'a Items, id: &RunnerId) -> Option<&'a Runner> {
    items.get(&Key::Runner(id.clone())).and_then(Item::runner)
}
