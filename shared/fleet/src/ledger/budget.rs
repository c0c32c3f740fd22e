//! The wait that GitHub asks for, which all functions keep to together.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// The longest wait that is believed: GitHub's limits are those of a minute and of an hour. What asks for
/// more, a proxy say, would stop every claim for as long as it likes.
pub const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(1);

/// Until when GitHub wants to be left alone. It is one item of the ledger; the calls of a minute are a meter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// The end of the wait that GitHub asked for last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_until: Option<Timestamp>,
    /// How often it was written; 0 before the first time.
    pub version: u64,
}

impl Budget {
    /// The budget once GitHub has asked to wait. `None` if a wait as long is known.
    pub fn wait(&self, length: SignedDuration, now: Timestamp) -> Option<Self> {
        let until = now.checked_add(length.min(LONGEST_WAIT)).unwrap_or(Timestamp::MAX);
        let longer = self.waits_until(now).is_none_or(|known| known < until);
        longer.then(|| Self { wait_until: Some(until), version: self.version + 1 })
    }

    /// The end of the wait, if there is one that is to be believed: whatever is stored, an hour from now nobody
    /// waits any longer.
    pub fn waits_until(&self, now: Timestamp) -> Option<Timestamp> {
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
    fn a_wait_of_githubs_holds_for_all_and_never_becomes_shorter() {
        let budget = Budget::default().wait(SignedDuration::from_secs(60), at(0)).expect("it is news");
        assert_eq!(budget.waits_until(at(59)), Some(at(60)));
        assert_eq!(budget.waits_until(at(60)), None);
        assert_eq!(budget.wait(SignedDuration::from_secs(30), at(0)), None, "a longer one is known");
        assert_eq!(budget.wait(SignedDuration::from_secs(60), at(0)), None, "one as long is known");
        let longer = budget.wait(SignedDuration::from_secs(60), at(1)).expect("it is longer");
        assert_eq!(longer.waits_until(at(60)), Some(at(61)));
        assert_eq!((budget.version, longer.version), (1, 2), "each is one write more");
    }

    #[test]
    fn no_wait_is_longer_than_an_hour_whatever_asks_for_it_and_whatever_is_stored() {
        let hour = at(3600);
        for length in [LONGEST_WAIT, SignedDuration::from_hours(24 * 3650), SignedDuration::MAX] {
            let budget = Budget::default().wait(length, at(0)).expect("it is news");
            assert_eq!(budget.waits_until(at(3599)), Some(hour), "{length:?}");
            assert_eq!(budget.waits_until(hour), None, "{length:?}");
        }
        for stored in [Timestamp::MAX, at(3601), at(24 * 3600)] {
            let budget = Budget { wait_until: Some(stored), ..Budget::default() };
            assert_eq!(budget.waits_until(at(0)), None, "{stored} was written by somebody who believed it");
            let short = budget.wait(SignedDuration::from_secs(60), at(0)).expect("the other one is none");
            assert_eq!(short.waits_until(at(0)), Some(at(60)), "{stored}");
        }
    }
}
