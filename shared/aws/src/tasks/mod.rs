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

use crate::error::error_text;

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

    /// Opens the connection to ECS, by asking about a cluster of ours: about another one, `default` say, the
    /// function may not ask. An error shows in the log at boot, not with the first launch. Where there is no
    /// cluster there is nothing to ask.
    pub async fn warm_up(&self, cluster: Option<String>) {
        let Some(cluster) = cluster else { return };
        let call = self.client.list_container_instances().cluster(&cluster).max_results(1);
        if let Err(error) = call.send().await {
            warn!(cluster, error = error_text(&error), "ECS does not answer");
        }
    }
}

fn ecs_error<E, R>(error: &SdkError<E, R>) -> EcsError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug,
{
    EcsError(error_text(error))
}
