//! What a field takes, read from JSON, and what is said where it is something else.

use jiff::civil::{Date, Weekday};
use serde_json::{Map, Number, Value};

use super::{Architecture, CapacityProvider};
use crate::cost::NanoDollars;
use crate::ids::PoolName;
use crate::quote;

/// What is wrong with a value: with the whole of it, or with an item of a list.
#[derive(Debug, Default)]
pub(crate) struct Wrong(pub(super) Vec<(Option<usize>, String)>);

impl Wrong {
    /// Notes what the whole value is, and what is taken.
    pub(super) fn takes<T>(&mut self, taken: &str, value: &Value, way_out: &str) -> Option<T> {
        self.note(format!("takes {taken}, not {}{way_out}", named(value)))
    }

    fn note<T>(&mut self, message: String) -> Option<T> {
        self.0.push((None, message));
        None
    }
}

/// A kind of value.
pub(crate) trait ReadValue: Sized {
    /// Reads a value. `None` where it is of another kind, or where anything is wrong with it, which is noted.
    fn read(value: Value, wrong: &mut Wrong) -> Option<Self>;
}

/// A value in the words of who writes a map.
fn named(value: &Value) -> String {
    match value {
        // What JSON has no number for.
        Value::Null => "nan or inf".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => format!("the text {}", quote::quoted(text)),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a table".to_owned(),
    }
}

impl ReadValue for u32 {
    fn read(value: Value, wrong: &mut Wrong) -> Option<Self> {
        const TAKEN: &str = "a whole number";
        match &value {
            // `15.0` and `1e3`.
            Value::Number(number) if number.is_f64() && is_small(number) => {
                let whole = number.as_f64().unwrap_or_default().abs();
                wrong.takes(TAKEN, &value, &format!(": write {whole}"))
            }
            Value::Number(number) if is_whole(number) => {
                let small = number.as_u64().and_then(|number| Self::try_from(number).ok());
                let taken = if number.as_f64().is_some_and(|number| number < 0.0) {
                    format!("takes {TAKEN} from 0 on, not {number}")
                } else {
                    format!("takes {TAKEN} up to {}", Self::MAX)
                };
                small.or_else(|| wrong.note(taken))
            }
            Value::String(text) if text.trim().parse::<Self>().is_ok() => {
                wrong.takes(TAKEN, &value, ": leave out the quotes")
            }
            _ => wrong.takes(TAKEN, &value, ""),
        }
    }
}

fn is_whole(number: &Number) -> bool {
    number.as_f64().is_some_and(|number| number.fract() == 0.0)
}

/// Whether it is whole, and one of those that are taken.
fn is_small(number: &Number) -> bool {
    is_whole(number) && number.as_f64().is_some_and(|number| (0.0..=f64::from(u32::MAX)).contains(&number))
}

impl ReadValue for NanoDollars {
    fn read(value: Value, wrong: &mut Wrong) -> Option<Self> {
        let dollars = value.as_f64().and_then(Self::from_dollars);
        dollars.or_else(|| wrong.takes("US dollars over 0", &value, "; leave it out where you know none"))
    }
}

impl ReadValue for bool {
    fn read(value: Value, wrong: &mut Wrong) -> Option<Self> {
        let way_out = match value.as_str() {
            Some("true" | "false") => ": leave out the quotes",
            _ => "",
        };
        value.as_bool().or_else(|| wrong.takes("true or false", &value, way_out))
    }
}

impl ReadValue for String {
    fn read(value: Value, wrong: &mut Wrong) -> Option<Self> {
        match value {
            Value::String(text) => Some(text),
            other => wrong.takes("text in quotes", &other, ""),
        }
    }
}

impl ReadValue for Map<String, Value> {
    fn read(value: Value, wrong: &mut Wrong) -> Option<Self> {
        match value {
            Value::Object(table) => Some(table),
            other => wrong.takes("a table of fields", &other, ""),
        }
    }
}

/// `None` where one item is wrong; what is wrong with the others is noted too.
impl<T: ReadValue> ReadValue for Vec<T> {
    fn read(value: Value, wrong: &mut Wrong) -> Option<Self> {
        let items = match value {
            Value::Array(items) => items,
            Value::String(text) => {
                let way_out = format!(": write [{}]", quote::quoted(&text));
                return wrong.takes("a list", &Value::String(text), &way_out);
            }
            other => return wrong.takes("a list", &other, ""),
        };
        let read = items.into_iter().enumerate().map(|(place, item)| {
            let mut of_item = Wrong::default();
            let read = T::read(item, &mut of_item);
            wrong.0.extend(of_item.0.into_iter().map(|(_, message)| (Some(place), message)));
            read
        });
        // All of them are read before the first one that is wrong ends it.
        read.collect::<Vec<Option<T>>>().into_iter().collect()
    }
}

/// One of some words.
pub(super) fn word<T: Copy>(value: &Value, words: &[(&str, T)], wrong: &mut Wrong) -> Option<T> {
    let said = value.as_str();
    if let Some((_, found)) = words.iter().find(|(word, _)| Some(*word) == said) {
        return Some(*found);
    }
    let quoted: Vec<String> = words.iter().map(|(word, _)| quote::quoted(word)).collect();
    let (last, others) = quoted.split_last()?;
    wrong.takes(&format!("{} or {last}", others.join(", ")), value, "")
}

impl ReadValue for Architecture {
    fn read(value: Value, wrong: &mut Wrong) -> Option<Self> {
        word(&value, &[("x86_64", Self::X86_64), ("arm64", Self::Arm64)], wrong)
    }
}

impl ReadValue for CapacityProvider {
    fn read(value: Value, wrong: &mut Wrong) -> Option<Self> {
        let words = [
            ("fargate", Self::Fargate),
            ("fargate-spot", Self::FargateSpot),
            ("ec2", Self::Ec2),
            ("ec2-spot", Self::Ec2Spot),
        ];
        word(&value, &words, wrong)
    }
}

/// The days as they are written.
pub(crate) const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

impl ReadValue for Weekday {
    fn read(value: Value, wrong: &mut Wrong) -> Option<Self> {
        word(&value, &DAYS, wrong)
    }
}

impl ReadValue for PoolName {
    fn read(value: Value, wrong: &mut Wrong) -> Option<Self> {
        let text = String::read(value, wrong)?;
        Self::new(text).map_err(|error| wrong.note::<Self>(error.to_string())).ok()
    }
}

impl ReadValue for Date {
    fn read(value: Value, wrong: &mut Wrong) -> Option<Self> {
        const TAKEN: &str = "a date like 2026-12-25";
        let read = value.as_str().and_then(|text| text.parse().ok());
        read.or_else(|| wrong.takes(TAKEN, &value, ""))
    }
}
