//! The process's surroundings: its environment, its clock and its source of randomness. Nothing
//! outside the boot reads them.
#![allow(clippy::disallowed_methods, reason = "this is the boot code that reads them")]

use std::time::Duration;

use fleet::ports::{Clock, Random};
use jiff::Timestamp;

/// How variables are looked up.
pub(super) type LookupVariable = fn(&str) -> Option<String>;

/// A variable of the process's environment; one that is no Unicode is missing.
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The machine's clock and random bits, and waits of the async runtime.
#[derive(Debug, Clone, Copy)]
pub struct System;

impl Clock for System {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn sleep(&self, length: Duration) {
        tokio::time::sleep(length).await;
    }
}

impl Random for System {
    fn bits(&self) -> u128 {
        rand::random()
    }
}
