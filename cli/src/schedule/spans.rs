//! The spans of time in which a pool's minimum and maximum stay the same.

use fleet::schedule::{Bounds, Hours};
use jiff::{SignedDuration, Timestamp};

/// A part of the week with one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WeekSpan<T> {
    /// Its first instant.
    pub(super) from: Timestamp,
    /// The first instant after it.
    pub(super) to: Timestamp,
    /// The value in it.
    pub(super) value: T,
}

impl<T> WeekSpan<T> {
    /// How long it is.
    pub(super) fn length(&self) -> SignedDuration {
        self.to.duration_since(self.from)
    }

    /// The part of it that lies between two instants.
    pub(super) fn within(&self, from: Timestamp, to: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let part = (self.from.max(from), self.to.min(to));
        (part.0 < part.1).then_some(part)
    }
}

/// A pool's minimums and maximums, from change to change.
pub(super) fn bounds(hours: Hours<'_>, from: Timestamp, to: Timestamp) -> Vec<WeekSpan<Bounds>> {
    cut(from, to, |at| hours.next_change(at), |at| hours.bounds_at(at))
}

/// How many EC2 instances the minimums keep. On the way up, they lead the runners.
pub(super) fn instances(
    hours: Hours<'_>,
    per_instance: u32,
    from: Timestamp,
    to: Timestamp,
) -> Vec<WeekSpan<u32>> {
    let lead = hours.schedule.lead();
    let next = |at: Timestamp| {
        let early = hours.next_change(at.saturating_add(lead).ok()?).map(|change| change - lead);
        [early, hours.next_change(at)].into_iter().flatten().min()
    };
    cut(from, to, next, |at| hours.highest_minimum(at, lead).div_ceil(per_instance.max(1)))
}

fn cut<T>(
    from: Timestamp,
    to: Timestamp,
    next: impl Fn(Timestamp) -> Option<Timestamp>,
    value: impl Fn(Timestamp) -> T,
) -> Vec<WeekSpan<T>> {
    let edges = std::iter::successors(Some(from), |at| next(*at).filter(|next| *next < to));
    edges
        .map(|from| WeekSpan { from, to: next(from).map_or(to, |next| next.min(to)), value: value(from) })
        .collect()
}
