//! What a call takes, how many there were, and what somebody who counts sees of each.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use fleet::ledger::{Item, Key, Left, Listing, Put, Spend};
use fleet::ports::{Clock as _, LedgerError};
use futures_util::future::{Either, select};
use jiff::Timestamp;

use crate::sandbox::FunctionName;
use crate::{Operation, Sandbox, Span};

/// How long a call takes. Half of it is before its effect, and half of it after: each is drawn by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Latencies {
    /// Time stands still for calls.
    #[default]
    None,
    /// Every call takes as long, and so does a list, however long it is.
    Same(Span),
    /// Each operation has its own, each page of a list is one call, and a page that the client has kept costs
    /// none. Anything else takes no time.
    Each(BTreeMap<Operation, Span>),
}

impl Latencies {
    /// Half of a call.
    fn half(&self, operation: Operation) -> Option<Span> {
        let Span(whole) = match self {
            Self::None => return None,
            Self::Same(span) => span.clone(),
            Self::Each(spans) => {
                spans.get(&operation).cloned().unwrap_or(Span(Duration::ZERO..=Duration::ZERO))
            }
        };
        Some(Span(*whole.start() / 2..=*whole.end() / 2))
    }
}

/// A call, as it takes effect.
#[derive(Debug)]
pub struct Effect<'a> {
    /// When.
    pub at: Timestamp,
    /// Who made it.
    pub by: Option<FunctionName>,
    /// What it does.
    pub of: EffectOf<'a>,
}

/// What a call of the ledger or of the queue reads or writes.
#[derive(Debug)]
pub enum EffectOf<'a> {
    /// `BatchGetItem`, strongly consistent: the keys that it asked for, and the items found.
    Read(&'a [Key], &'a [Item]),
    /// The same, eventually consistent.
    ReadEventual(&'a [Key], &'a [Item]),
    /// `PutItem` of one, or `TransactWriteItems` of several: each as it was, and as it is to be; and whether it
    /// was written.
    Written(&'a [Option<Item>], &'a [Put], &'a Result<(), LedgerError>),
    /// `UpdateItem` of a meter: what was to be added, and what is left, or was where it is refused.
    Spent(&'a Spend, Result<Left, Left>),
    /// `Query` of the index: the keys that are listed.
    Listed(&'a Listing, &'a [Key]),
    /// A message arrives on the queue.
    Sent(&'a str),
}

/// Somebody who looks at each effect.
type Observer = Box<dyn Fn(&Effect<'_>)>;

/// The calls so far.
#[derive(Default)]
pub(crate) struct Calls {
    counts: RefCell<BTreeMap<(FunctionName, Operation), u64>>,
    invocations: RefCell<BTreeMap<FunctionName, Invocations>>,
    observer: RefCell<Option<Observer>>,
    is_observed: Cell<bool>,
}

/// The invocations of a function that have ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Invocations {
    /// How many.
    pub count: u64,
    /// How long all of them took: the time of their calls and their waits.
    pub took: Duration,
    /// Those beside them that Lambda has ended at their time limit.
    pub timed_out: u64,
}

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calls").field("counts", &self.counts.borrow()).finish_non_exhaustive()
    }
}

impl Sandbox {
    /// How many calls each function has made; those of nobody's invocation are not counted.
    pub fn calls_so_far(&self) -> BTreeMap<(FunctionName, Operation), u64> {
        self.calls().counts.borrow().clone()
    }

    /// The invocations of each function that have ended, but for those that crashed.
    pub fn invocations_so_far(&self) -> BTreeMap<FunctionName, Invocations> {
        self.calls().invocations.borrow().clone()
    }

    /// Shows every effect on the ledger and the queue to somebody from now on.
    pub fn observe(&self, observer: impl Fn(&Effect<'_>) + 'static) {
        self.calls().observer.replace(Some(Box::new(observer)));
        self.calls().is_observed.set(true);
    }

    /// Whether somebody looks at effects.
    pub(crate) fn is_observed(&self) -> bool {
        self.calls().is_observed.get()
    }

    /// Shows an effect to the observers.
    pub(crate) fn show(&self, of: EffectOf<'_>) {
        if let Some(observer) = &*self.calls().observer.borrow() {
            observer(&Effect { at: self.manual_clock().now(), by: self.running(), of });
        }
    }

    /// A message comes on the queue, and into sight after a delay.
    pub(crate) fn put_on_queue(&self, body: String, delay: Duration) {
        self.show(EffectOf::Sent(&body));
        let now = self.manual_clock().now();
        self.queue().borrow_mut().send(body, now, now + delay);
    }

    /// Runs an invocation to its end, or up to its time limit.
    pub(crate) async fn within_time<T>(&self, function: FunctionName, run: impl Future<Output = T>) -> T {
        let began = self.manual_clock().now();
        let end = match self.delays().time_limits.get(&function) {
            None => run.await,
            Some(&limit) => match select(pin!(run), pin!(self.sleep(limit))).await {
                Either::Left((end, _)) => end,
                Either::Right(((), _)) => {
                    self.calls().invocations.borrow_mut().entry(function).or_default().timed_out += 1;
                    loop {
                        self.crash().await;
                    }
                }
            },
        };
        let mut invocations = self.calls().invocations.borrow_mut();
        let of = invocations.entry(function).or_default();
        of.count += 1;
        of.took += self.manual_clock().now().duration_since(began).unsigned_abs();
        end
    }

    /// A call begins. Others run first, and half of its time passes where calls take any.
    pub(crate) async fn begin(&self, operation: Operation) {
        if let Some(function) = self.running() {
            *self.calls().counts.borrow_mut().entry((function, operation)).or_default() += 1;
        }
        self.step(operation).await;
    }

    /// A call has taken effect, and its answer is on the way.
    pub(crate) async fn end(&self, operation: Operation) {
        self.step(operation).await;
    }

    /// The calls beyond the first that it takes to come to the last of `count`, a page each, this many calls side
    /// by side. If operations are not distinguished, only their number counts.
    pub(crate) async fn pages(&self, operation: Operation, count: usize, page: usize, at_once: usize) {
        for number in 1..count.div_ceil(page) {
            if let Some(function) = self.running() {
                *self.calls().counts.borrow_mut().entry((function, operation)).or_default() += 1;
            }
            if number.is_multiple_of(at_once) && self.tells_operations_apart() {
                self.step(operation).await;
                self.step(operation).await;
            }
        }
    }

    /// Whether calls are those that the clients of AWS and of GitHub make, and not one for each port.
    pub(crate) fn tells_operations_apart(&self) -> bool {
        matches!(self.delays().calls, Latencies::Each(_))
    }

    /// Lets others run first, and half of a call's time pass where calls take any.
    async fn step(&self, operation: Operation) {
        if let Some(half) = self.delays().calls.half(operation) {
            return self.sleep(self.draw(&half)).await;
        }
        let mut waited = false;
        std::future::poll_fn(|context| {
            if waited {
                return Poll::Ready(());
            }
            waited = true;
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}

#[cfg(test)]
mod tests;
