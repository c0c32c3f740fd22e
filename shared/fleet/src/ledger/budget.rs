//! The budget of calls to GitHub: what keeps all registrars together under GitHub's secondary limit.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Calls that change something which all registrars together make in a minute. GitHub's secondary
/// limit is 900 points a minute, and such a call costs 5: 180 of them. The rest is for who else
/// speaks for the App.
pub const CALLS_A_MINUTE: u32 = 170;

/// The longest wait that is believed: GitHub's limits are those of a minute and of an hour. What asks for
/// more, a proxy say, would stop every claim for as long as it likes.
pub const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(1);

/// What was called in this minute, and until when GitHub wants to be left alone. It is one item of
/// the ledger.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// The minute that the calls are counted in, since the beginning of 1970.
    pub minute: i64,
    /// Calls in that minute.
    pub calls: u32,
    /// The end of the wait that GitHub asked for last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_until: Option<Timestamp>,
    /// How often it was written; 0 before the first time.
    pub version: u64,
}

impl Budget {
    /// The budget once so many calls more are made, or the time from which they may be.
    pub fn spend(&self, calls: u32, now: Timestamp) -> Result<Self, Timestamp> {
        if let Some(until) = self.waits_until(now) {
            return Err(until);
        }
        let minute = now.as_second().div_euclid(60);
        // Clocks differ: a minute that somebody has begun is begun.
        let (minute, before) = if minute > self.minute { (minute, 0) } else { (self.minute, self.calls) };
        let calls = before.saturating_add(calls);
        if calls > CALLS_A_MINUTE {
            let next = minute.saturating_add(1).saturating_mul(60);
            return Err(Timestamp::from_second(next).unwrap_or(Timestamp::MAX));
        }
        Ok(Self { minute, calls, version: self.version + 1, ..self.clone() })
    }

    /// The budget once GitHub has asked to wait. `None` if a wait as long is known.
    pub fn wait(&self, length: SignedDuration, now: Timestamp) -> Option<Self> {
        let until = now.checked_add(length.min(LONGEST_WAIT)).unwrap_or(Timestamp::MAX);
        let longer = self.waits_until(now).is_none_or(|known| known < until);
        longer.then(|| Self { wait_until: Some(until), version: self.version + 1, ..self.clone() })
    }

    /// The end of the wait, if there is one that is to be believed: whatever is stored, an hour from now nobody
    /// waits any longer.
    fn waits_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.wait_until.filter(|&until| until > now && until.duration_since(now) <= LONGEST_WAIT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    #[test]
    fn a_minute_has_so_many_calls_and_the_next_one_has_them_again() {
        let mut budget = Budget::default();
        for _ in 0..CALLS_A_MINUTE {
            budget = budget.spend(1, at(10)).expect("there is room");
        }
        assert_eq!(budget.spend(1, at(59)), Err(at(60)));
        let next = budget.spend(2, at(60)).expect("another minute");
        assert_eq!((next.calls, next.version), (2, u64::from(CALLS_A_MINUTE) + 1));
    }

    #[test]
    fn calls_that_belong_together_are_made_together_or_not_at_all() {
        let budget =
            Budget { minute: at(0).as_second() / 60, calls: CALLS_A_MINUTE - 1, ..Budget::default() };
        assert_eq!(budget.spend(2, at(0)), Err(at(60)));
        assert_eq!(budget.spend(1, at(0)).map(|it| it.calls), Ok(CALLS_A_MINUTE));
    }

    #[test]
    fn a_clock_that_is_behind_opens_no_minute_again() {
        let full = Budget { minute: at(60).as_second() / 60, calls: CALLS_A_MINUTE, ..Budget::default() };
        assert_eq!(full.spend(1, at(59)), Err(at(120)));
    }

    #[test]
    fn a_wait_of_githubs_holds_for_all_and_never_becomes_shorter() {
        let budget = Budget::default().wait(SignedDuration::from_secs(60), at(0)).expect("it is news");
        assert_eq!(budget.spend(1, at(59)), Err(at(60)));
        assert!(budget.spend(1, at(60)).is_ok());
        assert_eq!(budget.wait(SignedDuration::from_secs(30), at(0)), None, "a longer one is known");
        assert_eq!(budget.wait(SignedDuration::from_secs(60), at(0)), None, "one as long is known");
        let longer = budget.wait(SignedDuration::from_secs(60), at(1)).expect("it is longer");
        assert_eq!(longer.spend(1, at(60)), Err(at(61)));
        assert_eq!((budget.version, longer.version), (1, 2), "each is one write more");
    }

    #[test]
    fn no_wait_is_longer_than_an_hour_whatever_asks_for_it_and_whatever_is_stored() {
        let hour = at(3600);
        for length in [LONGEST_WAIT, SignedDuration::from_hours(24 * 3650), SignedDuration::MAX] {
            let budget = Budget::default().wait(length, at(0)).expect("it is news");
            assert_eq!(budget.spend(1, at(3599)), Err(hour), "{length:?}");
            assert!(budget.spend(1, hour).is_ok(), "{length:?}");
        }
        for stored in [Timestamp::MAX, at(3601), at(24 * 3600)] {
            let budget = Budget { wait_until: Some(stored), ..Budget::default() };
            assert!(budget.spend(1, at(0)).is_ok(), "{stored} was written by somebody who believed it");
            let short = budget.wait(SignedDuration::from_secs(60), at(0)).expect("the other one is none");
            assert_eq!(short.spend(1, at(0)), Err(at(60)), "{stored}");
        }
        let full = Budget { minute: i64::MAX, calls: CALLS_A_MINUTE, ..Budget::default() };
        assert_eq!(full.spend(1, at(0)), Err(Timestamp::MAX), "no sum overflows");
    }
}
