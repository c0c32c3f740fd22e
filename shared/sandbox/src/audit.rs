//! Holds every transaction against what must always be so.

use std::collections::{BTreeMap, BTreeSet};

use fleet::PoolName;
use fleet::launch::RUN_THIRDS_ALLOWED;
use fleet::ledger::{
    BOOT_LIMIT, Book, Item, JobState, LeaveReason, Put, Rest, Runner, RunnerState, SLOW, Totals,
};
use jiff::{SignedDuration, Timestamp};

use crate::races::{self, Race};

/// Refused launches, or failed boots, that open a breaker at most.
const FAILURES_OPEN: u32 = 3;

/// Something that must never be, and was.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// The rule, in a few words that stay the same.
    pub rule: &'static str,
    /// What was found.
    pub found: String,
}

/// The auditor of a table. It counts along, so that a check costs what the transaction costs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Audit {
    totals: BTreeMap<PoolName, Totals>,
    /// Runners Idle of a pool, counted here by their state alone.
    idle: BTreeMap<PoolName, i64>,
    /// What somebody has written into a book by hand, beyond what its items add up to.
    miscounted: BTreeMap<PoolName, Totals>,
    violations: Vec<Violation>,
    races: BTreeMap<Race, u32>,
}

/// Whether an item is counted, or no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Count {
    In,
    Out,
}

impl Audit {
    /// What was found so far.
    pub(crate) fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// How often each race was run.
    pub(crate) fn races(&self) -> &BTreeMap<Race, u32> {
        &self.races
    }

    /// A race was run.
    pub(crate) fn note_race(&mut self, race: Race) {
        *self.races.entry(race).or_default() += 1;
    }

    /// Looks at one transaction: each item as it was, with its write. `book` gives a book as it is
    /// once the transaction is written.
    pub(crate) fn transaction<'a>(
        &mut self,
        writes: &[(Option<Item>, &Put)],
        book: impl Fn(&PoolName) -> Option<&'a Book>,
    ) {
        let mut touched = BTreeSet::new();
        let now = moment(writes);
        for (before, Put(after)) in writes {
            if let Some(before) = before {
                self.count(before, Count::Out, &mut touched);
            }
            self.count(after, Count::In, &mut touched);
        }
        for (before, Put(after)) in writes {
            self.check_states(before.as_ref(), after);
            self.check_growth(before.as_ref(), after, writes, now);
            self.check_batches(before.as_ref(), after);
            if let (Some(Item::Runner(before)), Item::Runner(after)) = (before, after) {
                // Of a pool whose book is wrong only the book itself is promised anything.
                let book = book(&after.pool).filter(|_| !self.miscounted.contains_key(&after.pool));
                self.check_leave(before, after, book);
                self.check_config(before, after, book);
                self.check_overdue(before, after, book);
                self.check_wait(before, after, writes.len());
            }
            for race in races::of_write(before.as_ref(), after) {
                self.note_race(race);
            }
        }
        self.check_reservations(writes);
        for pool in touched {
            let counted = self.totals.get(&pool).copied().unwrap_or_default();
            let says = book(&pool).map(Totals::from).unwrap_or_default();
            if says == counted {
                self.miscounted.remove(&pool);
            }
            let mut expected = counted;
            expected += self.miscounted.get(&pool).copied().unwrap_or_default();
            if says != expected {
                self.note(
                    "books equal their items",
                    format!("{pool}: the book says {says:?}, the items {counted:?}"),
                );
            }
        }
    }

    fn count(&mut self, item: &Item, by: Count, touched: &mut BTreeSet<PoolName>) {
        if let Some(idle) = item.runner().filter(|runner| runner.state == RunnerState::Idle) {
            *self.idle.entry(idle.pool.clone()).or_default() += if by == Count::In { 1 } else { -1 };
        }
        for (pool, counts) in item.counts() {
            let totals = self.totals.entry(pool.clone()).or_default();
            match by {
                Count::In => *totals += counts,
                Count::Out => *totals -= counts,
            }
            touched.insert(pool.clone());
        }
    }

    /// A job only moves forward, but for one that GitHub was asked for. A stopped runner stays so.
    fn check_states(&mut self, before: Option<&Item>, after: &Item) {
        match (before, after) {
            (Some(Item::Job(before)), Item::Job(after))
                if after.state < before.state
                    && (before.state, after.state) != (JobState::Queued, JobState::Waiting)
                    && (before.state, after.state) != (JobState::Unserved, JobState::Queued) =>
            {
                let found =
                    format!("job {} went from {:?} back to {:?}", after.id, before.state, after.state);
                self.note("states only move forward", found);
            }
            (Some(Item::Runner(before)), Item::Runner(after))
                if before.state == RunnerState::Stopped && after.state != RunnerState::Stopped =>
            {
                let found = format!("runner {} was stopped and is {:?}", after.id, after.state);
                self.note("states only move forward", found);
            }
            _ => {}
        }
    }

    /// Nothing is reserved on a capacity whose breaker is open, unless the same write closes it.
    fn check_reservations(&mut self, writes: &[(Option<Item>, &Put)]) {
        let breaker = |book: &'_ Book| book.health.rest.clone().filter(Rest::is_breaker);
        let rests = writes.iter().filter_map(|(before, Put(after))| {
            breaker(after.book()?)?;
            let book = before.as_ref()?.book()?;
            Some((&book.pool, breaker(book)?))
        });
        let rests: BTreeMap<_, _> = rests.collect();
        let reserved = writes.iter().filter(|(before, _)| before.is_none());
        for runner in reserved.filter_map(|(_, put)| put.0.runner()) {
            if let Some(rest) = rests.get(&runner.capacity).filter(|rest| runner.reserved_at < rest.until) {
                let found = format!("{}: it rests until {}, {:?}", runner.capacity, rest.until, rest.cause);
                self.note("nothing is launched while a breaker is open", found);
            }
        }
    }

    /// Live grows up to the maximum, and nothing is reserved beyond the demand.
    fn check_growth(
        &mut self,
        before: Option<&Item>,
        after: &Item,
        writes: &[(Option<Item>, &Put)],
        now: Timestamp,
    ) {
        let Item::Book(after) = after else { return };
        let live = before.and_then(Item::book).map_or(0, |book| book.live);
        // One that said too few lets too many be launched, until it says what there is.
        let is_right = !self.miscounted.contains_key(&after.pool);
        if is_right && after.live > live && after.live > after.maximum {
            let found = format!("{}: {} live, at most {}", after.pool, after.live, after.maximum);
            self.note("live stays within the maximum", found);
        }
        let mut fresh = writes.iter().filter(|(before, _)| before.is_none());
        let has_reserved = fresh.any(|(_, put)| put.0.runner().is_some_and(|it| it.pool == after.pool));
        if has_reserved && after.deficit(now) < 0 {
            let found = format!("{}: reserved down to a deficit of {}", after.pool, after.deficit(now));
            self.note("no runner is launched twice for one demand", found);
        }
    }

    /// However many launches, boots or runs fail in one transaction: beyond what opens a breaker they count
    /// as one.
    fn check_batches(&mut self, before: Option<&Item>, after: &Item) {
        let Item::Book(after) = after else { return };
        let before = before.and_then(Item::book).map(|book| &book.health);
        let (failures, thirds) = before.map_or((0, 0), |it| (it.failures, it.run_failure_thirds));
        let health = &after.health;
        let allowed = (failures + 1).max(FAILURES_OPEN);
        // The one that opens it may be as heavy as all that it takes.
        let thirds_allowed = thirds.max(RUN_THIRDS_ALLOWED - 1) + RUN_THIRDS_ALLOWED;
        if health.failures > allowed || health.run_failure_thirds > thirds_allowed {
            let found = format!(
                "{}: {failures} failures and {thirds} thirds became {} and {}",
                after.pool, health.failures, health.run_failure_thirds
            );
            self.note("what fails of one batch counts once", found);
        }
    }

    /// A runner leaves only while its pool has enough runners without it.
    ///
    /// One that is counted out leaves in any case: another one is reserved in the same write, or by the
    /// scheduler.
    fn check_leave(&mut self, before: &Runner, after: &Runner, book: Option<&Book>) {
        let Some(book) = book.filter(|_| after.state == RunnerState::Leaving) else { return };
        let now = after.changed_at;
        if before.state != RunnerState::Leaving
            && after.leaves == Some(LeaveReason::NotNeeded)
            && book.demand(now) > book.idle
        {
            let found = format!(
                "runner {} left {}: {} wanted, {} idle",
                after.id,
                after.pool,
                book.demand(now),
                book.idle
            );
            self.note("no runner that is needed has to leave", found);
        }
        let is_given_its_time =
            before.silence(now) >= BOOT_LIMIT || before.overdue_at.is_some() && before.silence(now) >= SLOW;
        if before.state.is_on_its_way() && after.leaves == Some(LeaveReason::BootFailed) && !is_given_its_time
        {
            let found = format!("runner {}, silent for {} s", after.id, before.silence(now).as_secs());
            self.note("a runner that is slow is given its time", found);
        }
        if before.state.is_supply()
            && matches!(after.leaves, Some(LeaveReason::NotNeeded | LeaveReason::Fenced))
            && book.deficit(now) > 0
            && book.has_room()
            && book.health.rest.is_none()
        {
            let found =
                format!("runner {} left {} with a deficit of {}", after.id, after.pool, book.deficit(now));
            self.note("only a surplus runner is let go", found);
        }
    }

    /// No more runners are to have a JIT config than the pool wants.
    fn check_config(&mut self, before: &Runner, after: &Runner, book: Option<&Book>) {
        let is_new = after.state == RunnerState::Idle && before.state != RunnerState::Idle;
        let Some(book) = book.filter(|_| is_new) else { return };
        let wanted = book.demand(after.changed_at);
        let idle = self.idle.get(&after.pool).copied().unwrap_or_default();
        if idle > wanted {
            let found = format!("{}: {idle} idle, {wanted} wanted", after.pool);
            self.note("idle runners are no more than are wanted", found);
        }
    }

    /// A runner is Overdue once, and only while jobs wait beside it: no more runners are so, lately, than
    /// jobs wait.
    fn check_overdue(&mut self, before: &Runner, after: &Runner, book: Option<&Book>) {
        let is_new = after.state == RunnerState::Overdue && before.state != RunnerState::Overdue;
        let Some(book) = book.filter(|_| is_new) else { return };
        let lately = i64::from(book.overdue.within(SignedDuration::from_mins(15), after.changed_at));
        if book.queued <= book.idle || lately > book.queued {
            let (queued, idle) = (book.queued, book.idle);
            let found = format!("{}: {queued} jobs wait, {idle} idle, {lately} overdue lately", after.pool);
            self.note("runners are overdue only while jobs wait beside them", found);
        }
        if before.overdue_at.is_some() || before.listened {
            self.note("a runner is overdue once, and before it listens", format!("runner {}", after.id));
        }
    }

    /// A plain wait is a read. What is written of a runner that stays Idle is its boot, a question without
    /// a listener, its registration, or that it listens; of one that is not launched yet, why; of one that is
    /// busy, its job.
    fn check_wait(&mut self, before: &Runner, after: &Runner, writes: usize) {
        let of = |it: &Runner| {
            (it.state, it.boot.clone(), it.asked_at, it.github_id, it.listened, it.put_off.clone(), it.job)
        };
        if writes == 1 && of(before) == of(after) {
            self.note("a plain wait writes nothing", format!("runner {}", after.id));
        }
    }

    /// Somebody has written a book by hand: it says this much more than before.
    pub(crate) fn miscount(&mut self, pool: &PoolName, by: Totals) {
        *self.miscounted.entry(pool.clone()).or_default() += by;
        self.miscounted.retain(|_, excess| *excess != Totals::default());
    }

    /// Whether a book still says what somebody has written by hand.
    pub(crate) fn is_miscounted(&self) -> bool {
        !self.miscounted.is_empty()
    }

    pub(crate) fn note(&mut self, rule: &'static str, found: String) {
        self.violations.push(Violation { rule, found });
    }
}

/// When a transaction was made, by what it writes.
fn moment(writes: &[(Option<Item>, &Put)]) -> Timestamp {
    let times = writes.iter().map(|(_, Put(item))| match item {
        Item::Runner(runner) => runner.changed_at.max(runner.asked_at.unwrap_or(runner.changed_at)),
        Item::Job(job) => job.changed_at.max(job.heard_at.unwrap_or(job.changed_at)),
        Item::Book(_)
        | Item::Budget(_)
        | Item::Meter(_)
        | Item::Deliveries(_)
        | Item::Suspicions(_)
        | Item::Sweep(_) => Timestamp::UNIX_EPOCH,
    });
    times.max().unwrap_or(Timestamp::UNIX_EPOCH)
}
