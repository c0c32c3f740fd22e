//! The scheduler's ticks, seen from outside: how long each took, and how many calls it made.

use std::time::Duration;

use jiff::Timestamp;
use sandbox::{FunctionName, Invocations, Sandbox, Service};

/// A tick that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tick {
    /// When its end was seen.
    pub ended_at: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// Calls to ECS, counting each page of a list.
    pub ecs_calls: u64,
    /// Calls to `DynamoDB`.
    pub ledger_calls: u64,
}

/// The ticks so far.
#[derive(Debug, Default)]
pub struct TickRecord {
    /// Each of them. Of two that ended in the same second, the mean.
    pub ended: Vec<Tick>,
    invocations: Invocations,
    ecs_calls: u64,
    ledger_calls: u64,
}

impl TickRecord {
    /// Looks for ticks that have ended since the last look.
    pub fn look(&mut self, sandbox: &Sandbox) {
        let invocations = sandbox.invocations_so_far();
        let invocations = invocations.get(&FunctionName::Scheduler).copied().unwrap_or_default();
        let count = invocations.count - self.invocations.count;
        if count == 0 {
            return;
        }
        let (ecs, ledger) = (calls(sandbox, Service::Ecs), calls(sandbox, Service::DynamoDb));
        let took = invocations.took.saturating_sub(self.invocations.took);
        self.ended.push(Tick {
            ended_at: sandbox.manual_clock().now(),
            took: took / u32::try_from(count).unwrap_or(u32::MAX),
            ecs_calls: (ecs - self.ecs_calls) / count,
            ledger_calls: (ledger - self.ledger_calls) / count,
        });
        (self.invocations, self.ecs_calls, self.ledger_calls) = (invocations, ecs, ledger);
    }

    /// The longest one.
    pub fn longest(&self) -> Option<Tick> {
        self.ended.iter().copied().max_by_key(|tick| tick.took)
    }
}

fn calls(sandbox: &Sandbox, service: Service) -> u64 {
    let calls = sandbox.calls_so_far();
    let of = calls
        .iter()
        .filter(|((function, it), _)| *function == FunctionName::Scheduler && it.service() == service);
    of.map(|(_, count)| count).sum()
}
