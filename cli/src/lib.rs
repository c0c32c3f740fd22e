//! Mayfly on the command line.
//!
//! It reads files, replays them through the crate `platform` and prints what happened.

pub mod cost;
pub mod delivered;
pub mod delivery_file;
pub mod demo;
pub mod demo_office_hours;
pub mod doctor;
pub mod expected;
pub mod images;
#[cfg(feature = "local")]
pub mod local;
pub mod prices;
pub mod remote;
pub mod replay;
pub mod report;
pub mod samples;
pub mod schedule;
#[cfg(any(feature = "doctor", feature = "why"))]
pub mod sdk;
pub mod sidecar;
pub mod status;
pub mod suggest;
pub mod terminal;
pub mod words;
pub mod wrap;

/// The secret that the sample events are signed with. Everybody can read it: it must never be a real
/// hook's.
pub const DEVELOPMENT_SECRET: &str = "mayfly-development-secret";
