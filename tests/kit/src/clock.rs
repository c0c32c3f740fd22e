//! A clock for tests in which no time passes.

use std::time::Duration;

use fleet::ports::Clock;
use jiff::Timestamp;

/// Always says this time. A wait is over at once.
#[derive(Debug, Clone, Copy)]
pub struct StoppedClock(pub Timestamp);

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        self.0
    }

    async fn sleep(&self, _: Duration) {}
}
