//! Tasks on ECS.
//!
//! Each port of [`fleet::ports`] that is a call of ECS has its file, and needs the permission of its
//! name.

mod describe;
mod list;
mod request;
mod run;
mod stop;

use aws_config::SdkConfig;
use aws_sdk_ecs::Client;
use aws_sdk_ecs::error::{ProvideErrorMetadata, SdkError};
use fleet::ports::EcsError;
use tracing::warn;

use crate::error::told;

/// ECS.
#[derive(Debug, Clone)]
pub struct Tasks {
    client: Client,
}

impl Tasks {
    /// ECS by the SDK's configuration.
    pub fn new(config: &SdkConfig) -> Self {
        Self { client: Client::new(config) }
    }

    /// Opens the connection to ECS. It asks about the cluster `default`, which need not be there; any
    /// other error shows in the log at boot, not with the first launch.
    pub async fn warm_up(&self) {
        match self.client.list_container_instances().max_results(1).send().await {
            Err(error) if error.code() != Some("ClusterNotFoundException") => {
                warn!(error = told(&error), "ECS does not answer");
            }
            Ok(_) | Err(_) => {}
        }
    }
}

fn ecs_error<E, R>(error: &SdkError<E, R>) -> EcsError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug,
{
    EcsError(told(error))
}
