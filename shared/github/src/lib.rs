//! GitHub, as Mayfly meets it.
//!
//! A webhook delivery is bytes until [`delivery::verify`] has held them against the hook's secret;
//! only the [`delivery::Verified`] that it returns can be read. With the feature `app` there is the
//! client of a GitHub App, [`app::App`].

#[cfg(feature = "app")]
pub mod app;
pub mod delivery;
mod labels;
pub mod ping;
pub mod signature;
mod visibility;
pub mod workflow_job;

pub use delivery::{Verified, verify};
pub use signature::SignatureError;
pub use workflow_job::{WorkflowJobAction, WorkflowJobDelivery, WorkflowJobPayload};
