//! A question that is being answered, one step at a time. One that is dropped was cut off: its registrar
//! has ended.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use sandbox::ManualClock;

use crate::wire::ReadAnswer;

/// More steps than any answer takes.
const STEPS: usize = 200;

/// The question.
pub(crate) struct OnItsWay<'a> {
    clock: &'a ManualClock,
    answer: Pin<Box<dyn Future<Output = ReadAnswer> + 'a>>,
}

impl<'a> OnItsWay<'a> {
    pub(crate) fn new(clock: &'a ManualClock, answer: impl Future<Output = ReadAnswer> + 'a) -> Self {
        Self { clock, answer: Box::pin(answer) }
    }

    /// Goes on by this many steps. There is one before each call's effect, and one after it. Gives the answer where
    /// that is all.
    pub(crate) fn go_on(&mut self, steps: usize) -> Option<ReadAnswer> {
        let mut context = Context::from_waker(Waker::noop());
        (0..steps).find_map(|_| match self.answer.as_mut().poll(&mut context) {
            Poll::Ready(answered) => Some(answered),
            Poll::Pending => None,
        })
    }

    /// Goes on until something holds.
    pub(crate) fn go_on_until(&mut self, holds: impl Fn() -> bool) {
        for _ in 0..STEPS {
            if holds() {
                return;
            }
            assert!(self.go_on(1).is_none(), "it was answered before");
        }
        panic!("it does not come to hold");
    }

    /// Goes on to the end.
    pub(crate) fn finish(self) -> ReadAnswer {
        self.clock.run(self.answer).expect("it waits for the clock alone")
    }
}
