//! A clock that stands still until it is turned.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use jiff::Timestamp;

use crate::executor::Woken;

/// Time as a value: it moves when [`ManualClock::advance_to`] moves it, and wakes the sleepers.
#[derive(Debug)]
pub struct ManualClock {
    now: Cell<Timestamp>,
    sleepers: RefCell<BTreeMap<(Timestamp, u64), Waker>>,
    slept: Cell<u64>,
}

impl ManualClock {
    /// A clock that shows `start`.
    pub fn new(start: Timestamp) -> Self {
        Self { now: Cell::new(start), sleepers: RefCell::default(), slept: Cell::new(0) }
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.now.get()
    }

    /// Turns the clock forward, and wakes everybody whose time has come. It never goes back.
    pub fn advance_to(&self, to: Timestamp) {
        self.now.set(to.max(self.now.get()));
        let due = {
            let mut sleepers = self.sleepers.borrow_mut();
            let later = sleepers.split_off(&(self.now.get(), u64::MAX));
            std::mem::replace(&mut *sleepers, later)
        };
        due.into_values().for_each(Waker::wake);
    }

    /// When the next sleeper wakes.
    pub fn next_wake(&self) -> Option<Timestamp> {
        self.sleepers.borrow().keys().next().map(|&(at, _)| at)
    }

    /// Runs something to its end: whenever it waits for the time, the clock is turned to when it goes on.
    /// `None` if it waits for anything else.
    pub fn run<T>(&self, act: impl Future<Output = T>) -> Option<T> {
        let woken = Woken::new();
        let waker = Waker::from(Arc::clone(&woken));
        let mut act = pin!(act);
        loop {
            while woken.take() {
                if let Poll::Ready(end) = act.as_mut().poll(&mut Context::from_waker(&waker)) {
                    return Some(end);
                }
            }
            self.advance_to(self.next_wake()?);
        }
    }

    /// Waits until the clock has been turned by `length`.
    pub async fn sleep(&self, length: Duration) {
        let until = self.now.get().checked_add(length).unwrap_or(Timestamp::MAX);
        std::future::poll_fn(|context| {
            if self.now.get() >= until {
                return Poll::Ready(());
            }
            self.slept.set(self.slept.get() + 1);
            self.sleepers.borrow_mut().insert((until, self.slept.get()), context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}
