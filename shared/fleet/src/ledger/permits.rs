//! Permits: how many runners may be launched now, on each capacity.

use std::collections::BTreeMap;

use crate::ids::PoolName;
use crate::pools::PoolMap;

/// How many runners may be launched on a capacity. Each reservation takes a permit, so every reserved runner
/// can be launched at once, and registered when it comes up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Permits(BTreeMap<PoolName, u32>);

impl Permits {
    /// More than anyone can want, for every pool in service.
    pub fn for_any(pools: &PoolMap) -> Self {
        Self(pools.iter().map(|pool| (pool.name.clone(), u32::MAX)).collect())
    }

    /// Adds permits of a capacity.
    pub fn add(&mut self, capacity: &PoolName, count: u32) {
        if count > 0 {
            let permits = self.0.entry(capacity.clone()).or_default();
            *permits = permits.saturating_add(count);
        }
    }

    /// Takes one permit of a capacity. Returns whether there was one.
    pub fn take(&mut self, capacity: &PoolName) -> bool {
        let Some(left) = self.0.get_mut(capacity).filter(|left| **left > 0) else { return false };
        *left -= 1;
        true
    }

    /// How many more permits these are than others, for each capacity.
    #[must_use]
    pub fn without(&self, others: &Self) -> Self {
        let mut more = Self::default();
        for (capacity, &count) in &self.0 {
            more.add(capacity, count.saturating_sub(others.of(capacity)));
        }
        more
    }

    /// The first permits, at most this many.
    #[must_use]
    pub fn first(&self, most: u32) -> Self {
        let (mut first, mut left) = (Self::default(), most);
        for (capacity, &count) in &self.0 {
            first.add(capacity, count.min(left));
            left = left.saturating_sub(count);
        }
        first
    }

    /// The permits of a capacity.
    pub fn of(&self, capacity: &PoolName) -> u32 {
        self.0.get(capacity).copied().unwrap_or(0)
    }

    /// The number of all permits.
    pub fn total(&self) -> u32 {
        self.0.values().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// Each capacity with its number of permits.
    pub fn iter(&self) -> impl Iterator<Item = (&PoolName, u32)> {
        self.0.iter().map(|(capacity, &count)| (capacity, count)).filter(|(_, count)| *count > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permits_are_taken_one_by_one_and_compared() {
        let [spot, demand] = ["ec2-x64-spot", "ec2-x64"].map(|name| PoolName::new(name).unwrap());
        let mut permits = Permits::default();
        assert!(!permits.take(&spot), "none");
        permits.add(&spot, 0);
        assert_eq!(permits, Permits::default(), "none were added");
        permits.add(&spot, 2);
        permits.add(&demand, 3);
        permits.add(&demand, 0);
        assert_eq!(permits.first(4).iter().collect::<Vec<_>>(), [(&demand, 3), (&spot, 1)]);
        let before = permits.clone();
        assert!(permits.take(&spot) && permits.take(&spot) && !permits.take(&spot));
        assert_eq!((permits.of(&spot), permits.total()), (0, 3));
        assert_eq!(permits.iter().collect::<Vec<_>>(), [(&demand, 3)], "none of the other is left");
        assert_eq!(before.without(&permits).iter().collect::<Vec<_>>(), [(&spot, 2)]);
    }
}
