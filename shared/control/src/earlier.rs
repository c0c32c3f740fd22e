//! Runners that the previous version listed elsewhere: an item stays under its old listing until it is next
//! written.

use std::cell::Cell;

use jiff::{SignedDuration, Timestamp};

/// How long to look for them. By then a deploy has ended, and no function of the previous version writes any.
const LOOKED_FOR: SignedDuration = SignedDuration::from_mins(15);

/// Until when an instance also looks through the earlier listings. Each look costs a read per listing, and
/// where nothing was found for a while, nothing will come.
#[derive(Debug, Default)]
pub struct EarlierListings(Cell<Option<Timestamp>>);

impl EarlierListings {
    /// Whether to look through them now: for a while after the first look, and after the last runner found.
    pub fn are_due(&self, now: Timestamp) -> bool {
        self.0.get().is_none_or(|until| now < until)
    }

    /// Records that they were looked through, and whether that found a runner.
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
    fn earlier_listings_are_read_for_a_while_and_for_as_long_as_they_hold_a_runner() {
        let at = |minutes: i64| Timestamp::from_second(1_800_000_000 + minutes * 60).unwrap();
        let listings = EarlierListings::default();
        assert!(listings.are_due(at(0)), "a new instance does not know what they hold");
        listings.looked_through(false, at(0));
        listings.looked_through(false, at(10));
        assert!(listings.are_due(at(14)) && !listings.are_due(at(15)), "nothing was found for a while");
        listings.looked_through(true, at(14));
        assert!(listings.are_due(at(28)) && !listings.are_due(at(29)), "a runner was found");
    }
}
