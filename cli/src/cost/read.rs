//! Reads lines of costs: one for each runner.

use std::collections::BTreeMap;

use anyhow::{Result, anyhow};
use fleet::RunnerId;
use fleet::cost::CostLine;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use crate::suggest::messages;

/// The lines, one a runner.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Lines {
    /// In the order of the runners' ids.
    pub lines: Vec<CostLine>,
    /// How many texts were no such line.
    pub others: usize,
}

/// Reads lines of logs, or what `aws logs filter-log-events` answers, of runners that ended from `since` to before `until`.
/// Of several lines of one runner the one that names its job counts, else the first.
pub fn read(text: &str, since: Timestamp, until: Timestamp) -> Lines {
    let mut found: BTreeMap<RunnerId, CostLine> = BTreeMap::new();
    let mut others = 0;
    for message in messages(text).iter().filter(|message| !message.trim().is_empty()) {
        let Ok(line) = serde_json::from_str::<CostLine>(message) else {
            others += 1;
            continue;
        };
        if line.time < since || line.time >= until {
            continue;
        }
        let known = found.get(&line.runner);
        if known.is_none_or(|known| known.job.is_none() && line.job.is_some()) {
            found.insert(line.runner.clone(), line);
        }
    }
    Lines { lines: found.into_values().collect(), others }
}

/// A moment: a day in UTC (`2026-11-01`), a time (`2026-11-01T08:00:00Z`), or how long ago (`7d`, `12h`).
pub fn instant(text: &str, now: Timestamp) -> Result<Timestamp> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    if let Ok(day) = text.parse::<Date>() {
        return Ok(TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0))?);
    }
    let ago = text.parse::<Span>().ok().filter(|span| !span.is_negative());
    let at = ago.and_then(|ago| TimeZone::UTC.to_datetime(now).checked_sub(ago).ok());
    at.and_then(|at| TimeZone::UTC.to_timestamp(at).ok()).ok_or_else(|| {
        anyhow!("{text} is no moment; it takes 2026-11-01, 2026-11-01T08:00:00Z, or 7d for a week ago")
    })
}
