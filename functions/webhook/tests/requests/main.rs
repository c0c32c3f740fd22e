//! Requests to the webhook function: what is answered, and what is counted.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails"
)]

mod answers;
mod any_input;
mod metrics;
mod senders;
mod stage;
