//! The pool map that a command works with, and what is deployed of it.

mod limits;
pub mod render;

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use fleet::PoolMap;
use fleet::pools::DEFAULT_POOLS;
use serde_json::{Map, Value, json};

/// Reads a pool map; without a file, the one that Mayfly ships.
pub fn read(file: Option<&Path>) -> Result<PoolMap> {
    let text = text(file)?;
    parse(&text, file.unwrap_or(Path::new("pools.toml")))
}

/// The text of a pool map that reads; without a file, the one that Mayfly ships.
pub fn text_of(file: Option<&Path>) -> Result<String> {
    read(file)?;
    text(file)
}

fn text(file: Option<&Path>) -> Result<String> {
    let Some(file) = file else { return Ok(DEFAULT_POOLS.to_owned()) };
    std::fs::read_to_string(file).with_context(|| format!("{} can not be read", file.display()))
}

fn parse(text: &str, file: &Path) -> Result<PoolMap> {
    PoolMap::from_toml(text).map_err(|error| {
        let lines: Vec<String> =
            error.0.iter().map(|problem| format!("{}: {problem}", file.display())).collect();
        anyhow!(lines.join("\n"))
    })
}

/// What is deployed of a map, as two texts.
#[derive(Debug)]
pub struct Rendered {
    /// The template of the pools, with this map's in it.
    pub template: String,
    /// The whole map, as the functions read it.
    pub map: String,
}

/// Makes a map into the template of its pools, and into what the functions read.
pub fn rendered(map: &Path, template: &Path) -> Result<Rendered> {
    let toml = text_of(Some(map))?;
    limits::check(&PoolMap::from_toml(&toml)?).with_context(|| map.display().to_string())?;
    let rendered = rendered_text(&toml, &text(Some(template))?);
    let template = rendered.with_context(|| template.display().to_string())?;
    Ok(Rendered { template, map: map_text(&toml)? })
}

/// The template of a map's pools, of the map and the template as texts.
pub fn rendered_text(map: &str, template: &str) -> Result<String> {
    render::render(template, &PoolMap::from_toml(map)?)
}

/// The whole map as the functions read it, `infra/map/pools.json`: the schedule, the limits, and each pool's entry.
pub fn map_text(map: &str) -> Result<String> {
    let pools = PoolMap::from_toml(map)?;
    let whole = json!({
        "schedule": pools.schedule().to_value(),
        "limits": pools.limits(),
        "pools": entries(map)?,
    });
    Ok(serde_json::to_string_pretty(&whole)? + "\n")
}

/// Each pool's entry, as it stands in the text of a map.
fn entries(text: &str) -> Result<Map<String, Value>> {
    let mut file: Map<String, Value> = toml::from_str(text)?;
    match file.remove("pools") {
        Some(Value::Object(entries)) => Ok(entries),
        _ => Err(anyhow!("the map has no [pools.<name>] tables")),
    }
}
