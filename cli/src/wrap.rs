//! `mayfly wrap`: payloads into signed Function URL events.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use secrecy::SecretString;

use crate::source::Source;

/// Wraps and signs each file, and writes it under the same name into a folder. Gives the files
/// written.
pub fn wrap(files: &[PathBuf], out: &Path, secret: &SecretString) -> Result<Vec<PathBuf>> {
    let sources: Vec<Source> = files.iter().map(|file| Source::read(file)).collect::<Result<_>>()?;
    fs::create_dir_all(out).with_context(|| format!("{} can not be made", out.display()))?;
    sources.iter().map(|source| write(source, out, secret)).collect()
}

fn write(source: &Source, out: &Path, secret: &SecretString) -> Result<PathBuf> {
    let file = out.join(format!("{}.json", source.name));
    let mut text = serde_json::to_string_pretty(&source.function_url_event(secret))?;
    text.push('\n');
    fs::write(&file, text).with_context(|| format!("{} can not be written", file.display()))?;
    Ok(file)
}
