//! The SDK's configuration, with its one HTTP client.

use std::time::Duration;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::identity::IdentityCache;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_ssm::config::SharedCredentialsProvider;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use super::environment::variable;

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(2);

/// Longest wait for one answer.
const ATTEMPT: Duration = Duration::from_secs(3);

/// Longest wait for a call with the SDK's own retries. GitHub waits ten seconds for the webhook.
const CALL: Duration = Duration::from_secs(8);

/// Region and credentials are those that Lambda sets in the environment. `AWS_ENDPOINT_URL` leads to a server on
/// this machine.
///
/// The SDK's own search would also read profiles and ask STS and an instance's metadata. A function has none of
/// them, and that code is a part of every binary and every start.
///
/// TLS is on `ring`: it needs no entropy of the CPU's timing jitter, which costs the SDK's default
/// half a second of a first call on Lambda.
pub(super) fn sdk_config() -> SdkConfig {
    let http =
        aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(CALL)
        .build();
    let credentials = SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new());
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(variable("AWS_REGION").map(Region::new))
        .credentials_provider(credentials)
        .identity_cache(IdentityCache::lazy().build())
        .retry_config(RetryConfig::standard())
        .timeout_config(timeouts)
        .http_client(http);
    config.set_endpoint_url(variable("AWS_ENDPOINT_URL"));
    config.build()
}
