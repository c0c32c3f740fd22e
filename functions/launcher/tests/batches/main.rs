//! Batches of the queue: what they write, what they launch, and what is logged and counted.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod fake;
mod interruptions;
mod launches;
mod messages;
mod removed_pools;
