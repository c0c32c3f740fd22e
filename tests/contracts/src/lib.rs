//! Contracts: what every implementation of a port does, in memory or on somebody else's service.
//!
//! Each function of [`ledger`] and [`queue`] is one clause, and takes any implementation. `tests/`
//! holds the sandbox and AWS's clients, on two emulators of AWS, to the same clauses. ECS is the sandbox's own, over
//! the wire ([`ecs`]), and held against the model of it that AWS publishes ([`botocore`]).
//! [`weather`] is on the way to a service, [`canned`] in the place of one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a test that cannot go on fails"
)]

pub mod botocore;
pub mod canned;
pub mod ecs;
pub mod emulators;
pub mod ledger;
pub mod permissions;
pub mod queue;
pub mod storage;
pub mod template;
pub mod weather;
