//! What the tests of several crates share.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a test that cannot go on fails"
)]

pub mod clock;
pub mod ledger;
pub mod maps;
pub mod recording;
pub mod template;
