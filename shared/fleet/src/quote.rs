//! Quotes what others say, for an answer or a log line: escaped and shortened.
//!
//! Anyone who may write a workflow chooses its labels, and GitHub signs them like everything else. So nothing
//! from a sender is repeated verbatim.

/// Most characters of one quoted word.
const WORD: usize = 40;

/// Most words of one list.
const WORDS: usize = 3;

/// Most characters of a name. GitHub's longest repository has 140: an owner of 39, a slash, a name of 100.
const NAME: usize = 140;

/// Most characters of a sentence that quotes others.
pub const SENTENCE: usize = 400;

/// A word in quotation marks.
pub fn quoted(word: &str) -> String {
    let kept = cut(word, WORD, |sign| match sign {
        '"' | '\\' => sign.escape_default().collect(),
        _ => escaped(sign),
    });
    format!("\"{kept}\"")
}

/// Words in quotation marks, the first few of them, and how many more there are.
pub fn list<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let mut words = words.into_iter();
    let mut told: Vec<String> = words.by_ref().take(WORDS).map(quoted).collect();
    match words.count() {
        0 => {}
        more => told.push(format!("and {more} more")),
    }
    told.join(", ")
}

/// A name as it is, of a repository or an event: without quotation marks, which a sentence may set.
pub fn name(name: &str) -> String {
    cut(name, NAME, escaped)
}

/// A sentence that repeats somebody's words: what is wrong with them, say, or what GitHub answers.
pub fn sentence(text: &str) -> String {
    cut(text, SENTENCE, escaped)
}

/// A sign that moves a cursor, or cannot be seen, is written as its number.
fn escaped(sign: char) -> String {
    match sign {
        '"' | '\'' | '\\' => sign.to_string(),
        _ => sign.escape_debug().collect(),
    }
}

/// Whether every sign of a text can be seen: none moves a cursor, stands for nothing, or hides in the one before it.
pub(crate) fn is_visible(text: &str) -> bool {
    text.chars().all(|sign| escaped(sign).chars().eq([sign]))
}

/// As much of a text as fits once it is escaped, with a mark where something is missing.
fn cut(text: &str, limit: usize, escape: impl Fn(char) -> String) -> String {
    let mut kept = String::new();
    let (mut length, mut whole) = (0, 0);
    for sign in text.chars() {
        let sign = escape(sign);
        length += sign.chars().count();
        if length > limit {
            kept.truncate(whole);
            kept.push('…');
            return kept;
        }
        kept.push_str(&sign);
        if length < limit {
            whole = kept.len();
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_are_quoted_escaped_and_cut() {
        for (word, expected) in [
            ("gpu", r#""gpu""#),
            ("a,b", r#""a,b""#),
            (r#"["x64"]"#, r#""[\"x64\"]""#),
            ("a\nb\u{1b}[31m", r#""a\nb\u{1b}[31m""#),
            ("a\u{202e}b", r#""a\u{202e}b""#),
            ("größe", "\"größe\""),
            ("", "\"\""),
        ] {
            assert_eq!(quoted(word), expected);
        }
        assert_eq!(quoted(&"x".repeat(40)), format!("\"{}\"", "x".repeat(40)), "it just fits");
        assert_eq!(quoted(&"x".repeat(41)), format!("\"{}…\"", "x".repeat(39)));
        assert_eq!(
            quoted(&"\u{1}".repeat(41)),
            format!("\"{}…\"", "\\u{1}".repeat(7)),
            "no half of a number"
        );
    }

    #[test]
    fn of_many_words_the_first_few_are_told() {
        assert_eq!(list([]), "");
        assert_eq!(list(["a", "b", "c"]), r#""a", "b", "c""#);
        assert_eq!(list(["a"; 100]), r#""a", "a", "a", and 97 more"#);
    }

    #[test]
    fn names_and_sentences_keep_their_own_quotation_marks() {
        assert_eq!(name("hubot/storefront"), "hubot/storefront");
        assert_eq!(sentence("missing field `id`, \"x\"\r\n"), "missing field `id`, \"x\"\\r\\n");
        assert_eq!(name(&"n".repeat(1000)).chars().count(), NAME);
        assert_eq!(sentence(&"s".repeat(100_000)).chars().count(), SENTENCE);
    }

    proptest! {
        #[test]
        fn nothing_that_is_repeated_is_long_or_moves_a_cursor(words in prop::collection::vec(".{0,99}", 0..9)) {
            let told = list(words.iter().map(String::as_str));
            prop_assert!(told.chars().count() <= WORDS * (WORD + 4) + 20, "{told}");
            prop_assert!(!told.chars().any(char::is_control), "{told:?}");
            let told = sentence(&words.concat());
            prop_assert!(told.chars().count() <= SENTENCE && !told.chars().any(char::is_control), "{told:?}");
        }
    }
}
