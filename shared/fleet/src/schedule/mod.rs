//! Working hours: which minimum and which maximum of a pool hold at an instant.
//!
//! A schedule is windows of the week in one time zone. The clock times of a window are turned into
//! instants first, and then compared as such, so that exactly one minimum holds at every instant,
//! whatever daylight saving does to the clock. The time zones are those that are built in: a
//! function on Lambda has no `/usr/share/zoneinfo`.

mod bounds;
mod min_size;
mod read;
mod window;

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

pub use self::bounds::{Bounds, Hours};
pub use self::min_size::{GroupSizes, floor};
pub(crate) use self::read::{read, read_platforms};
use self::window::Window;

/// When working hours are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    zone: TimeZone,
    lead: SignedDuration,
    windows: Vec<Window>,
    holidays: BTreeSet<Date>,
}

/// One time that a window is open, from its first instant to the one that is no longer in it.
#[derive(Debug, Clone, Copy)]
struct Opening<'a> {
    from: Timestamp,
    to: Timestamp,
    window: &'a Window,
}

impl Schedule {
    /// The time zone of its windows.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// How long before the runners that need them EC2 instances are asked for.
    pub fn lead(&self) -> SignedDuration {
        self.lead
    }

    /// The window that is open at an instant; the first of several, which agree.
    fn open_at(&self, at: Timestamp) -> Option<&Window> {
        let day = self.zone.to_datetime(at).date();
        // One that began yesterday may go on today. A zone that skips a day has one day more.
        let openings = self.openings_between(shifted(day, -2), shifted(day, 1));
        openings.into_iter().find(|opening| opening.from <= at && at < opening.to).map(|it| it.window)
    }

    /// Every edge of a window that begins in these days, in order.
    fn edges_between(&self, first: Date, last: Date) -> Vec<Timestamp> {
        let openings = self.openings_between(first, last);
        let edges: BTreeSet<Timestamp> = openings.iter().flat_map(|it| [it.from, it.to]).collect();
        edges.into_iter().collect()
    }

    fn openings_between(&self, first: Date, last: Date) -> Vec<Opening<'_>> {
        let days = std::iter::successors(Some(first), |day| day.tomorrow().ok());
        let days = days.take_while(|day| *day <= last).filter(|day| !self.holidays.contains(day));
        let openings = days.flat_map(|day| {
            let open = self.windows.iter().filter(move |window| window.opens_on(day.weekday()));
            open.filter_map(move |window| {
                let (from, to) = window.opening(day);
                Some(Opening { from: self.instant(from)?, to: self.instant(to)?, window })
            })
        });
        openings.collect()
    }

    /// The instant of a clock time. Of a time that comes twice it is the first; a time that the clock
    /// jumps over is the instant of the jump.
    fn instant(&self, clock: jiff::civil::DateTime) -> Option<Timestamp> {
        use jiff::tz::AmbiguousOffset;
        match self.zone.to_ambiguous_timestamp(clock).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(clock).ok(),
            AmbiguousOffset::Fold { before, .. } => before.to_timestamp(clock).ok(),
            AmbiguousOffset::Gap { after, .. } => {
                let ahead = after.to_timestamp(clock).ok()?;
                self.zone.following(ahead).next().map(|jump| jump.timestamp())
            }
        }
    }
}

fn shifted(day: Date, days: i32) -> Date {
    day.saturating_add(days.days())
}

#[cfg(test)]
mod tests;
