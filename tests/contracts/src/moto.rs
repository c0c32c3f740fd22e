//! AWS's clients, as they speak with moto.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider, SharedHttpClient};

/// What every client of a moto at this URL is made of. Where the SDK tries again, it hardly waits.
pub fn config(url: impl Into<String>) -> SdkConfig {
    let anybody =
        Credentials::builder().access_key_id("anybody").secret_access_key("any").provider_name("moto");
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
