//! Reserved runners become tasks: what the launcher and the scheduler both do.
//!
//! A [`Launchpad`] writes events into the ledger, settles, and launches what that reserved, at a
//! pace that leaves room for everybody else who calls `RunTask`.

mod launch;
pub mod metrics;
pub mod pace;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::Duration;

use ::metrics::counter;
use fleet::launch::Placement;
use fleet::ledger::{Bookkeeper, Event, PostError, Posted, Runner};
use fleet::ports::{Clock, Ledger, Random};
use fleet::settings::{Parameters, SettingsProblems, folder};
use fleet::{PoolMap, PoolName};
use secrecy::SecretString;
use tracing::{info, warn};

pub use self::launch::{AT_ONCE, Launches};
use self::metrics::{EVENTS_NOT_WRITTEN, LEDGER_CONFLICTS};
use self::pace::Pace;

/// What launches depend on, as it is at the time of an event.
#[derive(Debug)]
pub struct Settings {
    /// The map of pools.
    pub pools: PoolMap,
    /// Where ECS puts each pool's tasks.
    pub placements: BTreeMap<PoolName, Placement>,
    /// The key that tickets are issued under.
    pub ticket_key: SecretString,
}

impl Settings {
    /// Reads what goes with a map of pools that was read before, with what was wrong with that.
    pub fn with_pools(
        pools: Option<PoolMap>,
        parameters: &Parameters,
        mut problems: SettingsProblems,
    ) -> Result<Self, SettingsProblems> {
        let placements = parameters.placements(pools.as_ref(), &mut problems);
        let ticket_key = parameters.secrets(folder::TICKET_KEYS, &mut problems).pop();
        let settings =
            pools.zip(ticket_key).map(|(pools, ticket_key)| Self { pools, placements, ticket_key });
        problems.all_or(settings)
    }
}

/// Where runners are launched from.
#[derive(Debug)]
pub struct Launchpad<L, C, R, T> {
    /// The ledger, with the clock and the random bits that its transactions need.
    pub books: Bookkeeper<L, C, R>,
    /// ECS.
    pub ecs: T,
    registrar_url: String,
    pace: Cell<Pace>,
}

impl<L: Ledger, C: Clock, R: Random, T> Launchpad<L, C, R, T> {
    /// One whose tasks claim their JIT config at this URL, and whose calls are so far apart.
    pub fn new(books: Bookkeeper<L, C, R>, ecs: T, registrar_url: String, between: Duration) -> Self {
        Self { books, ecs, registrar_url, pace: Cell::new(Pace::of(between)) }
    }

    /// Writes at most [`fleet::ledger::EVENTS_A_TRANSACTION`] events, and gives the runners that this
    /// reserved. `pool` is for the log.
    pub async fn post(
        &self,
        settings: &Settings,
        pool: Option<&PoolName>,
        events: &[Event],
    ) -> Result<Vec<Runner>, PostError> {
        let pool = pool.map(tracing::field::display);
        match self.books.post_and_settle(&settings.pools, events).await {
            Ok(Posted { reserved, conflicts, .. }) => {
                let events = events.len();
                info!(pool, events, conflicts, reserved = reserved.len(), "events in the ledger");
                counter!(LEDGER_CONFLICTS).increment(conflicts.into());
                Ok(reserved)
            }
            Err(error) => {
                warn!(pool, events = events.len(), %error, "events not in the ledger");
                counter!(EVENTS_NOT_WRITTEN).increment(events.len() as u64);
                Err(error)
            }
        }
    }
}
