//! TOML as the JSON values that a map is read from, and where each of them is written.

use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue, Error};

use super::lines::{Lines, PathStep};
use super::problems::{PoolMapError, Problem};
use crate::quote;

/// Reads a text. It has every error of its syntax, each with its line.
pub(super) fn read(text: &str) -> Result<(Map<String, Value>, Lines), PoolMapError> {
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let told = errors.iter().filter(|error| !is_in_a_second_table(text, error, &errors));
        return Err(PoolMapError(first_of(told.map(|error| problem(text, error)).collect())));
    }
    let mut reader = Reader { text, way: Vec::new(), lines: Lines::default() };
    let map = reader.table(table.get_ref());
    Ok((map, reader.lines))
}

/// The whole file as JSON, as it is written: no field is looked at. A date is text.
pub fn toml_as_json(text: &str) -> Result<Map<String, Value>, PoolMapError> {
    read(text).map(|(map, _)| map)
}

/// The most errors of syntax that are worth a line each. A file with more is most likely not TOML at all.
const SYNTAX_ERRORS: usize = 5;

/// The first errors, and how many more there are.
fn first_of(mut problems: Vec<Problem>) -> Vec<Problem> {
    let more = problems.len().saturating_sub(SYNTAX_ERRORS);
    if more > 0 {
        problems.truncate(SYNTAX_ERRORS);
        let message = format!("is not TOML in {more} more places");
        problems.push(Problem { line: None, pool: None, field: None, message });
    }
    problems
}

/// What the parser says of a key that is there already.
const TWICE: &str = "duplicate key";

fn problem(text: &str, error: &Error) -> Problem {
    let written = written(text, error);
    let says = match (error.message(), written) {
        (TWICE, key) => format!("{} is there twice", quote::quoted(key)),
        (message, "") => message.replace('\n', ", "),
        (message, written) => format!("{}: {}", message.replace('\n', ", "), quote::quoted(written)),
    };
    let message = format!("is not TOML: {says}");
    Problem { line: Some(line_of(text, start(error))), pool: None, field: None, message }
}

/// Where an error begins.
fn start(error: &Error) -> usize {
    error.span().unwrap_or_default().start
}

/// What an error is about, as far as it is in one line.
fn written<'a>(text: &'a str, error: &Error) -> &'a str {
    let written = error.span().and_then(|span| text.get(span)).unwrap_or_default();
    written.lines().next().unwrap_or_default().trim()
}

/// Whether a key is there twice only because its table is, which is reported already.
fn is_in_a_second_table(text: &str, error: &Error, errors: &[Error]) -> bool {
    let Some(header) = header_before(text, start(error)) else { return false };
    let of_header = |other: &Error| header_at(text, start(other)).is_some_and(|at| at == header);
    error.message() == TWICE
        && header_at(text, start(error)).is_none()
        && errors.iter().any(|other| other.message() == TWICE && of_header(other))
}

/// Where the line of this place begins, if it is the header of a table.
fn header_at(text: &str, offset: usize) -> Option<usize> {
    let line = text.get(..offset)?.rfind('\n').map_or(0, |end| end + 1);
    text.get(line..)?.starts_with('[').then_some(line)
}

/// Where the header of the table begins that this place is in.
fn header_before(text: &str, offset: usize) -> Option<usize> {
    let before = text.get(..offset)?;
    before.rfind("\n[").map(|end| end + 1).or_else(|| before.starts_with('[').then_some(0))
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

struct Reader<'a> {
    text: &'a str,
    way: Vec<PathStep>,
    lines: Lines,
}

impl Reader<'_> {
    fn table(&mut self, table: &DeTable<'_>) -> Map<String, Value> {
        let mut map = Map::new();
        for (key, value) in table {
            let name = key.get_ref().to_string();
            let read = self.at(PathStep::Key(name.clone()), key.span().start, value);
            map.insert(name, read);
        }
        map
    }

    fn at(&mut self, step: PathStep, offset: usize, value: &Spanned<DeValue<'_>>) -> Value {
        self.way.push(step);
        self.lines.write_down(&self.way, line_of(self.text, offset));
        let read = self.value(value.get_ref());
        self.way.pop();
        read
    }

    fn value(&mut self, value: &DeValue<'_>) -> Value {
        match value {
            DeValue::String(text) => Value::String(text.to_string()),
            DeValue::Integer(number) => whole(number),
            // JSON has no number for `inf` and `nan`.
            DeValue::Float(number) => number.as_str().parse::<f64>().map_or(Value::Null, Value::from),
            DeValue::Boolean(flag) => Value::Bool(*flag),
            DeValue::Datetime(date) => Value::String(date.to_string()),
            DeValue::Array(items) => {
                let items = items.iter().enumerate();
                items.map(|(place, item)| self.at(PathStep::Item(place), item.span().start, item)).collect()
            }
            DeValue::Table(table) => Value::Object(self.table(table)),
        }
    }
}

/// A number of any size: one that is too large for JSON's integers is written as what is near it.
fn whole(number: &DeInteger<'_>) -> Value {
    let (digits, radix) = (number.as_str(), number.radix());
    let small = i64::from_str_radix(digits, radix).map(Value::from);
    let large = || u64::from_str_radix(digits, radix).map(Value::from);
    small.or_else(|_| large()).unwrap_or_else(|_| digits.parse::<f64>().unwrap_or(f64::MAX).into())
}
