//! What each mistake in a map is answered with, word for word.

use std::fmt::Write as _;

use serde_json::Value;

use super::*;

/// A map, and mistakes made in it one by one.
const MISTAKES: &str = include_str!("tests/mistakes.toml");

/// All that is said of a map: errors, or else warnings.
fn said(map: &str) -> String {
    let lines = match checked(map.to_owned(), "pools.toml") {
        Ok(checked) => checked.warnings.iter().map(|warning| format!("warning: {warning}")).collect(),
        Err(error) => vec![format!("{error:#}")],
    };
    lines.into_iter().map(|line| line + "\n").collect()
}

/// The map of the file, with a text of it replaced by another one, which stands in it once.
fn changed(map: &str, mistake: &Value) -> String {
    let part = |name: &str| mistake.get(name).and_then(Value::as_str).unwrap_or_default();
    let (right, wrong) = (part("right"), part("wrong"));
    assert_eq!(map.matches(right).count(), 1, "{right:?} stands once in the map");
    map.replacen(right, wrong, 1)
}

#[test]
fn each_mistake_in_a_map_is_answered_with_its_line_and_the_way_out() {
    let file = toml_as_json(MISTAKES).unwrap();
    let map = file["map"].as_str().unwrap();
    assert_eq!(said(map), "", "the map is right before the mistakes");
    let mistakes = file["mistake"].as_array().unwrap();
    assert!(mistakes.len() >= 20, "{}", mistakes.len());
    let mut differing = String::new();
    for mistake in mistakes {
        let said = said(&changed(map, mistake));
        if said != mistake["says"].as_str().unwrap() {
            writeln!(differing, "{}\n{said}", mistake["why"]).unwrap();
        }
    }
    assert!(differing.is_empty(), "these say something else now:\n{differing}");
}

/// Words of the program in which Mayfly is written, and of how it prints values.
#[test]
fn no_message_has_words_that_only_a_programmer_knows() {
    let words = [
        "u32",
        "u64",
        "i64",
        "f64",
        "usize",
        "sequence",
        "variant",
        "struct",
        "invalid type",
        "Some(",
        "None",
        "\\\"",
    ];
    let file = toml_as_json(MISTAKES).unwrap();
    for mistake in file["mistake"].as_array().unwrap() {
        let says = mistake["says"].as_str().unwrap();
        assert!(!words.iter().any(|word| says.contains(word)), "{says}");
        assert!(says.lines().all(|line| line.contains("pools.toml")), "each line names the file: {says}");
    }
}
