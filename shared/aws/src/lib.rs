//! AWS as Mayfly meets it.
//!
//! Each module implements ports of [`fleet::ports`] on the SDK's client of one service. A service
//! is a feature of this crate, so that a function compiles no client that it does not call.

pub mod boot;
#[cfg(feature = "costs")]
pub mod costs;
mod error;
#[cfg(feature = "ledger")]
pub mod ledger;
pub mod parameters;
#[cfg(feature = "queue")]
pub mod queue;
#[cfg(feature = "scaling")]
pub mod scaling;
#[cfg(feature = "tasks")]
pub mod tasks;
