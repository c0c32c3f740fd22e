//! The sandbox's queue.

use contracts::ledger::at;
use contracts::queue::{Consume, MAX_RECEIVES, Received};
use fleet::PoolMap;
use fleet::ledger::JobMessage;
use fleet::pools::DEFAULT_POOLS;
use fleet::ports::{QueueError, SendMessage};
use sandbox::queue::{MAX_RECEIVES as OF_SANDBOX, VISIBILITY};
use sandbox::{Delays, Sandbox};

/// A sandbox, for its queue.
pub(crate) struct SandboxQueue(Sandbox);

impl SandboxQueue {
    pub(crate) fn new() -> Self {
        assert_eq!(usize::try_from(OF_SANDBOX), Ok(MAX_RECEIVES));
        let pools = PoolMap::from_toml(DEFAULT_POOLS).unwrap();
        Self(Sandbox::new(1, at(0), Delays::default(), &pools))
    }
}

impl SendMessage for SandboxQueue {
    async fn send_message(&self, message: &JobMessage) -> Result<(), QueueError> {
        self.0.send_message(message).await
    }
}

impl Consume for SandboxQueue {
    async fn receive(&self) -> Vec<Received> {
        let now = self.0.manual_clock().now();
        let received = self.0.queue().borrow_mut().receive(now, |_| 0);
        received.into_iter().map(|it| Received { handle: it.id, body: it.body }).collect()
    }

    async fn delete(&self, message: &Received) {
        self.0.queue().borrow_mut().delete(std::slice::from_ref(&message.handle));
    }

    /// The sandbox's clock turns for all messages at once.
    async fn time_out(&self, _: &Received) {
        let clock = self.0.manual_clock();
        clock.advance_to(clock.now() + VISIBILITY);
    }

    async fn dead_letters(&self) -> Vec<String> {
        self.0.queue().borrow().dead_letters().iter().map(|letter| letter.body.clone()).collect()
    }
}
