//! Reads the fields of one pool's entry, and keeps count of what is wrong with each.
//!
//! `serde` stops at the first error of a struct; a person who writes a map wants them all.
//! So each field is taken out of the entry by itself, and what is left over is unknown.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::problems::Problems;

/// One pool's entry, from which each field is taken once.
pub(super) struct Fields<'a> {
    pool: &'a str,
    left: Map<String, Value>,
    known: Vec<&'static str>,
    problems: &'a mut Problems,
}

impl<'a> Fields<'a> {
    pub(super) fn new(pool: &'a str, entry: Map<String, Value>, problems: &'a mut Problems) -> Self {
        Self { pool, left: entry, known: Vec::new(), problems }
    }

    /// Takes a field that has to be there. `None` when it is missing or wrong, which is noted.
    pub(super) fn required<T: DeserializeOwned>(&mut self, field: &'static str) -> Option<T> {
        if !self.left.contains_key(field) {
            self.known.push(field);
            self.problems.note(self.pool, field, "is missing");
            return None;
        }
        self.optional(field)
    }

    /// Takes a field that may be missing. `None` when it is, or when it is wrong, which is noted.
    pub(super) fn optional<T: DeserializeOwned>(&mut self, field: &'static str) -> Option<T> {
        self.known.push(field);
        let value = self.left.remove(field)?;
        match serde_json::from_value(value) {
            Ok(value) => Some(value),
            Err(error) => {
                self.problems.note(self.pool, field, error.to_string());
                None
            }
        }
    }

    /// Notes a problem with a field that was read.
    pub(super) fn note(&mut self, field: &'static str, message: impl Into<String>) {
        self.problems.note(self.pool, field, message);
    }

    /// Where problems of the whole pool are noted.
    pub(super) fn problems(&mut self) -> &mut Problems {
        self.problems
    }

    /// Ends the entry: whatever nobody took is an unknown field.
    pub(super) fn finish(self) {
        for field in self.left.keys() {
            let message = format!("is no field of a pool; the fields are {}", self.known.join(", "));
            self.problems.note(self.pool, field, message);
        }
    }
}
