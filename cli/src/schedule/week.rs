//! A week of the calendar, and its days in a time zone.

use std::fmt;

use anyhow::{Context as _, Result};
use jiff::civil::{Date, ISOWeekDate, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

/// Seconds of an hour.
const HOUR: f64 = 3600.0;

/// An ISO 8601 week, from Monday to Sunday.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Week {
    monday: Date,
}

/// A day by the calendar of a time zone, from its first instant to the next day's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CalendarDay {
    /// The day.
    pub(super) date: Date,
    /// Its first instant.
    pub(super) from: Timestamp,
    /// The next day's first instant.
    pub(super) to: Timestamp,
}

impl Week {
    /// Parses a week such as `2026-W13`.
    pub fn parse(text: &str) -> Result<Self> {
        let monday = format!("{text}-1").parse::<ISOWeekDate>().ok();
        let monday = monday.filter(|_| text.len() == "2026-W13".len());
        let monday = monday
            .with_context(|| format!("--week: {text:?} is not a week; it takes one such as 2026-W13"))?;
        Ok(Self { monday: monday.date() })
    }

    /// The week that an instant is in, in a time zone.
    pub fn of(at: Timestamp, zone: &TimeZone) -> Self {
        let day = zone.to_datetime(at).date();
        let since_monday = i64::from(day.weekday().to_monday_zero_offset());
        Self { monday: day.saturating_sub(since_monday.days()) }
    }

    /// Its seven days, Monday first.
    pub(super) fn days(self, zone: &TimeZone) -> Result<Vec<CalendarDay>> {
        let begins = |date: Date| zone.to_timestamp(date.to_datetime(Time::midnight()));
        let day = |number: i64| {
            let date = self.monday.checked_add(number.days())?;
            anyhow::Ok(CalendarDay { date, from: begins(date)?, to: begins(date.tomorrow()?)? })
        };
        let days: Result<_> = (0..7).map(day).collect();
        days.with_context(|| format!("--week: {self} is at the end of time; it takes one like 2026-W13"))
    }
}

impl fmt::Display for Week {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let week = self.monday.iso_week_date();
        write!(f, "{:04}-W{:02}", week.year(), week.week())
    }
}

impl CalendarDay {
    /// How long it is.
    pub(super) fn length(self) -> SignedDuration {
        self.to.duration_since(self.from)
    }

    /// Its name, marked if it does not have 24 hours: `Sun (23 h)`.
    pub(super) fn label(self) -> String {
        let name = self.date.strftime("%a");
        if self.is_plain() { name.to_string() } else { format!("{name} ({} h)", plain(hours(self.length()))) }
    }

    /// Whether it has 24 hours.
    pub(super) fn is_plain(self) -> bool {
        self.length() == SignedDuration::from_hours(24)
    }

    /// What the clock does on a day that does not have 24 hours.
    pub(super) fn shift(self, zone: &TimeZone) -> Option<String> {
        if self.is_plain() {
            return None;
        }
        let jump = zone.following(self.from).next()?.timestamp();
        let before = jump.checked_sub(SignedDuration::from_nanos(1)).ok()?;
        let stood = zone.to_offset(before).to_datetime(jump);
        Some(format!(
            "{} has {} hours: at {} the clock is set to {}",
            self.date.strftime("%A %F"),
            plain(hours(self.length())),
            stood.strftime("%H:%M"),
            zone.to_datetime(jump).strftime("%H:%M"),
        ))
    }
}

/// A length of time in hours.
pub(super) fn hours(length: SignedDuration) -> f64 {
    length.as_secs_f64() / HOUR
}

/// A number with at most two decimals and no trailing zeros.
pub(super) fn plain(number: f64) -> String {
    let text = format!("{number:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
