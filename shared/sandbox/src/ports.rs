//! The ports of `fleet`, implemented by the sandbox.
//!
//! Each call waits once before its effect and once after it: between two of these steps somebody
//! else may run, or the caller may crash.

mod deliveries;
mod ecs;
mod github;
mod lists;
mod scaling;

use std::time::Duration;

use fleet::JobId;
use fleet::ledger::{Item, JobMessage, JobState, Key, Left, Put, SettleMessage, Spend};
use fleet::ports::{
    Clock, Ledger, LedgerError, ListItems, Listing, QueueError, Random, SendMessage, SendSettle,
};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::calls::EffectOf;
use crate::faults::{Call, CrashPoint, Fault};
use crate::{Operation, Sandbox};

/// Most keys that one `BatchGetItem` takes.
const KEYS_A_BATCH: usize = 100;

/// How far an eventually consistent read is behind when it lags.
const READ_LAG: SignedDuration = SignedDuration::from_secs(3);

/// How far the index is behind when it lags.
const INDEX_LAG: SignedDuration = SignedDuration::from_secs(10);

impl Clock for Sandbox {
    fn now(&self) -> Timestamp {
        self.manual_clock().now()
    }

    async fn sleep(&self, length: Duration) {
        self.manual_clock().sleep(length).await;
    }
}

impl Random for Sandbox {
    fn bits(&self) -> u128 {
        self.random_bits()
    }
}

impl Ledger for Sandbox {
    async fn read(&self, keys: &[Key]) -> Result<Vec<Item>, LedgerError> {
        self.begin(Operation::BatchGetItem).await;
        if self.strikes(Fault::LedgerReadFails) {
            return Err(unavailable());
        }
        let items = self.table().borrow().read(keys);
        self.show(EffectOf::Read(keys, &items));
        self.pages(Operation::BatchGetItem, keys.len(), KEYS_A_BATCH, 1).await;
        self.end(Operation::BatchGetItem).await;
        Ok(items)
    }

    async fn read_eventual(&self, keys: &[Key]) -> Result<Vec<Item>, LedgerError> {
        self.begin(Operation::BatchGetItem).await;
        if self.strikes(Fault::LedgerReadFails) {
            return Err(unavailable());
        }
        let (items, as_of) = {
            let (table, behind) = (self.table().borrow(), self.manual_clock().now() - READ_LAG);
            (table.read(keys), table.read_as_of(keys, behind))
        };
        let items = if as_of != items && self.strikes(Fault::EventualReadLags) { as_of } else { items };
        self.show(EffectOf::ReadEventual(keys, &items));
        self.pages(Operation::BatchGetItem, keys.len(), KEYS_A_BATCH, 1).await;
        self.end(Operation::BatchGetItem).await;
        Ok(items)
    }

    async fn commit(&self, puts: &[Put]) -> Result<(), LedgerError> {
        let operation = if puts.len() == 1 { Operation::PutItem } else { Operation::TransactWriteItems };
        self.begin(operation).await;
        self.may_crash(CrashPoint::Before, Call::Commit).await;
        let unasked = self.waits_unasked(puts);
        let before = if self.is_observed() { self.table().borrow().before(puts) } else { Vec::new() };
        let written = self.table().borrow_mut().commit_at(puts, self.manual_clock().now());
        self.show(EffectOf::Written(&before, puts, &written));
        if let Some(job) = unasked.filter(|_| written.is_ok()) {
            let rule = "a job waits for an approval by GitHub's word alone";
            self.table().borrow_mut().note_violation(rule, format!("job {job}"));
        }
        self.end(operation).await;
        self.may_crash(CrashPoint::After, Call::Commit).await;
        if written.is_ok() && self.strikes(Fault::CommitAnswerLost) { Err(unavailable()) } else { written }
    }

    async fn spend(&self, spend: &Spend) -> Result<Result<Left, Left>, LedgerError> {
        self.begin(Operation::UpdateItem).await;
        if self.strikes(Fault::SpendFails) {
            return Err(unavailable());
        }
        let done = self.table().borrow_mut().spend(spend);
        self.show(EffectOf::Spent(spend, done));
        self.end(Operation::UpdateItem).await;
        if self.strikes(Fault::SpendAnswerLost) { Err(unavailable()) } else { Ok(done) }
    }
}

impl ListItems for Sandbox {
    async fn list(&self, listing: &Listing) -> Result<Vec<Key>, LedgerError> {
        self.begin(Operation::Query).await;
        if self.strikes(Fault::LedgerReadFails) {
            return Err(unavailable());
        }
        let (keys, as_of) = {
            let (table, behind) = (self.table().borrow(), self.manual_clock().now() - INDEX_LAG);
            (table.list(listing), table.list_as_of(listing, behind))
        };
        let keys = if as_of != keys && self.strikes(Fault::IndexLags) { as_of } else { keys };
        self.show(EffectOf::Listed(listing, &keys));
        self.end(Operation::Query).await;
        Ok(keys)
    }
}

impl SendMessage for Sandbox {
    async fn send_message(&self, message: &JobMessage) -> Result<(), QueueError> {
        self.send(message, Duration::ZERO).await
    }
}

impl SendSettle for Sandbox {
    async fn send_settle(&self, message: &SettleMessage, delay: Duration) -> Result<(), QueueError> {
        self.send(message, delay).await
    }
}

impl Sandbox {
    async fn send(&self, message: &impl Serialize, delay: Duration) -> Result<(), QueueError> {
        let body = serde_json::to_string(message).map_err(|error| QueueError(error.to_string()))?;
        self.begin(Operation::SendMessage).await;
        self.may_crash(CrashPoint::Before, Call::Send).await;
        if self.is_queue_down() || self.strikes(Fault::SendFails) {
            return Err(QueueError("the queue is down".to_owned()));
        }
        // As SQS takes it: whole seconds.
        let seconds = delay.as_secs() + u64::from(delay.subsec_nanos() > 0);
        self.put_on_queue(body, Duration::from_secs(seconds));
        self.end(Operation::SendMessage).await;
        self.may_crash(CrashPoint::After, Call::Send).await;
        if self.strikes(Fault::SendAnswerLost) { Err(QueueError("time-out".to_owned())) } else { Ok(()) }
    }
}

impl Sandbox {
    /// A job that a transaction lets wait for an approval, though GitHub has never said that it does, and has
    /// had a day to answer.
    fn waits_unasked(&self, puts: &[Put]) -> Option<JobId> {
        let (table, github) = (self.table().borrow(), self.github().borrow());
        let mut waiting =
            puts.iter().filter_map(|put| put.0.job().filter(|it| it.state == JobState::Waiting));
        waiting.find_map(|after| {
            let before = table.job(after.id).filter(|before| before.state == JobState::Queued)?;
            let is_young =
                after.changed_at.duration_since(before.changed_at) < SignedDuration::from_hours(24);
            (is_young && !github.has_said_gated(after.id)).then_some(after.id)
        })
    }
}

fn unavailable() -> LedgerError {
    LedgerError::Unavailable("time-out".to_owned())
}
