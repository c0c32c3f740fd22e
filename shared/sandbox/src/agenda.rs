//! What is going to happen, in the order of its time.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// Things to come. Those of the same time come in the order in which they were put down.
#[derive(Debug)]
pub(crate) struct Agenda<T> {
    entries: BTreeMap<(Timestamp, u64), T>,
    written: u64,
}

impl<T> Default for Agenda<T> {
    fn default() -> Self {
        Self { entries: BTreeMap::new(), written: 0 }
    }
}

impl<T> Agenda<T> {
    /// Puts something down.
    pub(crate) fn at(&mut self, time: Timestamp, what: T) {
        self.written += 1;
        self.entries.insert((time, self.written), what);
    }

    /// When the next thing happens.
    pub(crate) fn next_time(&self) -> Option<Timestamp> {
        self.entries.keys().next().map(|&(time, _)| time)
    }

    /// The next thing.
    pub(crate) fn peek(&self) -> Option<&T> {
        self.entries.values().next()
    }

    /// Strikes out what is not to be kept.
    pub(crate) fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        self.entries.retain(|_, what| keep(what));
    }

    /// Takes the next thing, if its time has come.
    pub(crate) fn take_due(&mut self, now: Timestamp) -> Option<T> {
        let entry = self.entries.first_entry()?;
        (entry.key().0 <= now).then(|| entry.remove())
    }
}
