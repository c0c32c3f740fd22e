//! PID 1 as a process, over runner programs that behave in every way.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stderr,
    unreachable_pub,
    reason = "a test that cannot go on fails"
)]

mod capabilities;
mod ends;
mod preparations;
mod proxies;
mod proxy;
mod questions;
mod races;
mod registrar;
mod secrets;
mod task;
mod tool_cache;
