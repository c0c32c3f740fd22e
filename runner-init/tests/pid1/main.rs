//! PID 1 as a process, over runner programs that behave in every way.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stderr,
    unreachable_pub,
    reason = "a test that can not go on fails"
)]

mod capabilities;
mod claims;
mod ends;
mod preparations;
mod races;
mod registrar;
mod secrets;
mod task;
