//! The pool map that a command works with.

pub mod render;

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use fleet::PoolMap;
use fleet::pools::DEFAULT_POOLS;
use serde_json::{Map, Value};

/// Reads a pool map; without a file, the one that Mayfly ships.
pub fn read(file: Option<&Path>) -> Result<PoolMap> {
    let Some(file) = file else { return parse(DEFAULT_POOLS, Path::new("pools.toml")) };
    let text =
        std::fs::read_to_string(file).with_context(|| format!("{} can not be read", file.display()))?;
    parse(&text, file)
}

fn parse(text: &str, file: &Path) -> Result<PoolMap> {
    PoolMap::from_toml(text).map_err(|error| {
        let lines: Vec<String> =
            error.0.iter().map(|problem| format!("{}: {problem}", file.display())).collect();
        anyhow!(lines.join("\n"))
    })
}

/// The text of a template with a map's pools rendered into it.
pub fn rendered(map: &Path, template: &Path) -> Result<String> {
    let read = |file: &Path| {
        std::fs::read_to_string(file).with_context(|| format!("{} can not be read", file.display()))
    };
    let text = read(map)?;
    let pools = parse(&text, map)?;
    let entries = entries(&text)?;
    render::render(&read(template)?, &pools, &entries).with_context(|| template.display().to_string())
}

/// Each pool's entry, as it stands in the text of a map.
fn entries(text: &str) -> Result<Map<String, Value>> {
    let mut file: Map<String, Value> = toml::from_str(text)?;
    match file.remove("pools") {
        Some(Value::Object(entries)) => Ok(entries),
        _ => Err(anyhow!("the map has no [pools.<name>] tables")),
    }
}
