//! A pass over GitHub's webhook deliveries: list them, and ask GitHub to redeliver those that failed.
//!
//! The pass writes down what it will ask for before it asks GitHub. So only one of two simultaneous passes
//! asks, and no pass asks for a delivery twice. If a pass crashes in between, its deliveries count as asked
//! for; they are asked for again once GitHub's list shows that they still fail.

use std::cell::RefCell;

use ::metrics::counter;
use fleet::delivery::{DeliveryCursor, Redelivery, WalkProgress};
use fleet::ledger::{Item, Key, Put};
use fleet::limits::Limits;
use fleet::ports::{Clock, GithubError, Ledger, LedgerError, ListDeliveries, Random, Redeliver};
use jiff::Timestamp;
use tracing::{error, info, warn};

use crate::metrics::{DELIVERIES_GIVEN_UP, DELIVERIES_REDELIVERED};
use crate::{Bookkeeper, BudgetError};

/// The most pages, of a hundred deliveries each, that a pass reads.
const PAGES: u32 = 10;

/// What those pages cost of the budget. The budget counts calls that change something: GitHub's secondary
/// limit takes five points for each of those, and one for a read.
pub const PAGES_COST: u32 = PAGES.div_ceil(5);

/// The most deliveries that a pass asks for. The registrars need the rest of the minute's budget.
const REDELIVERIES: usize = 50;

/// Calls that are taken out of the budget at a time.
const AT_ONCE: usize = 10;

/// After this many refusals in a row, the deliveries are not the cause: for example, a permission is missing.
const REFUSALS: usize = 3;

/// What a pass did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct DeliveriesPass {
    /// Pages of the list that it requested from GitHub.
    pub calls: u32,
    /// Attempts in the list that it looked at.
    pub looked_at: usize,
    /// Deliveries that it asked GitHub to repeat.
    pub redelivered: usize,
    /// Deliveries that GitHub refused to repeat.
    pub refused: usize,
    /// Deliveries that failed and have not been received yet.
    pub waiting: usize,
    /// Why the pass was cut off, if it was. The next pass continues.
    pub cut_off: Option<DeliveriesError>,
}

/// Why a pass did nothing, or was cut off.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeliveriesError {
    /// GitHub must not be called now.
    #[error(transparent)]
    Budget(#[from] BudgetError),
    /// The ledger failed.
    #[error("the ledger: {0}")]
    Ledger(#[from] LedgerError),
    /// GitHub failed.
    #[error("GitHub's deliveries: {0}")]
    Github(#[from] GithubError),
    /// The time was up.
    #[error("the pass has no more time")]
    OutOfTime,
}

/// What an instance remembers of the deliveries between passes, so that it reads the ledger only once. If
/// another instance has written since, the next write conflicts, and the memory is dropped.
#[derive(Debug, Default)]
pub struct DeliveriesMemory(RefCell<Option<Remembered>>);

#[derive(Debug, Clone, Default)]
struct Remembered {
    cursor: DeliveryCursor,
    /// The cursor as the ledger has it.
    stored: DeliveryCursor,
}

/// One pass. The caller has already taken [`PAGES_COST`] calls out of the minute's budget for its pages. It
/// makes no call after `until`.
///
/// What a pass found and wrote down counts even if it was cut off. An error means that it changed nothing.
pub async fn pass<L: Ledger, C: Clock + Random>(
    books: &Bookkeeper<L, C>,
    limits: &Limits,
    github: &(impl ListDeliveries + Redeliver),
    memory: &DeliveriesMemory,
    until: Timestamp,
) -> Result<DeliveriesPass, DeliveriesError> {
    let began = books.system.now();
    // A pass that is cut off leaves no memory behind.
    let remembered = memory.0.take();
    let Remembered { mut cursor, mut stored } = match remembered {
        Some(remembered) => remembered,
        None => read(books).await?,
    };
    let mut pass = DeliveriesPass::default();
    let listed = list(books, github, &mut cursor, (began, until), &mut pass).await;
    let asks = if listed.is_ok() { cursor.ask(books.system.now(), REDELIVERIES) } else { Vec::new() };
    if cursor.has_news(&stored) {
        write(books, &mut cursor, &mut stored).await?;
    }
    if let Err(problem) = listed {
        remember(books, &problem).await;
        pass.cut_off = Some(problem);
    }
    let left = redeliver((books, limits), github, asks, until, &mut pass).await;
    if !left.is_empty() {
        for ask in left {
            cursor.put_back(ask);
        }
        if let Err(problem) = write(books, &mut cursor, &mut stored).await {
            warn!(%problem, "deliveries that were not asked for count as asked for");
        }
    }
    pass.waiting = cursor.waiting();
    if cursor.version == stored.version {
        memory.0.replace(Some(Remembered { cursor, stored }));
    }
    Ok(pass)
}

/// How far the list was read, according to the ledger.
async fn read<L: Ledger, C>(books: &Bookkeeper<L, C>) -> Result<Remembered, LedgerError> {
    let items = books.ledger.read(&[Key::Deliveries]).await?;
    let stored = items.iter().find_map(Item::deliveries).cloned().unwrap_or_default();
    Ok(Remembered { cursor: stored.clone(), stored })
}

/// Reads pages until the walk over the list is complete.
async fn list<L: Ledger, C: Clock + Random>(
    books: &Bookkeeper<L, C>,
    github: &impl ListDeliveries,
    cursor: &mut DeliveryCursor,
    (began, until): (Timestamp, Timestamp),
    pass: &mut DeliveriesPass,
) -> Result<(), DeliveriesError> {
    for _ in 0..PAGES {
        if books.system.now() >= until {
            return Err(DeliveriesError::OutOfTime);
        }
        pass.calls += 1;
        let page = github.list_deliveries(cursor.next_page()).await.inspect_err(|error| {
            let is_unknown = matches!(error, GithubError::NotFound(_) | GithubError::Refused(_));
            if is_unknown && cursor.next_page().is_some() {
                cursor.start_over();
            }
        })?;
        if page.unreadable > 0 {
            error!(attempts = page.unreadable, "deliveries of GitHub's list cannot be read");
        }
        pass.looked_at += page.attempts.len();
        if let WalkProgress::Over(given_up) = cursor.read(&page, began) {
            for delivery in &given_up {
                error!(%delivery, "a delivery failed for three days, and is given up");
            }
            counter!(DELIVERIES_GIVEN_UP.name).increment(given_up.len() as u64);
            return Ok(());
        }
    }
    Ok(())
}

/// Asks GitHub for these deliveries. Returns those that it did not get to ask for.
async fn redeliver<L: Ledger, C: Clock + Random>(
    (books, limits): (&Bookkeeper<L, C>, &Limits),
    github: &impl Redeliver,
    asks: Vec<Redelivery>,
    until: Timestamp,
    pass: &mut DeliveriesPass,
) -> Vec<Redelivery> {
    let mut asks = asks.into_iter();
    let mut refusals = 0;
    loop {
        let chunk: Vec<Redelivery> = asks.by_ref().take(AT_ONCE).collect();
        if chunk.is_empty() {
            return chunk;
        }
        let calls = u32::try_from(chunk.len()).unwrap_or(u32::MAX);
        let mut cut_off = books.spend(limits, calls).await.err().map(DeliveriesError::from);
        let mut left = Vec::new();
        for ask in chunk {
            if cut_off.is_none() && books.system.now() >= until {
                cut_off = Some(DeliveriesError::OutOfTime);
            }
            if cut_off.is_some() {
                left.push(ask);
                continue;
            }
            match github.redeliver(ask.failed.attempt).await {
                Ok(()) => {
                    refusals = 0;
                    pass.redelivered += 1;
                    counter!(DELIVERIES_REDELIVERED.name).increment(1);
                    note(&ask);
                }
                Err(problem @ (GithubError::Wait(_) | GithubError::Unavailable(_))) => {
                    // GitHub did not answer, but may deliver all the same. If not, the delivery is asked for
                    // later.
                    if matches!(problem, GithubError::Wait(_)) {
                        left.push(ask);
                    }
                    cut_off = Some(problem.into());
                }
                Err(problem) => {
                    refusals += 1;
                    pass.refused += 1;
                    warn!(delivery = %ask.guid, %problem, "GitHub does not deliver again");
                    cut_off = (refusals >= REFUSALS).then(|| problem.into());
                }
            }
        }
        if let Some(problem) = cut_off {
            remember(books, &problem).await;
            pass.cut_off = Some(problem);
            left.extend(asks);
            return left;
        }
    }
}

fn note(ask: &Redelivery) {
    let Redelivery { guid, failed } = ask;
    info!(
        delivery = %guid,
        attempt = %failed.attempt,
        status = failed.status_code,
        since = %failed.first_at,
        asked_before = failed.asked,
        "a failed delivery is asked for again"
    );
}

/// If GitHub asked us to wait, all functions wait.
async fn remember<L: Ledger, C: Clock + Random>(books: &Bookkeeper<L, C>, problem: &DeliveriesError) {
    if let DeliveriesError::Github(GithubError::Wait(length)) = problem {
        books.remember_wait(*length).await;
    }
}

/// Writes the cursor, unless another instance has written it meanwhile.
async fn write<L: Ledger, C>(
    books: &Bookkeeper<L, C>,
    cursor: &mut DeliveryCursor,
    stored: &mut DeliveryCursor,
) -> Result<(), LedgerError> {
    cursor.version += 1;
    books.ledger.commit(&[Put(Item::Deliveries(cursor.clone()))]).await?;
    stored.clone_from(cursor);
    Ok(())
}

#[cfg(test)]
mod tests;
