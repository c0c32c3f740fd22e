//! Reads the fields of one table, and keeps count of what is wrong with each.
//!
//! A person who writes a map wants every error of it at once. So each field is taken out of the table by
//! itself, and what is left over is unknown.

use serde_json::{Map, Value};

use super::lines::PathStep;
use super::problems::Problems;
use super::spelling;
use super::values::{ReadValue, Wrong};

/// One table of a map, from which each field is taken once.
pub(crate) struct Fields<'a> {
    /// What the table is: a pool, a schedule.
    table: &'static str,
    way: Vec<PathStep>,
    left: Map<String, Value>,
    known: Vec<&'static str>,
    /// Those that have to be there, and are not.
    missing: Vec<&'static str>,
    problems: &'a mut Problems,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(
        table: &'static str,
        way: Vec<PathStep>,
        entry: Map<String, Value>,
        problems: &'a mut Problems,
    ) -> Self {
        Self { table, way, left: entry, known: Vec::new(), missing: Vec::new(), problems }
    }

    /// Those of a table that is an item of one of this table's lists.
    pub(crate) fn of_item(
        &mut self,
        table: &'static str,
        (list, place): (&str, usize),
        entry: Map<String, Value>,
    ) -> Fields<'_> {
        Fields::new(table, self.to(list, Some(place)), entry, self.problems)
    }

    /// Takes a field that has to be there. `None` when it is missing or wrong, which is noted.
    pub(crate) fn required<T: ReadValue>(&mut self, field: &'static str) -> Option<T> {
        if !self.left.contains_key(field) {
            self.known.push(field);
            self.missing.push(field);
            return None;
        }
        self.optional(field)
    }

    /// Takes a field that may be missing. `None` when it is, or when it is wrong, which is noted.
    pub(crate) fn optional<T: ReadValue>(&mut self, field: &'static str) -> Option<T> {
        self.known.push(field);
        let value = self.left.remove(field)?;
        let mut wrong = Wrong::default();
        let read = T::read(value, &mut wrong);
        for (place, message) in wrong.0 {
            self.problems.note(&self.to(field, place), message);
        }
        read
    }

    /// Notes a problem with a field.
    pub(crate) fn note(&mut self, field: &str, message: impl AsRef<str>) {
        self.problems.note(&self.to(field, None), message);
    }

    /// Notes a problem with an item of a field that is a list.
    pub(crate) fn note_item(&mut self, field: &str, place: usize, message: impl AsRef<str>) {
        self.problems.note(&self.to(field, Some(place)), message);
    }

    /// Notes what may be a problem with a field, or with an item of it.
    pub(super) fn warn(&mut self, field: &str, place: Option<usize>, message: impl AsRef<str>) {
        self.problems.warn(&self.to(field, place), message);
    }

    /// Where problems of other tables are noted.
    pub(super) fn problems(&mut self) -> &mut Problems {
        self.problems
    }

    /// Ends the table: every field that was not taken is unknown. A missing field is not reported if an
    /// unknown one is a misspelling of it.
    pub(crate) fn finish(mut self) {
        let mut missing = std::mem::take(&mut self.missing);
        for (field, value) in std::mem::take(&mut self.left) {
            let field = field.as_str();
            if let (true, "pool", Some(PathStep::Key(pool))) =
                (value.is_object(), self.table, self.way.last())
            {
                // `[pools.a.b]` is the table b of a pool a, which has nothing else then.
                self.note(field, format!("is a table; a pool's name has no dots: [pools.{pool}-{field}]"));
                missing.clear();
                continue;
            }
            let meant = spelling::meant(field, &self.known);
            let way_out = match meant.as_slice() {
                [] => format!("the fields are {}", self.known.join(", ")),
                words => format!("did you mean {}?", words.join(" or ")),
            };
            self.note(field, format!("is not a field of a {}; {way_out}", self.table));
            missing.retain(|missing| meant != [*missing]);
        }
        for field in missing {
            self.note(field, "is missing");
        }
    }

    fn to(&self, field: &str, place: Option<usize>) -> Vec<PathStep> {
        let steps = [Some(field.into()), place.map(PathStep::Item)];
        self.way.iter().cloned().chain(steps.into_iter().flatten()).collect()
    }
}
