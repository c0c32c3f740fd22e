//! How wide the text for people is.

use std::io;

use terminal_size::{Width, terminal_size_of};

/// Columns if standard output is not a terminal but a log, a file or a pipe.
const PIPED: u16 = 120;

/// How many columns a line may have: the terminal's, or 120 without one.
pub fn columns() -> u16 {
    terminal_size_of(io::stdout()).map_or(PIPED, |(Width(columns), _)| columns)
}

/// Prose in lines that fit, indented from the second line on.
pub fn wrapped(text: &str) -> String {
    let options = textwrap::Options::new(columns().into()).subsequent_indent("    ").break_words(false);
    textwrap::fill(text, options)
}
