//! How far behind a pin is.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context as _, Error};
use jiff::civil::Date;

/// A version that is out, as the caller knows it: `NAME=VERSION:DATE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newer {
    /// The pin's name.
    pub name: String,
    /// The version.
    pub version: String,
    /// The day on which it came out.
    pub released: Date,
}

impl FromStr for Newer {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let parts = text.split_once('=').and_then(|(name, rest)| Some((name, rest.rsplit_once(':')?)));
        let (name, (version, released)) =
            parts.context("it takes NAME=VERSION:DATE, for example runner=2.340.0:2026-11-30")?;
        let released =
            released.parse().with_context(|| format!("{released:?} is not a date such as 2026-11-30"))?;
        Ok(Self { name: name.to_owned(), version: version.to_owned(), released })
    }
}

/// How far behind a pin is, and how that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Age {
    /// A newer version has been out for this many days.
    Behind {
        /// That version.
        newer: String,
        /// How long it has been out.
        days: i32,
    },
    /// Nothing newer is known, and the last look was this many days ago. The next version may have come out
    /// the day after.
    Looked(i32),
    /// Nothing newer is known, but nobody has looked since it came out.
    Released(i32),
    /// Neither is known.
    Unknown,
}

impl Age {
    /// The age of a version on a day.
    pub fn of(
        version: &str,
        released: Option<Date>,
        looked: Option<Date>,
        newer: Option<&Newer>,
        today: Date,
    ) -> Self {
        let since = |day: Date| (today - day).get_days();
        match (newer.filter(|newer| newer.version != version), looked, released) {
            (Some(newer), _, _) => Self::Behind { newer: newer.version.clone(), days: since(newer.released) },
            (None, Some(looked), released) if released.is_none_or(|released| released <= looked) => {
                Self::Looked(since(looked))
            }
            (None, _, Some(released)) => Self::Released(since(released)),
            (None, _, None) => Self::Unknown,
        }
    }

    /// The most days that it can be behind, if known.
    pub fn days(&self) -> Option<i32> {
        match self {
            Self::Behind { days, .. } | Self::Looked(days) | Self::Released(days) => Some(*days),
            Self::Unknown => None,
        }
    }
}

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Released(days) | Self::Looked(days) | Self::Behind { days, .. } if *days < 0 => {
                write!(f, "dated {} after the day that ages are counted from", Days(-days))
            }
            Self::Behind { newer, days } => write!(f, "{newer} has been out for {}", Days(*days)),
            Self::Looked(days) => write!(f, "nothing newer {} ago", Days(*days)),
            Self::Released(days) => {
                write!(f, "came out {} ago, and nobody has looked for a newer one since", Days(*days))
            }
            Self::Unknown => f.write_str("of unknown age"),
        }
    }
}

struct Days(i32);

impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0, if self.0 == 1 { "day" } else { "days" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn an_age_counts_from_what_is_known() {
        use Age::{Behind, Looked, Released, Unknown};
        let newer: Newer = "runner=2.339.0:2026-11-05".parse().unwrap();
        let same: Newer = "runner=2.338.0:2026-10-06".parse().unwrap();
        let behind = Behind { newer: "2.339.0".to_owned(), days: 20 };
        for (released, looked, newer, age, why) in [
            (Some("2026-10-06"), None, None, Released(50), "nobody has looked"),
            (Some("2026-10-06"), Some("2026-11-24"), None, Looked(1), "somebody has"),
            (Some("2026-10-06"), Some("2026-10-01"), None, Released(50), "before it was out"),
            (Some("2026-10-06"), Some("2026-11-24"), Some(&newer), behind.clone(), "a newer one is out"),
            (Some("2026-10-06"), None, Some(&same), Released(50), "it is the one that is out"),
            (None, None, Some(&newer), behind, "its own day does not matter then"),
            (None, Some("2026-11-25"), None, Looked(0), "a tag has no day of its own"),
            (None, None, None, Unknown, "nothing is known"),
        ] {
            let (released, looked) = (released.map(day), looked.map(day));
            assert_eq!(Age::of("2.338.0", released, looked, newer, day("2026-11-25")), age, "{why}");
        }
    }

    #[test]
    fn a_newer_version_is_told_with_its_day() {
        for wrong in ["runner", "runner=2.339.0", "runner=2.339.0:soon"] {
            assert!(wrong.parse::<Newer>().is_err(), "{wrong}");
        }
    }
}
