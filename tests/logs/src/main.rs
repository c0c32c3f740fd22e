//! Looks for secrets in the lines that a test run has logged. Exits with 1 if there is one, or if
//! there are no lines at all.
#![allow(clippy::print_stdout, reason = "a tool says what it found")]

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context as _, Result, bail};
use logs::folder;
use regex::Regex;

/// A ticket, and a signature: each ends in an HMAC-SHA256 in hex.
const FORMS: &str = r"[0-9a-z]{20}\.[0-9a-f]{64}|sha256=[0-9a-f]{64}|\b[0-9a-f]{64}\b";

fn main() -> Result<()> {
    let (mut lines, mut secrets) = (Vec::new(), BTreeSet::new());
    let entries = fs::read_dir(folder()).context("no test has logged anything")?;
    for entry in entries {
        let path = entry?.path();
        let text = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
        let whole = text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned);
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("secrets") => secrets.extend(whole),
            _ => lines.extend(whole.enumerate().map(|(place, line)| (path.clone(), place + 1, line))),
        }
    }
    let forms = Regex::new(FORMS)?;
    let tells =
        |line: &str| forms.is_match(line) || secrets.iter().any(|secret| line.contains(secret.as_str()));
    if let Some((file, place, _)) = lines.iter().find(|(_, _, line)| tells(line)) {
        // The line itself is not repeated.
        bail!("a secret, a ticket or a signature is in line {place} of {}", file.display());
    }
    if lines.is_empty() || secrets.is_empty() {
        bail!("{} log lines and {} secrets: there is nothing to look for", lines.len(), secrets.len());
    }
    println!(
        "{} log lines of the tests hold none of {} secrets, no ticket, no signature",
        lines.len(),
        secrets.len()
    );
    Ok(())
}
