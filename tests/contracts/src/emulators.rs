//! Emulators of AWS that others wrote, and AWS's clients, as they speak with them.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider, SharedHttpClient};
use wire::ministack::Ministack;
use wire::moto::Moto;

/// An emulator of one's own.
#[derive(Debug)]
pub enum Emulator {
    /// moto, in which DynamoDB's requests wait for each other, because its transactions are not isolated.
    Moto(Moto),
    /// ministack.
    Ministack(Ministack),
}

impl Emulator {
    /// Starts moto.
    pub fn moto() -> Self {
        Self::Moto(Moto::start().unwrap())
    }

    /// Starts ministack.
    pub fn ministack() -> Self {
        Self::Ministack(Ministack::start(None, Duration::from_mins(1)).unwrap())
    }

    /// What every client of it is made of.
    pub fn config(&self) -> SdkConfig {
        config(match self {
            Self::Moto(moto) => moto.url(),
            Self::Ministack(ministack) => ministack.url(),
        })
    }

    /// Whether its DynamoDB knows a transaction again by its `ClientRequestToken`.
    pub fn knows_tokens(&self) -> bool {
        matches!(self, Self::Ministack(_))
    }
}

/// What every client of an emulator at this URL is made of. Where the SDK tries again, it hardly waits.
pub fn config(url: impl Into<String>) -> SdkConfig {
    let anybody =
        Credentials::builder().access_key_id("anybody").secret_access_key("any").provider_name("nobody");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("eu-central-1"))
        .endpoint_url(url)
        .credentials_provider(SharedCredentialsProvider::new(anybody.build()))
        .retry_config(RetryConfig::standard().with_initial_backoff(Duration::from_millis(1)))
        .http_client(http_client())
        .build()
}

/// HTTP without TLS.
pub(crate) fn http_client() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new().build_http()
}
