//! Runs invocations a step at a time, in an order that somebody else chooses.
//!
//! A step is from one await to the next, so that two invocations can be interleaved, and one be
//! ended, at every await.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::future::LocalBoxFuture;

/// Invocations that are under way.
pub(crate) struct Executor<T> {
    invocations: Vec<Invocation<T>>,
}

struct Invocation<T> {
    future: LocalBoxFuture<'static, T>,
    woken: Arc<Woken>,
}

#[derive(Debug)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl<T> fmt::Debug for Executor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Executor").field("invocations", &self.invocations.len()).finish()
    }
}

impl<T> Default for Executor<T> {
    fn default() -> Self {
        Self { invocations: Vec::new() }
    }
}

impl<T> Executor<T> {
    /// Begins an invocation.
    pub(crate) fn spawn(&mut self, future: LocalBoxFuture<'static, T>) {
        self.invocations.push(Invocation { future, woken: Arc::new(Woken(AtomicBool::new(true))) });
    }

    /// The places of the invocations that can take a step now.
    pub(crate) fn ready(&self) -> Vec<usize> {
        let places = self.invocations.iter().enumerate();
        places.filter(|(_, it)| it.woken.0.load(Ordering::Relaxed)).map(|(place, _)| place).collect()
    }

    /// Whether nothing is under way, not even asleep.
    pub(crate) fn is_empty(&self) -> bool {
        self.invocations.is_empty()
    }

    /// Lets the invocation at this place take a step. What it returns at its end is given back.
    pub(crate) fn step(&mut self, place: usize) -> Option<T> {
        let invocation = self.invocations.get_mut(place)?;
        invocation.woken.0.store(false, Ordering::Relaxed);
        let waker = Waker::from(Arc::clone(&invocation.woken));
        match invocation.future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(end) => {
                drop(self.invocations.swap_remove(place));
                Some(end)
            }
            Poll::Pending => None,
        }
    }
}
