//! What several functions do through their ports.
//!
//! `fleet` decides; this crate acts. A [`Bookkeeper`] runs events through the ledger, and keeps all functions
//! together within the limits of GitHub and ECS. A [`Launchpad`] settles pools and launches the runners that
//! this reserved, or hands pools on to other launchers.

mod bookkeeper;
mod budget;
pub mod deliveries;
mod earlier;
mod launchpad;
mod look;
pub mod metrics;
mod permits;
mod retry;
mod settings;
mod steps;
mod suspicions;
mod transaction_log;

pub use self::bookkeeper::{Bookkeeper, Fence, PostError, Posted, Settling};
pub use self::budget::{BudgetError, headroom};
pub use self::deliveries::DeliveriesError;
pub use self::earlier::EarlierListings;
pub use self::launchpad::{AT_ONCE, LaunchContext, Launchpad, QueuedAt, RunTaskTurn};
pub use self::look::{JobQuery, Sources};
pub use self::settings::{LaunchDeployment, LaunchSettings};
pub use self::steps::{Failed, StepFailure, Steps};
pub use self::transaction_log::Origin;
