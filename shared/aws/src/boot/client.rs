//! The SDK's configuration, with its one HTTP client.

use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(2);

/// Longest wait for one answer.
const ATTEMPT: Duration = Duration::from_secs(3);

/// Longest wait for a call with the SDK's own retries. GitHub waits ten seconds for the webhook.
const CALL: Duration = Duration::from_secs(8);

/// Reads region and credentials from the environment, as Lambda sets them. `AWS_ENDPOINT_URL`, also
/// with a service's name at its end, leads to a server on this machine.
///
/// TLS is on `ring`: it needs no entropy of the CPU's timing jitter, which costs the SDK's default
/// half a second of a first call on Lambda.
pub async fn sdk_config() -> SdkConfig {
    let http =
        aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(CALL)
        .build();
    aws_config::defaults(BehaviorVersion::latest()).http_client(http).timeout_config(timeouts).load().await
}
