//! A pool's minimum and maximum by its schedule.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use super::window::Window;
use super::{Schedule, shifted};
use crate::pools::Pool;

/// How many days ahead the next change is looked for: more than a year of holidays.
const LOOK_AHEAD: i32 = 400;

/// How many days are looked at together.
const STRIDE: i32 = 8;

/// A pool's minimum and maximum of a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Runners to keep waiting.
    pub minimum: u32,
    /// Most runners that may live at once.
    pub maximum: u32,
}

/// A pool with the schedule that it follows.
#[derive(Debug, Clone, Copy)]
pub struct Hours<'a> {
    /// The pool.
    pub pool: &'a Pool,
    /// Its own schedule, or the platform's.
    pub schedule: &'a Schedule,
}

impl Hours<'_> {
    /// The minimum and the maximum that hold at an instant: exactly one of each at every instant.
    pub fn bounds_at(self, at: Timestamp) -> Bounds {
        let window = if self.never_changes() { None } else { self.schedule.open_at(at) };
        window.map_or_else(|| self.off_hours(), |window| self.within(window))
    }

    fn within(self, window: &Window) -> Bounds {
        Bounds {
            minimum: window.minimum.unwrap_or(self.pool.working_hours_minimum),
            maximum: window.maximum.unwrap_or(self.pool.maximum),
        }
    }

    fn off_hours(self) -> Bounds {
        Bounds {
            minimum: self.pool.off_hours_minimum,
            maximum: self.pool.off_hours_maximum.unwrap_or(self.pool.maximum),
        }
    }

    /// Whether the same holds in every window and out of them, so that nobody has to look at a clock.
    fn never_changes(self) -> bool {
        self.schedule.windows.iter().all(|window| self.within(window) == self.off_hours())
    }

    /// The minimum that holds at an instant.
    pub fn minimum_at(self, at: Timestamp) -> u32 {
        self.bounds_at(at).minimum
    }

    /// The first instant after this one from which another minimum or maximum holds; `None` if there
    /// is none in more than a year.
    pub fn next_change(self, after: Timestamp) -> Option<Timestamp> {
        if self.never_changes() {
            return None;
        }
        let now = self.bounds_at(after);
        let today: Date = self.schedule.zone.to_datetime(after).date();
        let mut first = -2;
        while first < LOOK_AHEAD {
            let edges =
                self.schedule.edges_between(shifted(today, first), shifted(today, first + STRIDE - 1));
            // What a later stride holds never begins before the last days of this one end.
            let found = edges.into_iter().find(|&edge| edge > after && self.bounds_at(edge) != now);
            if found.is_some() {
                return found;
            }
            first += STRIDE;
        }
        None
    }

    /// The highest minimum from an instant on until `lead` later: what EC2 instances have to be there
    /// for.
    pub fn highest_minimum(self, from: Timestamp, lead: SignedDuration) -> u32 {
        if self.never_changes() {
            return self.minimum_at(from);
        }
        let until = from.checked_add(lead).unwrap_or(Timestamp::MAX);
        let day = |at| self.schedule.zone.to_datetime(at).date();
        let edges = self.schedule.edges_between(shifted(day(from), -2), shifted(day(until), 1));
        let ahead = edges.into_iter().filter(|edge| (from..=until).contains(edge));
        let ahead = ahead.map(|edge| self.minimum_at(edge)).max();
        self.minimum_at(from).max(ahead.unwrap_or(0))
    }
}
