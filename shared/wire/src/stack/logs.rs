//! What the functions log, from CloudWatch Logs.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde_json::json;

use super::Formation;
use crate::ministack::Ministack;

/// How often they are looked for.
const OFTEN: Duration = Duration::from_millis(500);

/// What Lambda's own lines begin with.
const LAMBDAS: [&str; 3] = ["START RequestId:", "END RequestId:", "REPORT RequestId:"];

/// How much earlier than the newest event one may be that comes after it, in milliseconds.
const LATE: i64 = 10_000;

/// The functions' log groups, and what was read of them.
#[derive(Debug)]
pub(super) struct FunctionLogs {
    ministack: Arc<Ministack>,
    groups: Vec<Mutex<LogGroup>>,
}

#[derive(Debug)]
struct LogGroup {
    name: String,
    /// The file that its lines are added to.
    file: PathBuf,
    /// The newest event, in milliseconds since 1970.
    newest: i64,
    /// The streams that were read: ministack makes one for each invocation, with all of its lines at once.
    read: BTreeSet<String>,
}

#[derive(Deserialize)]
struct LogEventsPage {
    events: Vec<LogEvent>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogEvent {
    log_stream_name: String,
    timestamp: i64,
    message: String,
}

impl FunctionLogs {
    /// Follows them, as long as this lives: the lines come out where `file` says, by the function's name.
    pub(super) fn follow(
        ministack: Arc<Ministack>,
        formation: &Formation,
        file: &dyn Fn(&str) -> PathBuf,
    ) -> Arc<Self> {
        let group = |(id, function): (&String, &super::Configuration)| LogGroup {
            name: function.log_group.clone(),
            file: file(&id.trim_end_matches("Function").to_lowercase()),
            newest: 0,
            read: BTreeSet::new(),
        };
        let groups = formation.functions.iter().map(group).map(Mutex::new).collect();
        let logs = Arc::new(Self { ministack, groups });
        let followed = Arc::downgrade(&logs);
        tokio::spawn(async move {
            while let Some(logs) = Weak::upgrade(&followed) {
                // What cannot be read now is read the next time.
                let _ = tokio::task::spawn_blocking(move || logs.pull()).await;
                tokio::time::sleep(OFTEN).await;
            }
        });
        logs
    }

    /// Reads what is new.
    pub(super) fn pull(&self) -> Result<()> {
        for group in &self.groups {
            let mut group = group.lock().unwrap_or_else(PoisonError::into_inner);
            // An answer has a limit: what is beyond it comes with the next one.
            loop {
                let page = self.page(&group)?;
                if !group.take(page.events)? {
                    break;
                }
            }
        }
        Ok(())
    }

    fn page(&self, group: &LogGroup) -> Result<LogEventsPage> {
        let request = json!({"logGroupName": group.name, "startTime": (group.newest - LATE).max(0)});
        let answer = self.ministack.call("Logs_20140328.FilterLogEvents", &request)?;
        serde_json::from_value(answer).with_context(|| format!("the events of {}", group.name))
    }
}

impl LogGroup {
    /// Adds the lines that are new. `false` if none is.
    fn take(&mut self, mut events: Vec<LogEvent>) -> io::Result<bool> {
        events.retain(|event| !self.read.contains(&event.log_stream_name));
        let mut lines = String::new();
        for event in &events {
            self.newest = self.newest.max(event.timestamp);
            if !LAMBDAS.iter().any(|begin| event.message.starts_with(begin)) {
                lines.push_str(&event.message);
                lines.push('\n');
            }
        }
        File::options().create(true).append(true).open(&self.file)?.write_all(lines.as_bytes())?;
        let new = !events.is_empty();
        self.read.extend(events.into_iter().map(|event| event.log_stream_name));
        Ok(new)
    }
}
