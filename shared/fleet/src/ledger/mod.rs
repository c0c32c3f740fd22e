//! The ledger: double-entry, no pairing.
//!
//! GitHub decides which runner takes which job, so a job is never paired with "its" runner. Each
//! pool has a [`Book`] of totals; every [`Event`] moves a job or a runner from one state to the
//! next ([`transition`]) and adjusts the books with it; [`settle`] reserves runners until no book
//! has a deficit that it may fill.
//!
//! ```text
//! deficit = queued + minimum − supply
//! needed:   queued + minimum > idle, not counting the runner that asks
//! settle:   while deficit ≥ 1 and live < maximum, and as long as permits last: reserve one runner
//! ```
//!
//! States only move forward and the first writer wins, so redelivered and reordered events change nothing.
//! The crate `control` runs events, reservations and the write of both as one transaction over any
//! [`crate::ports::Ledger`].

mod begun;
mod book;
mod budget;
mod ended;
mod entries;
mod event;
mod health;
mod items;
mod job;
mod key;
mod listing;
mod meter;
mod outcome;
mod permits;
mod recent;
mod runner;
pub mod settle;
mod times;
mod totals;
pub mod transition;

pub use self::begun::JobBegun;
pub use self::book::Book;
pub use self::budget::{Budget, LONGEST_WAIT};
pub use self::ended::{JobNames, RunnerEnded, Work};
pub use self::entries::{Entries, Tidings};
pub use self::event::{Event, JobAction, JobEvent, JobMessage, JobRunner, RunnerEvent, SettleMessage};
pub use self::health::{Health, Rest, RestCause};
pub use self::items::{EVENTS_A_TRANSACTION, Item, ItemVersion, Put, TRANSACTION_LIMIT};
pub use self::job::{Job, JobState, UnservedReason};
pub use self::key::Key;
pub use self::listing::{EarlierListing, Listing};
pub use self::meter::{Left, Meter, Reading, Spend, UnknownMeter};
pub use self::outcome::{AskAnswer, Fenced, LedgerAnswer, News, Outcome};
pub use self::permits::{Permits, Wanted};
pub use self::recent::Recent;
pub use self::runner::{BOOT_LIMIT, LeaveReason, Runner, RunnerState, SLOW};
pub use self::times::{JobTimes, StartTimes};
pub use self::totals::{Totals, difference, recount};
