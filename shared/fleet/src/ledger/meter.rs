//! Meters: how much was used of what all functions share.
//!
//! No function reads a meter, changes it and writes it back. Each use is one conditional addition, which
//! fails only at the limit.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What is metered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Meter {
    /// Calls that change something at GitHub, in this minute since the beginning of 1970.
    GithubCalls(i64),
    /// Runners reserved to come up in this minute, which will then be registered at GitHub.
    Registrations(i64),
    /// ECS's `RunTask`: the microsecond since the beginning of 1970 at which its bucket is full again.
    RunTasks,
}

impl Meter {
    /// The minute that it covers, if any. A day later it is of no use.
    pub fn minute(self) -> Option<i64> {
        match self {
            Self::GithubCalls(minute) | Self::Registrations(minute) => Some(minute),
            Self::RunTasks => None,
        }
    }
}

impl fmt::Display for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GithubCalls(minute) => write!(f, "github-calls#{minute}"),
            Self::Registrations(minute) => write!(f, "registrations#{minute}"),
            Self::RunTasks => f.write_str("run-tasks"),
        }
    }
}

/// A text that names no meter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a meter: github-calls#MINUTE, registrations#MINUTE or run-tasks")]
pub struct UnknownMeter(String);

impl FromStr for Meter {
    type Err = UnknownMeter;

    fn from_str(text: &str) -> Result<Self, UnknownMeter> {
        let (name, minute) = text.split_once('#').map_or((text, None), |(name, minute)| (name, Some(minute)));
        let minute = minute.map(str::parse).transpose().map_err(|_| UnknownMeter(text.to_owned()))?;
        match (name, minute) {
            ("github-calls", Some(minute)) => Ok(Self::GithubCalls(minute)),
            ("registrations", Some(minute)) => Ok(Self::Registrations(minute)),
            ("run-tasks", None) => Ok(Self::RunTasks),
            _ => Err(UnknownMeter(text.to_owned())),
        }
    }
}

impl Serialize for Meter {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Meter {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A meter as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// What is metered.
    pub meter: Meter,
    /// Its reading.
    pub spent: i64,
}

/// One use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spend {
    /// What is used.
    pub meter: Meter,
    /// The least reading to start from: a lower one is raised to this.
    pub floor: i64,
    /// The amount added; negative if something is given back.
    pub amount: i64,
    /// The highest reading allowed afterwards.
    pub at_most: i64,
}

/// What is left of a meter. It may be zero, or negative if a limit was lowered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left(pub i64);

impl Spend {
    /// The reading afterwards, given what is stored.
    pub fn apply(&self, stored: Option<i64>) -> Result<i64, Left> {
        let from = stored.map_or(self.floor, |stored| stored.max(self.floor));
        let to = from.saturating_add(self.amount);
        if to <= self.at_most { Ok(to) } else { Err(Left(self.at_most.saturating_sub(from))) }
    }

    /// The same with another amount.
    #[must_use]
    pub fn of(self, amount: i64) -> Self {
        Self { amount, ..self }
    }

    /// Gives this much back.
    #[must_use]
    pub fn back(self, amount: i64) -> Self {
        Self { amount: -amount, at_most: i64::MAX, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meters_are_parsed_from_what_they_display_as() {
        for (meter, text) in [
            (Meter::GithubCalls(29_853_180), "github-calls#29853180"),
            (Meter::Registrations(-1), "registrations#-1"),
            (Meter::RunTasks, "run-tasks"),
        ] {
            assert_eq!(meter.to_string(), text);
            assert_eq!(text.parse(), Ok(meter));
        }
        let minutes = [Meter::GithubCalls(2), Meter::Registrations(3), Meter::RunTasks].map(Meter::minute);
        assert_eq!(minutes, [Some(2), Some(3), None], "ECS's bucket has no minute");
        for (text, why) in [
            ("", "nothing"),
            ("run-tasks#7", "it has no minute"),
            ("github-calls", "it needs a minute"),
            ("github-calls#seven", "no number"),
            ("gitlab-calls#7", "nobody meters that"),
        ] {
            assert!(text.parse::<Meter>().is_err(), "{why}");
        }
    }

    #[test]
    fn uses_are_added_until_nothing_is_left() {
        let spend = Spend { meter: Meter::GithubCalls(1), floor: 0, amount: 2, at_most: 5 };
        for (stored, after, why) in [
            (None, Ok(2), "the first use"),
            (Some(3), Ok(5), "all of it"),
            (Some(4), Err(Left(1)), "one is left, and two are needed together"),
            (Some(5), Err(Left(0)), "none is left"),
            (Some(9), Err(Left(-4)), "the limit was lowered"),
        ] {
            assert_eq!(spend.apply(stored), after, "{why}");
        }
        let bucket = Spend { meter: Meter::RunTasks, floor: 100, amount: 10, at_most: 130 };
        assert_eq!(bucket.apply(Some(40)), Ok(110), "an unused amount is not saved up");
        assert_eq!(bucket.apply(Some(121)), Err(Left(9)));
        assert_eq!(bucket.back(10).apply(Some(130)), Ok(120), "given back");
        assert_eq!(bucket.back(10).apply(Some(200)), Ok(190), "also where a limit was lowered meanwhile");
        assert_eq!(spend.of(1).apply(Some(4)), Ok(5), "one alone");
        assert_eq!(spend.of(i64::MAX).apply(Some(4)), Err(Left(1)), "no sum overflows");
    }
}
