//! GitHub's rate limits. There are none where nobody sets any.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;

use crate::Operation;

/// The points of a call that changes something (GitHub: "Rate limits for the REST API", "Calculating points for
/// the secondary rate limit").
const CHANGES: u32 = 5;

/// The points of a call that reads.
const READS: u32 = 1;

/// How much an installation of the App may ask for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GithubLimits {
    /// The secondary limit: points a minute.
    pub points_a_minute: Option<u32>,
    /// The primary limit: calls an hour.
    pub calls_an_hour: Option<u32>,
    /// How both are counted.
    pub counted: LimitWindow,
}

/// How a limit counts its minute, or its hour. GitHub does not say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LimitWindow {
    /// By the clock: all of it is there again when the minute is over.
    #[default]
    ByTheClock,
    /// Over the last sixty seconds, whenever they are.
    Sliding,
}

/// What was used of the limits, and how often they were met.
#[derive(Debug, Default)]
pub(super) struct UsedLimits {
    pub(super) limits: GithubLimits,
    pub(super) refused: u64,
    minute: CountingWindow<60>,
    hour: CountingWindow<3600>,
}

/// What was used in a window of `SECONDS` seconds, by the second.
#[derive(Debug, Default)]
struct CountingWindow<const SECONDS: i64> {
    used: VecDeque<(i64, u32)>,
    sum: u32,
}

impl<const SECONDS: i64> CountingWindow<SECONDS> {
    /// Whether there is room for this much more; if not, how long until there is.
    fn room(
        &mut self,
        more: u32,
        most: Option<u32>,
        counted: LimitWindow,
        now: Timestamp,
    ) -> Result<(), Duration> {
        let now = now.as_second();
        let counts_from = match counted {
            LimitWindow::ByTheClock => now - now.rem_euclid(SECONDS),
            LimitWindow::Sliding => now - SECONDS + 1,
        };
        while let Some((_, used)) = self.used.pop_front_if(|(second, _)| *second < counts_from) {
            self.sum -= used;
        }
        if most.is_none_or(|most| self.sum.saturating_add(more) <= most) {
            return Ok(());
        }
        let room_at = match (counted, self.used.front()) {
            (LimitWindow::Sliding, Some((oldest, _))) => oldest + SECONDS,
            _ => counts_from + SECONDS,
        };
        Err(Duration::from_secs((room_at - now).unsigned_abs().max(1)))
    }

    fn take(&mut self, more: u32, now: Timestamp) {
        let now = now.as_second();
        match self.used.back_mut() {
            Some((second, used)) if *second == now => *used += more,
            _ => self.used.push_back((now, more)),
        }
        self.sum += more;
    }
}

impl UsedLimits {
    /// Takes a call out of the limits, or says after how long GitHub wants to be asked again (`retry-after`).
    pub(super) fn take(&mut self, operation: Operation, now: Timestamp) -> Result<(), Duration> {
        let points = points(operation);
        let GithubLimits { points_a_minute, calls_an_hour, counted } = self.limits;
        let minute = self.minute.room(points, points_a_minute, counted, now);
        let hour = self.hour.room(1, calls_an_hour, counted, now);
        if let Some(wait) = [minute, hour].into_iter().filter_map(Result::err).max() {
            self.refused += 1;
            return Err(wait);
        }
        self.minute.take(points, now);
        self.hour.take(1, now);
        Ok(())
    }
}

/// What a call costs of the secondary limit.
const fn points(operation: Operation) -> u32 {
    match operation {
        Operation::GenerateJitConfig | Operation::DeleteRunner | Operation::Redeliver => CHANGES,
        _ => READS,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    #[test]
    fn a_minute_has_its_points_and_whoever_has_none_is_told_how_long_to_wait() {
        let limits = GithubLimits { points_a_minute: Some(900), ..GithubLimits::default() };
        let mut used = UsedLimits { limits, ..UsedLimits::default() };
        for call in 1..=180 {
            assert_eq!(used.take(Operation::GenerateJitConfig, at(10)), Ok(()), "call {call}");
        }
        assert_eq!(used.take(Operation::ReadJob, at(15)), Err(Duration::from_secs(45)));
        assert_eq!((used.take(Operation::ReadJob, at(60)), used.refused), (Ok(()), 1));
        let reads = (0..2_000).filter(|_| used.take(Operation::ReadJob, at(61)).is_ok()).count();
        assert_eq!(reads, 899, "a read is a point");
    }

    #[test]
    fn a_sliding_minute_has_room_again_when_its_oldest_calls_are_a_minute_old() {
        let limits = GithubLimits {
            points_a_minute: Some(10),
            counted: LimitWindow::Sliding,
            ..GithubLimits::default()
        };
        let mut used = UsedLimits { limits, ..UsedLimits::default() };
        let mut take = |second| used.take(Operation::DeleteRunner, at(second));
        assert_eq!([take(50), take(55), take(58)], [Ok(()), Ok(()), Err(Duration::from_secs(52))]);
        assert_eq!([take(60), take(109)], [Err(Duration::from_secs(50)), Err(Duration::from_secs(1))]);
        assert_eq!([take(110), take(111)], [Ok(()), Err(Duration::from_secs(4))]);
    }

    #[test]
    fn an_hour_has_its_calls_whatever_they_do() {
        let limits = GithubLimits { calls_an_hour: Some(100), ..GithubLimits::default() };
        let mut used = UsedLimits { limits, ..UsedLimits::default() };
        let through = |used: &mut UsedLimits, second| {
            (0..200).filter(|_| used.take(Operation::DeleteRunner, at(second)).is_ok()).count()
        };
        assert_eq!(
            [through(&mut used, 0), through(&mut used, 3599), through(&mut used, 3600)],
            [100, 0, 100]
        );
    }

    #[test]
    fn nothing_is_limited_where_nobody_sets_a_limit() {
        let mut used = UsedLimits::default();
        assert!((0..100_000).all(|_| used.take(Operation::GenerateJitConfig, at(0)).is_ok()));
    }
}
