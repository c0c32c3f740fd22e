//! Worlds and weeks that `make test` has time for.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod seeds;
mod weeks;
