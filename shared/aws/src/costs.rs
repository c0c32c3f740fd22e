//! The log group of what runners cost.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::config::Builder;
use aws_sdk_cloudwatchlogs::config::retry::RetryConfig;
use aws_sdk_cloudwatchlogs::config::timeout::TimeoutConfig;
use aws_sdk_cloudwatchlogs::error::BuildError;
use aws_sdk_cloudwatchlogs::types::InputLogEvent;
use fleet::ports::Clock as _;
use tracing::warn;

use crate::boot::System;
use crate::error::error_text;

/// The one stream of the group (`infra/costs.yaml`). CloudWatch takes what several functions write at the same time
/// ("Service quotas": calls of one stream are no longer limited, and need no token).
const STREAM: &str = "runners";

/// A call, and once more if it fails.
const ATTEMPTS: u32 = 2;

/// Longest wait for both.
const CALL: Duration = Duration::from_secs(3);

/// The log group.
#[derive(Debug)]
pub struct CostLog {
    client: Client,
    group: String,
}

impl CostLog {
    /// The group of this name.
    pub fn new(config: &SdkConfig, group: String) -> Self {
        let retry = RetryConfig::standard().with_max_attempts(ATTEMPTS);
        let timeout = TimeoutConfig::builder().operation_timeout(CALL).build();
        let config = Builder::from(config).retry_config(retry).timeout_config(timeout).build();
        Self { client: Client::from_conf(config), group }
    }

    /// Writes the lines of one event, in one call. What they tell of is in the ledger, and stays so whether or not they
    /// are written.
    pub async fn put(&self, lines: Vec<String>) {
        let (count, now) = (lines.len(), System.now().as_millisecond());
        let events: Result<Vec<InputLogEvent>, BuildError> = lines
            .into_iter()
            .map(|line| InputLogEvent::builder().timestamp(now).message(line).build())
            .collect();
        let request = self.client.put_log_events().log_group_name(&self.group).log_stream_name(STREAM);
        let said = match events {
            Ok(events) => {
                request.set_log_events(Some(events)).send().await.map_err(|error| error_text(&error))
            }
            Err(error) => Err(error.to_string()),
        };
        match said {
            Err(error) => warn!(lines = count, error, "lines of costs not written"),
            Ok(answer) if answer.rejected_log_events_info().is_some() => {
                warn!(lines = count, "CloudWatch refuses lines of costs");
            }
            Ok(_) => {}
        }
    }
}
