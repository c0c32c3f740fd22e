//! Reads the fields of one pool's entry, and keeps count of what is wrong with each.
//!
//! `serde` stops at the first error of a struct; a person who writes a map wants them all.
//! So each field is taken out of the entry by itself, and what is left over is unknown.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::problems::Problems;

/// One pool's entry, or its schedule or the platform's, or the limits, from which each field is taken once.
pub(crate) struct Fields<'a> {
    /// `None` for what belongs to the whole map.
    pool: Option<&'a str>,
    part: Part,
    left: Map<String, Value>,
    known: Vec<&'static str>,
    problems: &'a mut Problems,
}

/// What the fields are of.
#[derive(Clone, Copy)]
enum Part {
    Pool,
    Schedule,
    Limits,
}

impl<'a> Fields<'a> {
    pub(super) fn new(pool: &'a str, entry: Map<String, Value>, problems: &'a mut Problems) -> Self {
        Self { pool: Some(pool), part: Part::Pool, left: entry, known: Vec::new(), problems }
    }

    /// Those of a schedule: a pool's own, or the platform's.
    pub(crate) fn of_schedule(
        pool: Option<&'a str>,
        entry: Map<String, Value>,
        problems: &'a mut Problems,
    ) -> Self {
        Self { pool, part: Part::Schedule, left: entry, known: Vec::new(), problems }
    }

    /// Those of the account's limits.
    pub(super) fn of_limits(entry: Map<String, Value>, problems: &'a mut Problems) -> Self {
        Self { pool: None, part: Part::Limits, left: entry, known: Vec::new(), problems }
    }

    /// Takes a field that has to be there. `None` when it is missing or wrong, which is noted.
    pub(crate) fn required<T: DeserializeOwned>(&mut self, field: &'static str) -> Option<T> {
        if !self.left.contains_key(field) {
            self.known.push(field);
            self.note(field, "is missing");
            return None;
        }
        self.optional(field)
    }

    /// Takes a field that may be missing. `None` when it is, or when it is wrong, which is noted.
    pub(crate) fn optional<T: DeserializeOwned>(&mut self, field: &'static str) -> Option<T> {
        self.known.push(field);
        let value = self.left.remove(field)?;
        match serde_json::from_value(value) {
            Ok(value) => Some(value),
            Err(error) => {
                self.note(field, error.to_string());
                None
            }
        }
    }

    /// Notes a problem with a field that was read.
    pub(crate) fn note(&mut self, field: &str, message: impl Into<String>) {
        match (self.pool, self.part) {
            (Some(pool), Part::Schedule) => self.problems.note(pool, &format!("schedule.{field}"), message),
            (Some(pool), _) => self.problems.note(pool, field, message),
            (None, Part::Limits) => self.problems.note_map(format!("limits.{field}: {}", message.into())),
            (None, _) => self.problems.note_map(format!("schedule.{field}: {}", message.into())),
        }
    }

    /// Where problems of the whole pool are noted.
    pub(super) fn problems(&mut self) -> &mut Problems {
        self.problems
    }

    /// Ends the entry: whatever nobody took is an unknown field.
    pub(crate) fn finish(mut self) {
        let of = match self.part {
            Part::Pool => "pool",
            Part::Schedule => "schedule",
            Part::Limits => "limit table",
        };
        for field in std::mem::take(&mut self.left).keys() {
            let known = self.known.join(", ");
            self.note(field, format!("is no field of a {of}; the fields are {known}"));
        }
    }
}
