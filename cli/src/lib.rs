//! Mayfly on the command line.
//!
//! [`platform`] is a second composition root: the same `handle` functions that run on Lambda, over
//! the sandbox. Everything else here reads files, replays them and prints what happened.

pub mod demo;
pub mod evening;
pub mod expectation;
#[cfg(feature = "local")]
pub mod local;
pub mod platform;
pub mod pools;
pub mod remote;
pub mod replay;
pub mod report;
pub mod schedule;
pub mod source;
pub mod wrap;

/// The secret that the sample events are signed with. Everybody can read it: it must never be a real
/// hook's.
pub const DEVELOPMENT_SECRET: &str = "mayfly-development-secret";
