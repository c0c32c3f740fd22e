//! A window of the week.

use jiff::ToSpan as _;
use jiff::civil::{Date, DateTime, Weekday};

/// Minutes of a day by the clock.
pub(super) const DAY: u16 = 24 * 60;

/// Minutes of a week by the clock.
const WEEK: u16 = 7 * DAY;

/// A part of some days, by the clock; over midnight where it ends before it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) days: Vec<Weekday>,
    /// Minutes after midnight.
    pub(super) from: u16,
    /// Minutes after midnight; [`DAY`] for the midnight at the day's end.
    pub(super) to: u16,
    /// What holds instead of the pool's minimum of working hours.
    pub(super) minimum: Option<u32>,
    /// What holds instead of the pool's maximum.
    pub(super) maximum: Option<u32>,
}

impl Window {
    pub(super) fn opens_on(&self, day: Weekday) -> bool {
        self.days.contains(&day)
    }

    /// The clock times between which it is open that opens on a day.
    pub(super) fn opening(&self, day: Date) -> (DateTime, DateTime) {
        let at = |minutes: u16| {
            day.to_datetime(jiff::civil::Time::midnight()).saturating_add(i64::from(minutes).minutes())
        };
        (at(self.from), at(self.from + self.length()))
    }

    /// Minutes from its beginning to its end.
    fn length(&self) -> u16 {
        if self.to > self.from { self.to - self.from } else { self.to + DAY - self.from }
    }

    /// Whether both are open at some minute of a week in which nothing shifts the clock.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        self.starts().any(|own| {
            other.starts().any(|theirs| {
                let ahead = (theirs + WEEK - own) % WEEK;
                let behind = (own + WEEK - theirs) % WEEK;
                ahead < self.length() || behind < other.length()
            })
        })
    }

    /// Whether both say the same numbers.
    pub(super) fn agrees(&self, other: &Self) -> bool {
        (self.minimum, self.maximum) == (other.minimum, other.maximum)
    }

    fn starts(&self) -> impl Iterator<Item = u16> {
        self.days
            .iter()
            .map(|day| day.to_monday_zero_offset().unsigned_abs())
            .map(|day| u16::from(day) * DAY + self.from)
    }
}
