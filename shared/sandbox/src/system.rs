//! The clock and the random bits of one function. Clocks differ, by as much as a world says.

use std::time::Duration;

use fleet::ports::{Clock, Random};
use jiff::Timestamp;

use crate::Sandbox;
use crate::sandbox::FunctionName;

/// What time it is for a function, and the random bits that it gets.
#[derive(Debug, Clone)]
pub struct FunctionSystem {
    sandbox: Sandbox,
    function: FunctionName,
}

impl Clock for FunctionSystem {
    fn now(&self) -> Timestamp {
        let now = self.sandbox.manual_clock().now();
        now.checked_add(self.sandbox.skew_of(self.function)).unwrap_or(now)
    }

    async fn sleep(&self, length: Duration) {
        self.sandbox.manual_clock().sleep(length).await;
    }
}

impl Random for FunctionSystem {
    fn bits(&self) -> u128 {
        self.sandbox.random_bits()
    }
}

impl Sandbox {
    /// The clock and the random bits of a function.
    pub fn system_of(&self, function: FunctionName) -> FunctionSystem {
        FunctionSystem { sandbox: self.clone(), function }
    }
}
