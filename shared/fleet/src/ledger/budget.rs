//! The wait that GitHub asks for, which all functions keep together.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// The longest wait to believe: GitHub's limits are per minute and per hour. A longer one, from a proxy for
/// example, would stop every claim for as long as it likes.
pub const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(1);

/// Until when GitHub asks us to wait. This is one item of the ledger; the calls of a minute are a meter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// The end of the wait that GitHub last asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_until: Option<Timestamp>,
    /// How often it was written; 0 if never.
    pub version: u64,
}

impl Budget {
    /// The budget once GitHub has asked to wait. `None` if a wait at least as long is already known.
    pub fn wait(&self, length: SignedDuration, now: Timestamp) -> Option<Self> {
        let until = now.checked_add(length.min(LONGEST_WAIT)).unwrap_or(Timestamp::MAX);
        let longer = self.waits_until(now).is_none_or(|known| known < until);
        longer.then(|| Self { wait_until: Some(until), version: self.version + 1 })
    }

    /// The end of the wait, if there is one and it is credible: whatever is stored, nobody waits longer than
    /// an hour from now.
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
    fn githubs_wait_holds_for_all_functions_and_never_becomes_shorter() {
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
            let short = budget
                .wait(SignedDuration::from_secs(60), at(0))
                .expect("the stored wait counts for nothing");
            assert_eq!(short.waits_until(at(0)), Some(at(60)), "{stored}");
        }
    }
}
