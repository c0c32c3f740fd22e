//! The ids of the runners that a transaction reserves.

use fleet::RunnerId;
use fleet::ports::Random;

/// Ids for new runners: the same ones in every attempt of a transaction, so that an attempt whose answer was
/// lost is recognised by them.
pub(super) struct FreshIds<'a, R> {
    random: &'a R,
    made: Vec<RunnerId>,
    next: usize,
}

impl<'a, R: Random> FreshIds<'a, R> {
    pub(super) fn new(random: &'a R) -> Self {
        Self { random, made: Vec::new(), next: 0 }
    }

    /// The ids that earlier attempts used. Starts a new attempt.
    pub(super) fn made_before(&mut self) -> &[RunnerId] {
        self.next = 0;
        &self.made
    }

    /// The next id that is not taken.
    pub(super) fn fresh(&mut self, taken: &[RunnerId]) -> RunnerId {
        loop {
            let made = self.made.get(self.next).cloned();
            let id = made.unwrap_or_else(|| {
                let id = RunnerId::from_random(self.random.bits());
                self.made.push(id.clone());
                id
            });
            self.next += 1;
            if !taken.contains(&id) {
                return id;
            }
        }
    }
}
