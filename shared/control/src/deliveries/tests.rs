//! A pass meets a GitHub that refuses, asks to wait or does not answer, and another pass.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use fleet::DeliveryId;
use fleet::delivery::{Attempt, AttemptId, AttemptPage, WORKFLOW_JOB};
use fleet::ledger::{Left, Meter, Spend};
use futures_util::FutureExt as _;
use kit::ledger::at;

use super::*;

/// When a pass ends, unless a test sets another time.
const LATER: i64 = 1_000_000;

/// A test's ledger, GitHub and clock.
#[derive(Default)]
struct DeliveriesWorld {
    items: RefCell<BTreeMap<Key, Item>>,
    meters: RefCell<BTreeMap<Meter, i64>>,
    /// How often the cursor was read.
    reads: Cell<u32>,
    /// How often another writer writes the cursor just before a commit.
    others: Cell<u32>,
    pages: Vec<AttemptPage>,
    /// The answers to GitHub's next calls, in place of the real ones.
    list_fails: RefCell<VecDeque<Option<GithubError>>>,
    redelivery_fails: RefCell<VecDeque<Option<GithubError>>>,
    listed: RefCell<Vec<Option<String>>>,
    redelivered: RefCell<Vec<i64>>,
    now: Cell<i64>,
    /// How long a call to GitHub takes, in seconds.
    call: Cell<i64>,
}

impl Ledger for &DeliveriesWorld {
    async fn read(&self, keys: &[Key]) -> Result<Vec<Item>, LedgerError> {
        self.reads.set(self.reads.get() + u32::from(keys == [Key::Deliveries]));
        let items = self.items.borrow();
        Ok(keys.iter().filter_map(|key| items.get(key)).cloned().collect())
    }

    async fn read_eventual(&self, keys: &[Key]) -> Result<Vec<Item>, LedgerError> {
        self.read(keys).await
    }

    async fn commit(&self, puts: &[Put]) -> Result<(), LedgerError> {
        let mut items = self.items.borrow_mut();
        for put in puts {
            if put.key() == Key::Deliveries && self.others.get() > 0 {
                self.others.set(self.others.get() - 1);
                return Err(LedgerError::Conflict);
            }
            if items.get(&put.key()).map_or(0, Item::version) != put.expected_version() {
                return Err(LedgerError::Conflict);
            }
            items.insert(put.key(), put.0.clone());
        }
        Ok(())
    }

    async fn spend(&self, spend: &Spend) -> Result<Result<Left, Left>, LedgerError> {
        let mut meters = self.meters.borrow_mut();
        Ok(spend.apply(meters.get(&spend.meter).copied()).map(|spent| {
            meters.insert(spend.meter, spent);
            Left(spend.at_most - spent)
        }))
    }
}

impl Clock for &DeliveriesWorld {
    fn now(&self) -> Timestamp {
        at(self.now.get())
    }

    async fn sleep(&self, _: Duration) {}
}

impl Random for &DeliveriesWorld {
    fn bits(&self) -> u128 {
        0
    }
}

impl ListDeliveries for &DeliveriesWorld {
    async fn list_deliveries(&self, cursor: Option<&str>) -> Result<AttemptPage, GithubError> {
        self.now.set(self.now.get() + self.call.get());
        self.listed.borrow_mut().push(cursor.map(str::to_owned));
        if let Some(error) = self.list_fails.borrow_mut().pop_front().flatten() {
            return Err(error);
        }
        let place = cursor.map_or(0, |cursor| cursor.parse().unwrap());
        Ok(self.pages[place].clone())
    }
}

impl Redeliver for &DeliveriesWorld {
    async fn redeliver(&self, attempt: AttemptId) -> Result<(), GithubError> {
        self.now.set(self.now.get() + self.call.get());
        self.redelivered.borrow_mut().push(attempt.0);
        self.redelivery_fails.borrow_mut().pop_front().flatten().map_or(Ok(()), Err)
    }
}

impl DeliveriesWorld {
    /// Makes this many calls in the minute of the first pass.
    fn spend(&self, calls: u32) {
        let spend = Limits::default().spend_github_calls(calls, at(10_000));
        self.meters.borrow_mut().insert(spend.meter, calls.into());
    }

    /// Failed deliveries by page; the last page has the oldest.
    fn of(pages: usize, a_page: i64) -> Self {
        let number = |page: usize, place: i64| i64::try_from(pages - page).unwrap() * a_page - place;
        let attempt = |id: i64| Attempt {
            id: AttemptId(id),
            guid: DeliveryId::new(format!("guid-{id}")),
            delivered_at: at(id),
            redelivery: false,
            status_code: 503,
            event: WORKFLOW_JOB.to_owned(),
            action: Some("queued".to_owned()),
        };
        let page = |page: usize| AttemptPage {
            attempts: (0..a_page).map(|place| attempt(number(page, place))).collect(),
            unreadable: 0,
            next: (page + 1 < pages).then(|| (page + 1).to_string()),
        };
        Self { pages: (0..pages).map(page).collect(), now: Cell::new(10_000), ..Self::default() }
    }

    /// A pass of an instance that has just started.
    fn pass(&self, until: i64) -> Result<DeliveriesPass, DeliveriesError> {
        self.pass_with(&DeliveriesMemory::default(), until)
    }

    fn pass_with(&self, memory: &DeliveriesMemory, until: i64) -> Result<DeliveriesPass, DeliveriesError> {
        let (books, limits) = (Bookkeeper { ledger: self, system: self }, Limits::default());
        let done = async {
            books.spend(&limits, PAGES_COST).await?;
            pass(&books, &limits, &self, memory, at(until)).await
        };
        done.now_or_never().expect("nothing waits")
    }

    /// The deliveries asked for since this was last called.
    fn asked(&self) -> Vec<i64> {
        self.redelivered.take()
    }

    fn item<T>(&self, key: &Key, of: impl FnOnce(&Item) -> Option<&T>) -> T
    where
        T: Clone + Default,
    {
        self.items.borrow().get(key).and_then(of).cloned().unwrap_or_default()
    }
}

#[test]
fn failed_deliveries_are_asked_for_oldest_first_up_to_a_passs_share() {
    let world = DeliveriesWorld::of(1, 60);
    let pass = world.pass(LATER).unwrap();
    assert_eq!(
        pass,
        DeliveriesPass { calls: 1, looked_at: 60, redelivered: 50, waiting: 60, ..DeliveriesPass::default() }
    );
    assert_eq!(world.asked(), (1..=50).collect::<Vec<_>>());
    assert_eq!(world.pass(LATER).unwrap().redelivered, 10, "the others come next");
    assert_eq!(world.asked(), (51..=60).collect::<Vec<_>>());
    let spent: i64 = world.meters.borrow().values().sum();
    assert_eq!(spent, i64::from(60 + 2 * PAGES_COST), "every call is taken out of the budget");
}

#[test]
fn of_two_passes_at_once_one_asks() {
    let world = DeliveriesWorld::of(1, 3);
    world.others.set(1);
    assert_eq!(world.pass(LATER), Err(DeliveriesError::Ledger(LedgerError::Conflict)));
    assert_eq!(world.asked(), [] as [i64; 0]);
}

#[test]
fn an_instance_remembers_its_cursor_until_another_one_has_written() {
    let world = DeliveriesWorld::of(1, 3);
    let (memory, other) = (DeliveriesMemory::default(), DeliveriesMemory::default());
    assert_eq!(world.pass_with(&memory, LATER).unwrap().redelivered, 3);
    let before = world.reads.get();
    assert_eq!(world.pass_with(&memory, LATER).unwrap().redelivered, 0);
    assert_eq!(world.reads.get(), before, "it remembers them");

    assert_eq!(world.pass_with(&other, LATER).unwrap().redelivered, 0, "another instance writes");
    let conflict = Err(DeliveriesError::Ledger(LedgerError::Conflict));
    assert_eq!(
        world.pass_with(&memory, LATER),
        conflict,
        "it asks for none that the other instance may have asked for"
    );
    assert_eq!(world.pass_with(&memory, LATER).unwrap().waiting, 3, "it has read them again");
    assert_eq!(world.asked(), [1, 2, 3]);
}

#[test]
fn githubs_wait_ends_the_pass_holds_for_all_and_loses_nothing() {
    let world = DeliveriesWorld::of(1, 4);
    let wait = GithubError::Wait(Duration::from_secs(75));
    world.redelivery_fails.borrow_mut().extend([None, Some(wait.clone())]);
    let pass = world.pass(LATER).unwrap();
    assert_eq!((pass.redelivered, pass.cut_off), (1, Some(wait.into())));
    assert_eq!(world.asked(), [1, 2]);
    let until = at(10_000 + 75);
    assert_eq!(world.item(&Key::Budget, Item::budget).wait_until, Some(until));
    assert_eq!(world.pass(LATER), Err(DeliveriesError::Budget(BudgetError::Spent(until))));
    assert_eq!(world.listed.borrow().len(), 1, "GitHub is not called meanwhile");

    world.now.set(10_075);
    assert_eq!(world.pass(LATER).unwrap().redelivered, 3);
    assert_eq!(world.asked(), [2, 3, 4], "not the first, which was asked for");
}

#[test]
fn a_list_that_breaks_off_continues_at_that_page() {
    let world = DeliveriesWorld::of(3, 2);
    let down = GithubError::Unavailable("502 Bad Gateway".to_owned());
    world.list_fails.borrow_mut().extend([None, Some(down.clone())]);
    let pass = world.pass(LATER).unwrap();
    assert_eq!((pass.looked_at, pass.redelivered, pass.cut_off), (2, 0, Some(down.into())));
    let pass = world.pass(LATER).unwrap();
    assert_eq!((pass.looked_at, pass.redelivered), (4, 6));
    let listed: Vec<Option<String>> = world.listed.take();
    assert_eq!(listed, [None, Some("1"), Some("1"), Some("2")].map(|it| it.map(str::to_owned)));
}

#[test]
fn a_cursor_that_github_no_longer_knows_restarts_the_walk() {
    let world = DeliveriesWorld::of(2, 2);
    let unknown = GithubError::Refused("422 Validation Failed".to_owned());
    world.list_fails.borrow_mut().extend([None, Some(unknown.clone())]);
    assert_eq!(world.pass(LATER).unwrap().cut_off, Some(unknown.into()));
    assert_eq!(world.pass(LATER).unwrap().redelivered, 4);
    assert_eq!(world.listed.take()[2], None);
}

#[test]
fn one_refusal_does_not_hold_up_the_others_and_three_in_a_row_end_the_pass() {
    let refused = || Some(GithubError::Refused("422 Validation Failed".to_owned()));
    let world = DeliveriesWorld::of(1, 6);
    world.redelivery_fails.borrow_mut().extend([refused(), refused(), None, refused(), refused(), None]);
    let pass = world.pass(LATER).unwrap();
    assert_eq!((pass.redelivered, pass.refused, pass.cut_off), (2, 4, None));

    let world = DeliveriesWorld::of(1, 6);
    world.redelivery_fails.borrow_mut().extend([refused(), refused(), refused()]);
    let pass = world.pass(LATER).unwrap();
    assert_eq!((pass.redelivered, pass.refused), (0, 3));
    assert_eq!(pass.cut_off, refused().map(Into::into));
    world.asked();
    assert_eq!(world.pass(LATER).unwrap().redelivered, 3);
    assert_eq!(world.asked(), [4, 5, 6], "the refused ones wait before they are asked for again");
}

#[test]
fn nothing_is_called_when_the_time_is_over() {
    let world = DeliveriesWorld::of(1, 4);
    world.call.set(10);
    let pass = world.pass(10_030).unwrap();
    assert_eq!((pass.redelivered, pass.cut_off), (2, Some(DeliveriesError::OutOfTime)));
    assert_eq!(world.asked(), [1, 2]);
    world.call.set(0);
    assert_eq!(world.pass(LATER).unwrap().redelivered, 2);
    assert_eq!(world.asked(), [3, 4]);
    assert_eq!(world.pass(0).unwrap().cut_off, Some(DeliveriesError::OutOfTime), "not even the list");
}

#[test]
fn a_pass_without_calls_left_in_its_minute_lists_nothing() {
    let world = DeliveriesWorld::of(1, 4);
    world.spend(170);
    assert!(matches!(world.pass(LATER), Err(DeliveriesError::Budget(BudgetError::Spent(_)))));
    assert_eq!(world.listed.take(), [] as [Option<String>; 0]);
}

#[test]
fn deliveries_that_the_budget_has_no_room_for_are_asked_for_a_minute_later() {
    let world = DeliveriesWorld::of(1, 30);
    world.spend(170 - PAGES_COST - 15);
    assert_eq!(world.pass(LATER).unwrap().redelivered, 10);
    world.now.set(10_060);
    assert_eq!(world.pass(LATER).unwrap().redelivered, 20);
    let each: std::collections::BTreeSet<i64> = world.asked().into_iter().collect();
    assert_eq!(each.len(), 30);
}
