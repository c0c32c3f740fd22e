//! The ledger: each cell of its table, what a transaction writes, settling, and what holds for any order of
//! events.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails"
)]

mod capacity;
mod entries;
mod items;
mod listing;
mod overdue;
mod properties;
mod reaped;
mod settle;
mod totals;
mod transition;
mod written;
