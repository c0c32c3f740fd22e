//! The command `mayfly`, as a user runs it, and what it reads and writes.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails"
)]

mod command;
mod doctor;
mod images;
mod pools_render;
mod samples;
mod schedule;
mod why;
