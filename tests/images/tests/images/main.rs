//! The images: what they are built of, and what they are run with.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails"
)]

mod bake;
mod budget;
mod dockerfiles;
mod pid1;
mod scripts;
mod tasks;
