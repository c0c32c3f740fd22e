//! GitHub's rate limits. There are none where nobody sets any.

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
}

/// What was used of the limits, and how often they were met.
#[derive(Debug, Default)]
pub(super) struct Used {
    pub(super) limits: GithubLimits,
    pub(super) refused: u64,
    minute: Window<60>,
    hour: Window<3600>,
}

/// What was used in a window of so many seconds. GitHub does not say when its windows begin: these are those
/// of the clock.
#[derive(Debug, Default)]
struct Window<const SECONDS: i64> {
    number: i64,
    used: u32,
}

impl<const SECONDS: i64> Window<SECONDS> {
    /// Whether there is room for so much more; if there is none, how long until the next window.
    fn room(&mut self, more: u32, most: Option<u32>, now: Timestamp) -> Result<(), Duration> {
        let number = now.as_second().div_euclid(SECONDS);
        if number != self.number {
            *self = Self { number, used: 0 };
        }
        if most.is_some_and(|most| self.used.saturating_add(more) > most) {
            let left = SECONDS - now.as_second().rem_euclid(SECONDS);
            return Err(Duration::from_secs(left.unsigned_abs()));
        }
        Ok(())
    }
}

impl Used {
    /// Takes a call out of the limits, or says after how long GitHub wants to be asked again (`retry-after`).
    pub(super) fn take(&mut self, operation: Operation, now: Timestamp) -> Result<(), Duration> {
        let points = points(operation);
        if points == 0 {
            return Ok(());
        }
        let minute = self.minute.room(points, self.limits.points_a_minute, now);
        let hour = self.hour.room(1, self.limits.calls_an_hour, now);
        if let Some(wait) = [minute, hour].into_iter().filter_map(Result::err).max() {
            self.refused += 1;
            return Err(wait);
        }
        self.minute.used += points;
        self.hour.used += 1;
        Ok(())
    }
}

/// What a call costs of the secondary limit.
const fn points(operation: Operation) -> u32 {
    match operation {
        Operation::GenerateJitConfig | Operation::DeleteRunner | Operation::Redeliver => CHANGES,
        // Whoever registers keeps what it has found (`github::App`): one call in a process's life.
        Operation::FindRunnerGroup => 0,
        _ => READS,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that can not be set up fails")]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    #[test]
    fn a_minute_has_its_points_and_whoever_has_none_is_told_how_long_to_wait() {
        let limits = GithubLimits { points_a_minute: Some(900), ..GithubLimits::default() };
        let mut used = Used { limits, ..Used::default() };
        for call in 1..=180 {
            assert_eq!(used.take(Operation::GenerateJitConfig, at(10)), Ok(()), "call {call}");
        }
        assert_eq!(used.take(Operation::ReadJob, at(15)), Err(Duration::from_secs(45)));
        assert_eq!((used.take(Operation::ReadJob, at(60)), used.refused), (Ok(()), 1));
        let reads = (0..2_000).filter(|_| used.take(Operation::ReadJob, at(61)).is_ok()).count();
        assert_eq!(reads, 899, "a read is a point");
    }

    #[test]
    fn an_hour_has_its_calls_whatever_they_do() {
        let limits = GithubLimits { calls_an_hour: Some(100), ..GithubLimits::default() };
        let mut used = Used { limits, ..Used::default() };
        let through = |used: &mut Used, second| {
            (0..200).filter(|_| used.take(Operation::DeleteRunner, at(second)).is_ok()).count()
        };
        assert_eq!(
            [through(&mut used, 0), through(&mut used, 3599), through(&mut used, 3600)],
            [100, 0, 100]
        );
    }

    #[test]
    fn nothing_is_limited_where_nobody_sets_a_limit() {
        let mut used = Used::default();
        assert!((0..100_000).all(|_| used.take(Operation::GenerateJitConfig, at(0)).is_ok()));
    }
}
