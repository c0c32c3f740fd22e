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

/// The capacities that settling would use, one for each runner, in the order in which it reserves them.
///
/// The order matters where there are fewer permits than runners: a pool tries its own capacity first, and reserves
/// nothing on a fallback without a permit for that.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted(Vec<PoolName>);

impl FromIterator<PoolName> for Wanted {
    fn from_iter<T: IntoIterator<Item = PoolName>>(capacities: T) -> Self {
        Self(capacities.into_iter().collect())
    }
}

impl Wanted {
    /// The first runners, at most this many.
    #[must_use]
    pub fn first(mut self, most: u32) -> Self {
        self.0.truncate(usize::try_from(most).unwrap_or(usize::MAX));
        self
    }

    /// Those for which there is no permit yet: the later ones.
    #[must_use]
    pub fn without(mut self, held: &Permits) -> Self {
        let mut held = held.clone();
        self.0.retain(|capacity| !held.take(capacity));
        self
    }

    /// A permit for each.
    pub fn permits(&self) -> Permits {
        permits_for(&self.0)
    }

    /// Permits for the first runners, as far as there are any of their capacities, and at most this many.
    #[must_use]
    pub fn granted(&self, available: &Permits, most: u32) -> Permits {
        let mut available = available.clone();
        let first = self.0.iter().filter(|capacity| available.take(capacity));
        permits_for(first.take(usize::try_from(most).unwrap_or(usize::MAX)))
    }
}

/// A permit for each of these.
fn permits_for<'a>(capacities: impl IntoIterator<Item = &'a PoolName>) -> Permits {
    let mut permits = Permits::default();
    capacities.into_iter().for_each(|capacity| permits.add(capacity, 1));
    permits
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
        let before = permits.clone();
        assert!(permits.take(&spot) && permits.take(&spot) && !permits.take(&spot));
        assert_eq!((permits.of(&spot), permits.total()), (0, 3));
        assert_eq!(permits.iter().collect::<Vec<_>>(), [(&demand, 3)], "none of the other is left");
        assert_eq!(before.without(&permits).iter().collect::<Vec<_>>(), [(&spot, 2)]);
    }

    #[test]
    fn too_few_permits_go_to_the_runners_that_are_reserved_first() {
        let [spot, demand] = ["ec2-x64-spot", "ec2-x64"].map(|name| PoolName::new(name).unwrap());
        let wanted: Wanted = [&spot, &demand, &demand, &spot].into_iter().cloned().collect();
        let all = wanted.permits();
        assert_eq!((all.of(&spot), all.of(&demand)), (2, 2));
        let granted = |available: &Permits, most| {
            let granted = wanted.granted(available, most);
            (granted.of(&spot), granted.of(&demand))
        };
        assert_eq!(granted(&all, 0), (0, 0));
        assert_eq!(granted(&all, 1), (1, 0), "the first, and not the first by name");
        assert_eq!(granted(&all, 3), (1, 2));
        assert_eq!(granted(&all, 9), (2, 2));
        assert_eq!(granted(&permits_for([&demand]), 9), (0, 1), "there is one of the other alone");
        assert_eq!(wanted.clone().first(2).permits(), permits_for([&spot, &demand]));
        let missing = wanted.clone().without(&permits_for([&spot, &demand]));
        assert_eq!(missing, [&demand, &spot].into_iter().cloned().collect(), "what is held is of the first");
    }
}
