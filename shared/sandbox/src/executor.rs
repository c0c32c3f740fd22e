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
pub(crate) struct Executor<N, T> {
    invocations: Vec<RunningInvocation<N, T>>,
}

struct RunningInvocation<N, T> {
    future: LocalBoxFuture<'static, T>,
    name: Option<N>,
    if_crashed: T,
    woken: Arc<Woken>,
}

/// Whether a future asks to be polled again.
#[derive(Debug)]
pub(crate) struct Woken(AtomicBool);

impl Woken {
    /// One that was not polled yet.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(AtomicBool::new(true)))
    }

    /// Whether it asks. Resets it: from then on it has to ask again.
    pub(crate) fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl<N, T> fmt::Debug for Executor<N, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Executor").field("invocations", &self.invocations.len()).finish()
    }
}

impl<N, T> Default for Executor<N, T> {
    fn default() -> Self {
        Self { invocations: Vec::new() }
    }
}

impl<N: Copy, T> Executor<N, T> {
    /// Begins an invocation, of a function by its name, with what stands for its end if it crashes.
    pub(crate) fn spawn(&mut self, future: LocalBoxFuture<'static, T>, name: Option<N>, if_crashed: T) {
        let woken = Woken::new();
        self.invocations.push(RunningInvocation { future, name, if_crashed, woken });
    }

    /// Whose invocation is at this place.
    pub(crate) fn name(&self, place: usize) -> Option<N> {
        self.invocations.get(place)?.name
    }

    /// Ends the invocation at this place where it stands.
    pub(crate) fn crash(&mut self, place: usize) -> Option<T> {
        (place < self.invocations.len()).then(|| self.invocations.swap_remove(place).if_crashed)
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

    /// Whose invocations are under way.
    pub(crate) fn names(&self) -> impl Iterator<Item = Option<N>> {
        self.invocations.iter().map(|invocation| invocation.name)
    }

    /// Lets the invocation at this place take a step. What it returns at its end is given back.
    pub(crate) fn step(&mut self, place: usize) -> Option<T> {
        let invocation = self.invocations.get_mut(place)?;
        invocation.woken.take();
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
