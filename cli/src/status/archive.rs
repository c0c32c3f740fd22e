//! Everything that was read, as one archive for a report: JSON files of named fields, in a gzipped tar.

use std::io::Write;

use anyhow::Result;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use tar::{Builder, Header};

use super::diagnosis::Diagnosis;
use super::{fields, page};

/// The folder in the archive.
const FOLDER: &str = "mayfly-job";

/// Writes the archive.
pub fn write(seen: &Diagnosis, out: impl Write) -> Result<()> {
    let mut archive = Builder::new(GzEncoder::new(out, Compression::default()));
    let whole: [(&str, Value); 6] = [
        ("why.json", fields::why(seen)),
        ("trace.json", fields::trace(seen)),
        ("ledger.json", fields::ledger(seen)),
        ("github.json", fields::github(seen)),
        ("tasks.json", fields::tasks(seen)),
        ("map.json", fields::map(seen)),
    ];
    for (name, value) in whole {
        add(&mut archive, seen, name, &(serde_json::to_string_pretty(&value)? + "\n"))?;
    }
    let logs = match &seen.logs {
        Ok(lines) => lines.iter().map(|line| line.to_string() + "\n").collect(),
        Err(why) => format!("{}\n", fields::clean(serde_json::json!({"unread": why}))),
    };
    add(&mut archive, seen, "logs.jsonl", &logs)?;
    add(&mut archive, seen, "index.html", &page::page(seen))?;
    archive.into_inner()?.finish()?.flush()?;
    Ok(())
}

fn add<W: Write>(archive: &mut Builder<W>, seen: &Diagnosis, name: &str, text: &str) -> Result<()> {
    let mut header = Header::new_gnu();
    header.set_size(u64::try_from(text.len())?);
    header.set_mode(0o644);
    header.set_mtime(u64::try_from(seen.why.now.as_second())?);
    archive.append_data(&mut header, format!("{FOLDER}-{}/{name}", seen.picture.id), text.as_bytes())?;
    Ok(())
}
