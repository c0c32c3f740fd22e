//! Other people's errors in words that a reader of ours knows: the libraries' speak of Rust.

use std::io::ErrorKind;

use anyhow::{Error, Result, anyhow};
use serde::de::DeserializeOwned;
use serde_json::error::Category;

/// A message without what only a programmer of the command would know: the system's number of an error, and
/// Rust's words for text that is not UTF-8.
pub fn plain(message: &str) -> String {
    let mut parts = message.split(" (os error ");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push_str(part.split_once(')').map_or(part, |(_, rest)| rest));
    }
    let text = text.replace("stream did not contain valid UTF-8", "it is not UTF-8 text");
    text.replace(": io: ", ": ").replace(": bad uri: ", ": ").replace(": http: ", ": ")
}

/// Whether whoever read the output has gone, as `head` does.
pub fn is_broken_pipe(error: &Error) -> bool {
    let io = error.chain().filter_map(|cause| cause.downcast_ref::<std::io::Error>());
    let json = error.chain().filter_map(|cause| cause.downcast_ref::<serde_json::Error>());
    io.map(std::io::Error::kind)
        .chain(json.filter_map(serde_json::Error::io_error_kind))
        .any(|kind| kind == ErrorKind::BrokenPipe)
}

/// Why a text is not JSON, and where.
pub fn not_json(text: &str, error: &serde_json::Error) -> Error {
    let (line, column) = (error.line(), error.column());
    match error.classify() {
        _ if text.trim().is_empty() => anyhow!("it is empty"),
        Category::Eof => anyhow!("it is cut off: the JSON ends in the middle, in line {line}"),
        _ => anyhow!("it is not JSON, from line {line}, column {column}, on"),
    }
}

/// Reads TOML. An error is one line, which names the field and says what it takes.
pub fn toml<T: DeserializeOwned>(text: &str) -> Result<T> {
    let line = |error: &toml::de::Error| {
        let line = error.span().map(|span| 1 + text.bytes().take(span.start).filter(|b| *b == b'\n').count());
        line.map_or(String::new(), |line| format!(" (line {line})"))
    };
    let file = toml::Deserializer::parse(text)
        .map_err(|error| anyhow!("is not TOML: {}{}", error.message().replace('\n', ", "), line(&error)))?;
    serde_path_to_error::deserialize(file).map_err(|error| {
        let (path, line) = (error.path().to_string(), line(error.inner()));
        let message = field_problem(error.inner().message());
        // The path to an unknown field ends with its name.
        match path.as_str() {
            "." => anyhow!("{message}{line}"),
            field => {
                anyhow!("{field}: {}{line}", message.strip_prefix(last_of(field)).unwrap_or(&message).trim())
            }
        }
    })
}

/// The last name of a path.
fn last_of(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

/// What `serde` says of a field, in our words. What this does not know stays as it is.
fn field_problem(message: &str) -> String {
    let message = message.replace('\n', ", ");
    if let Some(name) = message.strip_prefix("missing field ") {
        return format!("{} is missing", unquoted(name));
    }
    for (begin, says) in [
        ("unknown field ", "is not a field; the fields here are"),
        ("unknown variant ", "is not one of its words; it takes"),
    ] {
        let known = message.strip_prefix(begin).and_then(|rest| rest.split_once(", expected "));
        if let Some((name, known)) = known {
            let known = known.trim_start_matches("one of ");
            return format!("{} {says} {}", unquoted(name), unquoted(known).replace(" or ", ", "));
        }
    }
    let wrong = message.strip_prefix("invalid type: ").and_then(|rest| rest.rsplit_once(", expected "));
    wrong.map_or(message.clone(), |(found, wanted)| {
        format!("takes {}, not {}", kind(wanted), found_kind(found))
    })
}

fn unquoted(text: &str) -> String {
    text.replace('`', "")
}

/// What a field takes, by Rust's name of its type.
fn kind(wanted: &str) -> &str {
    match wanted {
        "i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number",
        "f32" | "f64" => "a number",
        "a string" => "text in quotes",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "a table",
        other => other.strip_prefix("struct ").map_or(other, |_| "a table"),
    }
}

/// What was found: `integer \`3\`` is the number 3.
fn found_kind(found: &str) -> String {
    let found = unquoted(found);
    for (theirs, ours) in [
        ("integer ", "the number "),
        ("floating point ", "the number "),
        ("string ", "the text "),
        ("boolean ", ""),
        ("sequence", "a list"),
        ("map", "a table"),
    ] {
        if let Some(rest) = found.strip_prefix(theirs) {
            return format!("{ours}{rest}");
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_of_rust_and_no_number_of_the_system_is_left() {
        for (theirs, ours) in [
            (
                "x.json cannot be read: No such file or directory (os error 2)",
                "x.json cannot be read: No such file or directory",
            ),
            ("a: b (os error 13); c (os error 2)", "a: b; c"),
            (
                "p.toml cannot be read: stream did not contain valid UTF-8",
                "p.toml cannot be read: it is not UTF-8 text",
            ),
            (
                "no answer from http://x: io: Connection refused (os error 111)",
                "no answer from http://x: Connection refused",
            ),
        ] {
            assert_eq!(plain(theirs), ours);
        }
        for (theirs, ours) in [
            ("missing field `date`", "date is missing"),
            (
                "unknown field `evnt`, expected one of `guid`, `event`",
                "evnt is not a field; the fields here are guid, event",
            ),
            (
                "unknown field `mips`, expected `x86_64` or `arm64`",
                "mips is not a field; the fields here are x86_64, arm64",
            ),
            (
                "unknown variant `left`, expected `right` or `wrong`",
                "left is not one of its words; it takes right, wrong",
            ),
            ("invalid type: integer `3`, expected a string", "takes text in quotes, not the number 3"),
            ("invalid type: string \"x\", expected i64", "takes a whole number, not the text \"x\""),
            ("invalid type: map, expected a sequence", "takes a list, not a table"),
            ("0 is no price", "0 is no price"),
        ] {
            assert_eq!(field_problem(theirs), ours);
        }
    }
}
