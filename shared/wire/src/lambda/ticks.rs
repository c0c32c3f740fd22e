//! A schedule of EventBridge Scheduler that invokes a function at a fixed rate.
//!
//! An invocation that fails or takes too long delays no other one, as with an asynchronous invoke;
//! none is tried again, because the next tick does the same.

use std::time::Duration;

use tokio::task::JoinSet;

use super::Function;

/// The event of a tick.
const TICK: &str = "{}";

/// A rate. It ends when this is dropped.
#[derive(Debug)]
pub struct Ticks {
    _task: JoinSet<()>,
}

impl Ticks {
    /// Invokes the function now, and again each time that so much time has passed.
    pub fn start(function: &Function, every: Duration) -> Self {
        let function = function.clone();
        let mut task = JoinSet::new();
        task.spawn(async move {
            let mut rate = tokio::time::interval(every);
            let mut invocations = JoinSet::new();
            loop {
                rate.tick().await;
                // What a failure says is in the function's own log.
                while invocations.try_join_next().is_some() {}
                let function = function.clone();
                invocations.spawn(async move { function.invoke(TICK.into()).await.is_ok() });
            }
        });
        Self { _task: task }
    }
}
