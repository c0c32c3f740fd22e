//! The tables of metrics, and the template's alarms on what the sandbox's functions write.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod calm_day;
mod conditions;
mod documents;
mod new_images;
mod tables;
