//! What can be seen of the queue and the ledger from outside: when each event entered the queue, when it was
//! recorded, and how many transactions that took.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use fleet::JobId;
use fleet::ledger::{Item, JobState, Put, RunnerState};
use fleet::ports::LedgerError;
use jiff::{SignedDuration, Timestamp};
use sandbox::{EffectOf, Sandbox};
use serde_json::Value;

/// An event, by what it does to the ledger.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Moved {
    /// A webhook's: the job has come at least this far.
    Job(JobId, JobState),
    /// ECS's: the runner's task has stopped.
    Stopped(String),
}

/// Transactions, and how many of them were refused because another function had written first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tries {
    /// All of them.
    pub tried: u64,
    /// Those that were refused.
    pub refused: u64,
}

/// What has been seen so far.
#[derive(Debug, Default)]
pub struct Observed {
    sent: BTreeMap<Moved, Timestamp>,
    written: BTreeMap<Moved, Timestamp>,
    /// Writes of books, jobs and runners.
    pub ledger: Tries,
    /// Writes of GitHub's budget alone.
    pub budget: Tries,
}

impl Observed {
    /// Watches everything that happens in a sandbox from now on.
    pub fn of(sandbox: &Sandbox) -> Rc<RefCell<Self>> {
        let observed = Rc::<RefCell<Self>>::default();
        let sees = Rc::clone(&observed);
        sandbox.observe(move |effect| match effect.of {
            EffectOf::Sent(body) => sees.borrow_mut().sent(body, effect.at),
            EffectOf::Written(_, puts, written) => sees.borrow_mut().written(puts, written, effect.at),
            EffectOf::Spent(..) => sees.borrow_mut().budget.tried += 1,
            EffectOf::Read(..) | EffectOf::ReadEventual(..) | EffectOf::Listed(..) => {}
        });
        observed
    }

    fn sent(&mut self, body: &str, at: Timestamp) {
        if let Some(moved) = moved(body) {
            self.sent.entry(moved).or_insert(at);
        }
    }

    fn written(&mut self, puts: &[Put], written: &Result<(), LedgerError>, at: Timestamp) {
        let is_budget = puts.iter().all(|put| put.0.budget().is_some());
        let tries = if is_budget { &mut self.budget } else { &mut self.ledger };
        tries.tried += 1;
        if written.is_err() {
            tries.refused += 1;
            return;
        }
        for Put(item) in puts {
            match item {
                Item::Job(job) => {
                    let states = [JobState::Queued, JobState::InProgress, JobState::Completed];
                    for state in states.into_iter().filter(|state| *state <= job.state) {
                        self.written.entry(Moved::Job(job.id, state)).or_insert(at);
                    }
                }
                Item::Runner(runner) if runner.state == RunnerState::Stopped => {
                    self.written.entry(Moved::Stopped(runner.id.to_string())).or_insert(at);
                }
                _ => {}
            }
        }
    }

    /// From the queue to the ledger, each webhook's event; the shortest first.
    pub fn webhooks_took(&self) -> Vec<SignedDuration> {
        self.took(|moved| matches!(moved, Moved::Job(..)))
    }

    /// The same of tasks that have stopped.
    pub fn stops_took(&self) -> Vec<SignedDuration> {
        self.took(|moved| matches!(moved, Moved::Stopped(_)))
    }

    /// Events that entered the queue and were never recorded.
    pub fn unwritten(&self) -> usize {
        self.sent.keys().filter(|moved| !self.written.contains_key(moved)).count()
    }

    fn took(&self, of: impl Fn(&Moved) -> bool) -> Vec<SignedDuration> {
        let sent = self.sent.iter().filter(|(moved, _)| of(moved));
        let mut took: Vec<_> = sent
            .filter_map(|(moved, at)| Some(self.written.get(moved)?.duration_since(*at)))
            // Another event, or a read, may have told the ledger before.
            .map(|took| took.max(SignedDuration::ZERO))
            .collect();
        took.sort();
        took
    }
}

/// What a queue message does to the ledger, if it is about a job's progress or a task's end.
fn moved(body: &str) -> Option<Moved> {
    let message: Value = serde_json::from_str(body).ok()?;
    if let Some(event) = message.get("job_event") {
        let state = match event.get("action")?.as_str()? {
            "queued" => JobState::Queued,
            "in_progress" => JobState::InProgress,
            "completed" => JobState::Completed,
            _ => return None,
        };
        return Some(Moved::Job(JobId(event.get("job")?.as_u64()?), state));
    }
    let detail =
        message.get("detail").filter(|detail| detail.get("lastStatus") == Some(&"STOPPED".into()))?;
    Some(Moved::Stopped(detail.get("startedBy")?.as_str()?.to_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn messages_are_known_by_what_they_do_to_the_ledger() {
        for (body, expected) in [
            (
                json!({"delivery": "guid", "job_event": {"action": "in_progress", "job": 7}}),
                Some(Moved::Job(JobId(7), JobState::InProgress)),
            ),
            (
                json!({"detail": {"lastStatus": "STOPPED", "startedBy": "runner"}}),
                Some(Moved::Stopped("runner".to_owned())),
            ),
            (json!({"detail": {"lastStatus": "RUNNING", "startedBy": "runner"}}), None),
            (json!({"settle": "fargate-x64"}), None),
        ] {
            assert_eq!(moved(&body.to_string()), expected, "{body}");
        }
        assert_eq!(moved("no JSON"), None);
    }
}
