//! Worlds, weeks and waits that `make test` has time for.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails"
)]

mod demands;
mod seeds;
mod weeks;
