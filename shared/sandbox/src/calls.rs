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
    /// Each operation has its own, each page of a list is a call, and what a client keeps is none. What is not
    /// named takes no time.
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
    /// `BatchGetItem`, strongly consistent: the keys that it asked for, and what is there of them.
    Read(&'a [Key], &'a [Item]),
    /// `PutItem` of one, or `TransactWriteItems` of several: each as it was, and as it is to be; and whether it
    /// was written.
    Written(&'a [Option<Item>], &'a [Put], &'a Result<(), LedgerError>),
    /// `UpdateItem` of a meter: what was to be added, and what is left, or was where it is refused.
    Spent(&'a Spend, Result<Left, Left>),
    /// `Query` of the index: the keys that are listed.
    Listed(&'a Listing, &'a [Key]),
    /// A message comes on the queue, whoever sent it.
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

    /// Shows an effect to whoever looks at them.
    pub(crate) fn show(&self, of: EffectOf<'_>) {
        if let Some(observer) = &*self.calls().observer.borrow() {
            observer(&Effect { at: self.manual_clock().now(), by: self.running(), of });
        }
    }

    /// A message comes on the queue, and into sight after a delay.
    pub(crate) fn put_on_queue(&self, body: String, delay: Duration) {
        self.show(EffectOf::Sent(&body));
        self.queue().borrow_mut().send(body, self.manual_clock().now() + delay);
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

    /// The calls beyond the first that it takes to come to the last of `count`, a page of them each, so many calls
    /// side by side. Where operations are not told apart, they are counted alone.
    pub(crate) async fn pages(&self, operation: Operation, count: usize, page: usize, at_once: usize) {
        for number in 1..count.div_ceil(page) {
            if let Some(function) = self.running() {
                *self.calls().counts.borrow_mut().entry((function, operation)).or_default() += 1;
            }
            if number.is_multiple_of(at_once) && matches!(self.delays().calls, Latencies::Each(_)) {
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
#[allow(clippy::unwrap_used, reason = "a test that can not be set up fails")]
mod tests {
    use std::rc::Rc;

    use fleet::PoolMap;
    use fleet::ledger::Budget;
    use fleet::pools::DEFAULT_POOLS;
    use fleet::ports::{DescribeTasks as _, Ledger as _};

    use super::*;
    use crate::{Delays, placement_of};

    const START: Timestamp = Timestamp::constant(1_791_190_800, 0);

    fn sandbox(calls: Latencies) -> (Sandbox, PoolMap) {
        let pools = PoolMap::from_toml(DEFAULT_POOLS).unwrap();
        (Sandbox::new(1, START, Delays { calls, ..Delays::default() }, &pools), pools)
    }

    fn milliseconds(length: u64) -> Span {
        Span(Duration::from_millis(length)..=Duration::from_millis(length))
    }

    fn budget(version: u64) -> Put {
        Put(Item::Budget(Budget { version, ..Budget::default() }))
    }

    #[test]
    fn each_operation_takes_its_own_time_half_of_it_before_its_effect_and_each_page_is_a_call() {
        let spans = BTreeMap::from([
            (Operation::PutItem, milliseconds(8)),
            (Operation::DescribeTasks, milliseconds(50)),
        ]);
        let (sandbox, pools) = sandbox(Latencies::Each(spans));
        let effect = Rc::new(Cell::new(None));
        let seen = Rc::clone(&effect);
        sandbox.observe(move |it| seen.set(Some(it.at)));
        sandbox.set_running(Some(FunctionName::Scheduler));
        let passed = || sandbox.manual_clock().now().duration_since(START).as_millis();

        sandbox.manual_clock().run(sandbox.commit(&[budget(1)])).unwrap().unwrap();
        assert_eq!((effect.get().unwrap().duration_since(START).as_millis(), passed()), (4, 8));
        sandbox.manual_clock().run(sandbox.read(&[Key::Budget])).unwrap().unwrap();
        assert_eq!(passed(), 8, "what is not named takes no time");

        let cluster = placement_of(pools.iter().next().unwrap()).cluster;
        for (tasks, calls, times) in
            [(0, 1, 1), (100, 1, 1), (101, 2, 1), (500, 5, 1), (501, 6, 2), (1100, 11, 3)]
        {
            let (before, counted) = (passed(), sandbox.calls_so_far());
            let of = |counts: &BTreeMap<_, u64>| {
                counts.get(&(FunctionName::Scheduler, Operation::DescribeTasks)).copied().unwrap_or(0)
            };
            let tasks = vec![fleet::TaskArn::new("arn:aws:ecs:us-east-1:123456789012:task/none"); tasks];
            sandbox.manual_clock().run(sandbox.describe_tasks(&cluster, &tasks)).unwrap().unwrap();
            assert_eq!(passed() - before, 50 * times, "{} tasks: five calls side by side", tasks.len());
            assert_eq!(of(&sandbox.calls_so_far()) - of(&counted), calls, "{} tasks", tasks.len());
        }
    }

    #[test]
    fn whoever_observes_sees_what_was_there_and_whether_it_was_replaced() {
        let (sandbox, _) = sandbox(Latencies::None);
        let seen = Rc::new(RefCell::new(Vec::new()));
        let notes = Rc::clone(&seen);
        sandbox.observe(move |effect| {
            if let EffectOf::Written(before, puts, written) = effect.of {
                let versions =
                    before.iter().map(|it| it.as_ref().map_or(0, Item::version)).collect::<Vec<_>>();
                notes.borrow_mut().push((versions, puts.len(), written.is_ok()));
            }
        });
        let commit = |put| sandbox.manual_clock().run(sandbox.commit(&[put])).unwrap();
        commit(budget(1)).unwrap();
        assert_eq!(commit(budget(1)), Err(LedgerError::Conflict));
        commit(budget(2)).unwrap();
        assert_eq!(*seen.borrow(), [(vec![0], 1, true), (vec![1], 1, false), (vec![1], 1, true)]);
    }

    #[test]
    fn operations_are_found_by_their_names() {
        for operation in Operation::ALL {
            assert_eq!(Operation::of_name(operation.name()), Some(*operation));
        }
        assert_eq!(Operation::of_name("GetItem"), None, "the ledger reads by BatchGetItem alone");
    }
}
