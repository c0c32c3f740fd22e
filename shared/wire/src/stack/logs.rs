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

/// The functions' log groups, and what was read of them.
#[derive(Debug)]
pub(super) struct FunctionLogs {
    ministack: Arc<Ministack>,
    groups: Vec<Mutex<Group>>,
}

#[derive(Debug)]
struct Group {
    name: String,
    /// `None` for this process's output.
    file: Option<PathBuf>,
    /// Milliseconds since 1970.
    since: i64,
    /// The events at that time that were read.
    read: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    events: Vec<Event>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    event_id: String,
    timestamp: i64,
    message: String,
}

impl FunctionLogs {
    /// Follows them, as long as this lives: the lines come out where `file` says, by the function's name.
    pub(super) fn follow(
        ministack: Arc<Ministack>,
        formation: &Formation,
        file: fn(&str) -> Option<PathBuf>,
    ) -> Arc<Self> {
        let group = |(id, function): (&String, &super::Configuration)| Group {
            name: function.log_group.clone(),
            file: file(&id.trim_end_matches("Function").to_lowercase()),
            since: 0,
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
            let mut next = None;
            loop {
                let page = self.page(&group, next)?;
                group.take(page.events)?;
                next = page.next_token;
                if next.is_none() {
                    break;
                }
            }
        }
        Ok(())
    }

    fn page(&self, group: &Group, next: Option<String>) -> Result<Page> {
        let mut request = json!({"logGroupName": group.name, "startTime": group.since});
        if let Some(next) = next {
            request["nextToken"] = next.into();
        }
        let answer = self.ministack.call("Logs_20140328.FilterLogEvents", &request)?;
        serde_json::from_value(answer).with_context(|| format!("the events of {}", group.name))
    }
}

impl Group {
    fn take(&mut self, events: Vec<Event>) -> io::Result<()> {
        let mut lines = String::new();
        for event in events {
            if event.timestamp < self.since || self.read.contains(&event.event_id) {
                continue;
            }
            if event.timestamp > self.since {
                self.since = event.timestamp;
                self.read.clear();
            }
            self.read.insert(event.event_id);
            if !LAMBDAS.iter().any(|begin| event.message.starts_with(begin)) {
                lines.push_str(&event.message);
                lines.push('\n');
            }
        }
        match &self.file {
            Some(path) => {
                let mut file = File::options().create(true).append(true).open(path)?;
                file.write_all(lines.as_bytes())
            }
            None => io::stdout().write_all(lines.as_bytes()),
        }
    }
}
