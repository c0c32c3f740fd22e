//! The prices that a command works with.

use std::path::Path;

use anyhow::{Context as _, Result};
use platform::prices::Prices;

use crate::words;

/// Reads a file of prices; without a file, those that Mayfly ships. An error is one line, which names the field.
pub fn read(file: Option<&Path>) -> Result<Prices> {
    let Some(file) = file else { return Prices::shipped() };
    let text = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    words::toml(&text).with_context(|| file.display().to_string())
}
