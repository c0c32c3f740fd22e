//! What is wrong with a pool map: all of it, each with its line, pool and field.

use std::fmt;

use super::lines::{Lines, PathStep};

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line of the file, from 1 on, where the map is a file.
    pub line: Option<usize>,
    /// The pool, where it lies in one.
    pub pool: Option<String>,
    /// The field, where it lies in one.
    pub field: Option<String>,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl Problem {
    /// As a line that begins with the name of the map's file.
    pub fn in_file(&self, file: &str) -> String {
        match self.line {
            Some(line) => format!("{file}:{line}: {self}"),
            None => format!("{file}: {self}"),
        }
    }

    fn new(line: Option<usize>, way: &[PathStep], message: &str) -> Self {
        let (pool, way) = match way {
            [PathStep::Key(top), PathStep::Key(pool), rest @ ..] if top == "pools" => {
                (Some(pool.clone()), rest)
            }
            _ => (None, way),
        };
        let is_key = |step: &&PathStep| matches!(step, PathStep::Key(_));
        let (keys, items) = way.split_at(way.iter().take_while(is_key).count());
        let keys: Vec<&str> = keys.iter().filter_map(key).collect();
        let item = in_list(keys.last().copied().unwrap_or_default(), items);
        let field = (!keys.is_empty()).then(|| keys.join("."));
        Self { line, pool, field, message: item + message }
    }
}

fn key(step: &PathStep) -> Option<&str> {
    match step {
        PathStep::Key(key) => Some(key),
        PathStep::Item(_) => None,
    }
}

/// Which item of a list, and which field of that: `window 2: from: `.
fn in_list<'a>(mut list: &'a str, way: &'a [PathStep]) -> String {
    let step = |step: &'a PathStep| match step {
        PathStep::Item(place) => format!("{} {}: ", item_of(list), place + 1),
        PathStep::Key(key) => {
            list = key;
            format!("{key}: ")
        }
    };
    way.iter().map(step).collect()
}

fn item_of(list: &str) -> &str {
    match list {
        "instance_types" => "type",
        "repositories" => "repository",
        "runtimes" => "runtime",
        "branches" => "branch",
        _ => list.strip_suffix('s').unwrap_or("item"),
    }
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
pub(crate) struct Problems {
    noted: Vec<Problem>,
    warnings: Vec<Problem>,
    lines: Lines,
}

impl Problems {
    pub(super) fn in_lines(lines: Lines) -> Self {
        Self { lines, ..Self::default() }
    }

    /// Notes a problem of a part of the map.
    pub(crate) fn note(&mut self, way: &[PathStep], message: impl AsRef<str>) {
        let problem = Problem::new(self.lines.of(way), way, message.as_ref());
        self.noted.push(problem);
    }

    /// Notes what may be a problem.
    pub(super) fn warn(&mut self, way: &[PathStep], message: impl AsRef<str>) {
        let warning = Problem::new(self.lines.of(way), way, message.as_ref());
        self.warnings.push(warning);
    }

    /// Notes a problem of one pool's field.
    pub(super) fn note_field(&mut self, pool: &str, field: &str, message: impl AsRef<str>) {
        self.note(&["pools".into(), pool.into(), field.into()], message);
    }

    /// Notes a problem of the whole map.
    pub(super) fn note_map(&mut self, message: impl AsRef<str>) {
        self.note(&[], message);
    }

    /// Gives the value back if nothing was noted, and the warnings; both in the order of their lines.
    pub(super) fn none_or<T>(mut self, value: T) -> (Result<T, PoolMapError>, Vec<Problem>) {
        self.noted.sort_by_key(|problem| problem.line);
        self.warnings.sort_by_key(|warning| warning.line);
        (if self.noted.is_empty() { Ok(value) } else { Err(PoolMapError(self.noted)) }, self.warnings)
    }
}
