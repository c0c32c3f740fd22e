//! Runners that the version before listed elsewhere: an item stays where it was listed until it is written again.

use std::cell::Cell;

use jiff::{SignedDuration, Timestamp};

/// How long they are looked for: a deploy has ended by then, and no function of the version before writes any.
const LOOKED_FOR: SignedDuration = SignedDuration::from_mins(15);

/// Until when an instance of a function looks through the earlier listings too: each look costs a read of each, and
/// where a while ago there was nothing, nothing comes.
#[derive(Debug, Default)]
pub struct EarlierListings(Cell<Option<Timestamp>>);

impl EarlierListings {
    /// Whether they are looked through now: for a while after the first time, and after the last runner that was found.
    pub fn are_due(&self, now: Timestamp) -> bool {
        self.0.get().is_none_or(|until| now < until)
    }

    /// They were looked through, and there was a runner, or none.
    pub fn looked_through(&self, found: bool, now: Timestamp) {
        if found || self.0.get().is_none() {
            self.0.set(now.checked_add(LOOKED_FOR).ok());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_looked_through_for_a_while_and_as_long_as_there_is_something() {
        let at = |minutes: i64| Timestamp::from_second(1_800_000_000 + minutes * 60).unwrap();
        let listings = EarlierListings::default();
        assert!(listings.are_due(at(0)), "an instance knows nothing of what is there");
        listings.looked_through(false, at(0));
        listings.looked_through(false, at(10));
        assert!(listings.are_due(at(14)) && !listings.are_due(at(15)), "there was nothing for a while");
        listings.looked_through(true, at(14));
        assert!(listings.are_due(at(28)) && !listings.are_due(at(29)), "there was one");
    }
}
