//! How wide the text for people is.

use std::io;

use terminal_size::{Width, terminal_size_of};

/// Columns where standard output is not a terminal: a log, a file, a pipe.
const PIPED: u16 = 120;

/// How many columns a line may have: the terminal's, or 120 where there is none.
pub fn columns() -> u16 {
    terminal_size_of(io::stdout()).map_or(PIPED, |(Width(columns), _)| columns)
}

/// Prose in lines that fit, the second and later ones indented.
pub fn wrapped(text: &str) -> String {
    let options = textwrap::Options::new(columns().into()).subsequent_indent("    ").break_words(false);
    textwrap::fill(text, options)
}
