//! What is wrong with a pool map: all of it, each with its pool and field.

use std::fmt;

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The pool, where it lies in one.
    pub pool: Option<String>,
    /// The field, where it lies in one.
    pub field: Option<String>,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.pool, &self.field) {
            (Some(pool), Some(field)) => write!(f, "{pool}.{field}: {}", self.message),
            (Some(at), None) | (None, Some(at)) => write!(f, "{at}: {}", self.message),
            (None, None) => f.write_str(&self.message),
        }
    }
}

/// Everything that is wrong with a pool map; a line each.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct PoolMapError(pub Vec<Problem>);

impl fmt::Display for PoolMapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(Problem::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

/// Where problems are gathered while a map is read.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<Problem>);

impl Problems {
    /// Notes a problem of one pool's field.
    pub(crate) fn note(&mut self, pool: &str, field: &str, message: impl Into<String>) {
        self.push(Some(pool), Some(field), message.into());
    }

    /// Notes a problem of one pool.
    pub(crate) fn note_pool(&mut self, pool: &str, message: impl Into<String>) {
        self.push(Some(pool), None, message.into());
    }

    /// Notes a problem of the whole map.
    pub(crate) fn note_map(&mut self, message: impl Into<String>) {
        self.push(None, None, message.into());
    }

    fn push(&mut self, pool: Option<&str>, field: Option<&str>, message: String) {
        self.0.push(Problem { pool: pool.map(str::to_owned), field: field.map(str::to_owned), message });
    }

    /// Gives the value back if nothing was noted.
    pub(crate) fn none_or<T>(self, value: T) -> Result<T, PoolMapError> {
        if self.0.is_empty() { Ok(value) } else { Err(PoolMapError(self.0)) }
    }
}
