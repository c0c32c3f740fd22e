//! How fast a function may call `RunTask`.
//!
//! ECS takes 20 calls of `RunTask` a second from an account, and a throttled call costs a retry that
//! is a call too. Functions do not know of each other, so each keeps to its share of the rate.

use std::time::Duration;

use jiff::Timestamp;

/// The time from one call of a launcher to its next one. Five launchers make 17.9 calls a second,
/// and the scheduler two: under the 20 that ECS takes.
pub const BETWEEN_CALLS: Duration = Duration::from_millis(280);

/// The time from one call of the scheduler to its next one.
pub const BETWEEN_SCHEDULER_CALLS: Duration = Duration::from_millis(500);

/// When the next call may be made. It is kept from one event to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    between: Duration,
    free_at: Option<Timestamp>,
}

impl Pace {
    /// The pace of calls that are so far apart.
    pub fn of(between: Duration) -> Self {
        Self { between, free_at: None }
    }

    /// Takes the next free moment from `now` on: wait for it, then call. `None` if it comes after
    /// `until`; then nothing is taken.
    pub fn take(&mut self, now: Timestamp, until: Timestamp) -> Option<Timestamp> {
        let at = self.free_at.map_or(now, |free| free.max(now));
        if at > until {
            return None;
        }
        self.free_at = Some(at.checked_add(self.between).unwrap_or(Timestamp::MAX));
        Some(at)
    }
}

#[cfg(test)]
mod tests {
    use fleet::launch::LAUNCHERS;

    use super::*;

    /// Milliseconds after an hour of no importance.
    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(1_791_190_800_000 + milliseconds).unwrap()
    }

    #[test]
    fn calls_are_apart_whenever_they_are_asked_for() {
        for (asked, taken, why) in [
            (&[0][..], &[0][..], "the first one waits for nobody"),
            (&[0, 0, 0, 0], &[0, 280, 560, 840], "side by side, one after the other"),
            (&[0, 100, 1_000], &[0, 280, 1_000], "whoever comes later than the free moment does not wait"),
            (&[0, 0, 200, 5_000, 5_000], &[0, 280, 560, 5_000, 5_280], "a pause saves up no calls"),
            (&[1_000, 0], &[1_000, 1_280], "a clock that is set back brings nothing forward"),
        ] {
            let mut pace = Pace::of(BETWEEN_CALLS);
            let found: Vec<_> = asked.iter().map(|&now| pace.take(at(now), at(60_000))).collect();
            let expected: Vec<_> = taken.iter().map(|&moment| Some(at(moment))).collect();
            assert_eq!(found, expected, "{why}");
        }
    }

    #[test]
    fn a_moment_after_the_end_is_not_taken() {
        let mut pace = Pace::of(BETWEEN_CALLS);
        for (now, until, taken, why) in [
            (0, 0, Some(0), "the last moment counts"),
            (0, 279, None, "the next one is too late"),
            (0, 280, Some(280), "and was not taken by whom it was too late for"),
            (600, 500, None, "the end is over"),
            (600, 700, Some(600), "another batch has another end"),
        ] {
            assert_eq!(pace.take(at(now), at(until)), taken.map(at), "{why}");
        }
    }

    #[test]
    fn all_launchers_and_the_scheduler_stay_under_the_rate_of_ecs() {
        const CALLS_A_SECOND: u128 = 20;
        let hour = Duration::from_hours(1).as_millis();
        let of_launchers = hour / BETWEEN_CALLS.as_millis() * LAUNCHERS as u128;
        let of_scheduler = hour / BETWEEN_SCHEDULER_CALLS.as_millis();
        assert!(of_launchers + of_scheduler <= CALLS_A_SECOND * 3600);
    }
}
