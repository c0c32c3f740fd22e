//! `mayfly wrap`: payloads into signed Function URL events.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use sandbox::delivery::function_url_event;
use secrecy::SecretString;
use serde_json::Value;

use crate::delivery_file::{self, DeliveryFile};

/// Wraps and signs each file, and each file of a folder, and writes it under the same name into the folder `out`.
/// Returns the files that it wrote.
///
/// It writes nothing if two inputs have the same name, or if it would overwrite a file that it did not make.
pub fn wrap(files: &[PathBuf], out: &Path, secret: &SecretString) -> Result<Vec<PathBuf>> {
    let mut events: BTreeMap<PathBuf, (&Path, String)> = BTreeMap::new();
    let mut inputs = Vec::new();
    for path in files {
        match path.is_dir() {
            true => inputs.extend(delivery_file::files(path)?),
            false => inputs.push(path.clone()),
        }
    }
    for input in &inputs {
        let source = DeliveryFile::read(input)?;
        let text = serde_json::to_string_pretty(&source.function_url_event(secret))? + "\n";
        let file = out.join(format!("{}.json", source.name));
        if let Some((other, _)) = events.get(&file) {
            let (one, two) = (other.display(), input.display());
            bail!("{one} and {two} would both be written to {}: rename one", file.display());
        }
        ensure!(
            !file.exists() || is_ours(&file, &text),
            "{} is there, and this command did not make it: choose another --out, or remove it",
            file.display()
        );
        events.insert(file, (input, text));
    }
    fs::create_dir_all(out).with_context(|| format!("{} cannot be made", out.display()))?;
    for (file, (_, text)) in &events {
        fs::write(file, text).with_context(|| format!("{} cannot be written", file.display()))?;
    }
    Ok(events.into_keys().collect())
}

/// Whether an earlier call wrote the file: its request is the one that this command makes up, or it has
/// this very text.
fn is_ours(file: &Path, text: &str) -> bool {
    let Ok(written) = fs::read_to_string(file) else { return false };
    let made_up = function_url_event([], "");
    let event: Value = serde_json::from_str(&written).unwrap_or_default();
    written == text || event.get("requestContext") == made_up.get("requestContext")
}
