//! The functions' log lines about a job, from CloudWatch, as named fields.

use std::collections::BTreeSet;

use aws_config::SdkConfig;
use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::error::{ProvideErrorMetadata, SdkError};
use fleet::RunnerId;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::diagnosis::Diagnosis;
use super::fields;

/// The functions, by the start of their log groups' logical ids.
const FUNCTIONS: [&str; 5] = ["Webhook", "Launcher", "Registrar", "Scheduler", "Reconciler"];

/// Most lines of one function.
const LINES: usize = 500;

/// How far before and after the job's own times to look.
const AROUND: SignedDuration = SignedDuration::from_mins(10);

/// The lines that name the job, or a runner that was on its way for it, oldest first.
pub(super) async fn of_job(config: &SdkConfig, stack: &str, seen: &Diagnosis) -> Result<Vec<Value>, String> {
    if config.region().is_none() {
        return Err("no region is set".to_owned());
    }
    let client = Client::new(config);
    let groups = groups(&client, stack).await?;
    if groups.is_empty() {
        return Err(format!("no log groups here belong to the stack {stack}"));
    }
    let now = seen.picture.now;
    let from = seen.waterfall.as_ref().map_or(now, |it| it.queued_at).checked_sub(AROUND).unwrap_or(now);
    let to = seen.waterfall.as_ref().map_or(now, |it| it.until).checked_add(AROUND).unwrap_or(now).min(now);
    let names = names(seen);
    let mut lines = Vec::new();
    for (function, group) in groups {
        let found = of_group(&client, &group, &names, from, to).await?;
        lines.extend(found.into_iter().map(|(at, line)| (at, function, line)));
    }
    lines.sort_by_key(|(at, ..)| *at);
    Ok(lines.into_iter().map(|(_, function, line)| with_function(function, line)).collect())
}

/// What to find lines by: the job's number, and the runner's id.
fn names(seen: &Diagnosis) -> BTreeSet<String> {
    let runner = seen.picture.its_runner().map(|runner| &runner.id).map(RunnerId::to_string);
    runner.into_iter().chain([seen.picture.id.to_string()]).collect()
}

/// The functions' log groups of the stack, with the functions' names.
async fn groups(client: &Client, stack: &str) -> Result<Vec<(&'static str, String)>, String> {
    let named = |name: String| {
        let rest = name.strip_prefix(stack).unwrap_or_default();
        let of = FUNCTIONS.iter().find(|function| rest.starts_with(&format!("-{function}Logs-")));
        of.map(|function| (*function, name.clone()))
    };
    let found = groups_from(client, &format!("{stack}-")).await?;
    Ok(found.into_iter().filter_map(named).collect())
}

/// The log groups whose names begin so: CloudFormation names them after their stack and their logical ids.
pub(crate) async fn groups_from(client: &Client, begin: &str) -> Result<Vec<String>, String> {
    let request = client.describe_log_groups().log_group_name_prefix(begin);
    let mut found = request.into_paginator().items().send();
    let mut groups = Vec::new();
    while let Some(group) = found.next().await {
        let group = group.map_err(|error| said(&error))?;
        groups.extend(group.log_group_name);
    }
    Ok(groups)
}

async fn of_group(
    client: &Client,
    group: &str,
    names: &BTreeSet<String>,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<(i64, Value)>, String> {
    // CloudWatch: "Filter pattern syntax": any of several terms.
    let pattern = names.iter().map(|name| format!("?\"{name}\"")).collect::<Vec<_>>().join(" ");
    let request = client.filter_log_events().log_group_name(group).filter_pattern(pattern);
    let request = request.start_time(from.as_millisecond()).end_time(to.as_millisecond());
    let mut pages = request.into_paginator().send();
    let mut lines = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| said(&error))?;
        for event in page.events() {
            let line = event.message().and_then(fields::log_line);
            lines.extend(line.map(|line| (event.timestamp().unwrap_or_default(), line)));
        }
        if lines.len() >= LINES {
            break;
        }
    }
    Ok(lines)
}

fn with_function(function: &str, mut line: Value) -> Value {
    if let Some(fields) = line.as_object_mut() {
        fields.insert("function".to_owned(), function.into());
    }
    line
}

/// The service's code and message; never the SDK's own text, which may show an answer.
pub(crate) fn said<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> String {
    match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        _ => "CloudWatch Logs does not answer".to_owned(),
    }
}
