//! What the functions do over their ports, and more than one of them does.
//!
//! `fleet` decides; this crate acts. A [`Bookkeeper`] runs events through the ledger, and keeps all
//! functions together within GitHub's limits. A [`Launchpad`] settles pools and launches what that
//! reserved, at a pace that leaves room for everybody else who calls `RunTask`.

mod bookkeeper;
mod budget;
pub mod deliveries;
mod launchpad;
pub mod metrics;
pub mod pace;
mod retry;
mod settings;
mod steps;
mod suspicions;

pub use self::bookkeeper::{Bookkeeper, Fence, PostError, Posted};
pub use self::budget::BudgetError;
pub use self::deliveries::DeliveriesError;
pub use self::launchpad::{AT_ONCE, Invocation, Launchpad, Origin};
pub use self::settings::{Deployed, LaunchSettings};
pub use self::steps::{Failed, StepFailure, Steps};
