//! How often something happened recently.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How often something happened, by the minute; old minutes are dropped.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Recent(Vec<(i64, u32)>);

impl Recent {
    /// How often it happened within this time before now. Minutes count as a whole, so this may reach up to a
    /// minute further back.
    pub fn within(&self, length: SignedDuration, now: Timestamp) -> u32 {
        let from = minute(now) - length.as_mins();
        let recent = self.0.iter().filter(|(minute, _)| *minute >= from);
        recent.fold(0, |sum, (_, times)| sum.saturating_add(*times))
    }

    /// It has just happened. Minutes further back than this time are dropped.
    pub(super) fn add(&mut self, now: Timestamp, kept: SignedDuration) {
        let now = minute(now);
        self.0.retain(|(minute, _)| *minute >= now - kept.as_mins());
        match self.0.iter_mut().find(|(minute, _)| *minute == now) {
            Some((_, times)) => *times = times.saturating_add(1),
            None => self.0.push((now, 1)),
        }
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn minute(time: Timestamp) -> i64 {
    time.as_second().div_euclid(60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_long_ago_no_longer_counts() {
        let at = |minutes: i64| Timestamp::from_second(1_800_000_000 + minutes * 60).unwrap();
        let quarter = SignedDuration::from_mins(15);
        let mut recent = Recent::default();
        assert!(recent.is_empty());
        for minutes in [0, 0, 10, 20] {
            recent.add(at(minutes), quarter);
        }
        for (minutes, times) in [(20, 2), (25, 2), (26, 1), (36, 0)] {
            assert_eq!(recent.within(quarter, at(minutes)), times, "after {minutes} minutes");
        }
        assert!(!recent.is_empty());
        assert_eq!(recent.0.len(), 2, "the first two are dropped");
    }
}
