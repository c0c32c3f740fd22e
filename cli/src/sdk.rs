//! The configuration of AWS's clients.

use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

/// Longest wait for one answer, including retries: a person is waiting.
const PATIENCE: Duration = Duration::from_secs(10);

/// The configuration from the environment: region, credentials, and `AWS_ENDPOINT_URL`, also for one service
/// (`AWS_ENDPOINT_URL_SERVICE_QUOTAS`, `AWS_ENDPOINT_URL_ECS`).
pub async fn config(region: Option<String>) -> SdkConfig {
    let http =
        aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let timeouts = TimeoutConfig::builder().operation_timeout(PATIENCE).build();
    let loader = aws_config::defaults(BehaviorVersion::latest()).http_client(http).timeout_config(timeouts);
    match region {
        Some(region) => loader.region(Region::new(region)).load().await,
        None => loader.load().await,
    }
}
