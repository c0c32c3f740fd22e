//! `mayfly doctor --before-deploy`: whether the account has room for what the map of pools may start.
//!
//! [`quotas`] says which quota a pool draws on, [`needs`] how much of it, [`comparison`] what follows from the
//! values that the account has; these are pure. `account` asks Service Quotas for the values, and is there
//! with the feature `doctor` alone, so that other builds compile no AWS SDK.

#[cfg(feature = "doctor")]
pub mod account;
pub mod comparison;
pub mod needs;
mod output;
pub mod quotas;

pub use self::comparison::{Findings, Values, compare};
