//! The lines of costs of a stack, from CloudWatch.

use anyhow::{Result, anyhow, ensure};
use aws_config::SdkConfig;
use aws_sdk_cloudwatchlogs::Client;
use jiff::{SignedDuration, Timestamp};

use crate::status::logs::{groups_from, said};

/// A line is written a moment after its runner has ended: how much later to look.
const LATER: SignedDuration = SignedDuration::from_hours(1);

/// All lines of the time, as text.
pub async fn of_stack(config: &SdkConfig, stack: &str, since: Timestamp, until: Timestamp) -> Result<String> {
    ensure!(config.region().is_some(), "no region is set; --region NAME names one");
    let client = Client::new(config);
    let groups = groups_from(&client, &format!("{stack}-Costs-")).await.map_err(|said| anyhow!(said))?;
    let group = groups.into_iter().find(|name| name.contains("-CostLogs-"));
    let group = group.ok_or_else(|| anyhow!("no log group of costs here belongs to the stack {stack}"))?;
    let request = client.filter_log_events().log_group_name(group).start_time(since.as_millisecond());
    let request = request.end_time(until.checked_add(LATER)?.as_millisecond());
    let mut pages = request.into_paginator().send();
    let mut text = String::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| anyhow!(said(&error)))?;
        for message in page.events().iter().filter_map(|event| event.message()) {
            text.push_str(message);
            text.push('\n');
        }
    }
    Ok(text)
}
