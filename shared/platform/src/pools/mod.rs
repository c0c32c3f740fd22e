//! The pool map that a command works with, and what is deployed of it.

mod fit;
pub mod instance_types;
mod limits;
pub mod render;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use fleet::PoolMap;
use fleet::pools::{DEFAULT_POOLS, PoolMapError, Problem, TASK_HOUR, toml_as_json};
use serde_json::{Map, Value, json};

use crate::prices::Prices;

/// A pool map that was read and looked at.
#[derive(Debug)]
pub struct Checked {
    /// The map.
    pub pools: PoolMap,
    /// The text that it was read from.
    pub text: String,
    /// What may be wrong with it, a line each, which begins with the file's name.
    pub warnings: Vec<String>,
}

/// Reads a pool map; without a file, the one that Mayfly ships. All problems are reported at once, a line
/// each, which begins with the file's name.
pub fn read(file: Option<&Path>) -> Result<Checked> {
    checked(text(file)?, &file.unwrap_or(Path::new("pools.toml")).display().to_string())
}

fn checked(text: String, file: &str) -> Result<Checked> {
    let looked = PoolMap::from_toml_with(&text, &instance_types::look);
    let lines = |problems: &[Problem]| problems.iter().map(|it| it.in_file(file)).collect::<Vec<_>>();
    let warnings = lines(&looked.warnings);
    match looked.pools {
        Ok(pools) => Ok(Checked { pools, text, warnings }),
        Err(PoolMapError(problems)) => bail!(lines(&problems).join("\n")),
    }
}

fn text(file: Option<&Path>) -> Result<String> {
    let Some(file) = file else { return Ok(DEFAULT_POOLS.to_owned()) };
    std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))
}

/// What is deployed of a map, as texts.
#[derive(Debug)]
pub struct Rendered {
    /// The templates, with what the map says in them.
    pub templates: Vec<String>,
    /// The whole map, as the functions read it.
    pub map: String,
    /// What may be wrong with the map.
    pub warnings: Vec<String>,
}

/// Makes a map into its templates, and into what the functions read.
pub fn rendered(map: &Path, templates: &[PathBuf]) -> Result<Rendered> {
    let Checked { pools, text: toml, warnings } = read(Some(map))?;
    limits::check(&pools, &map.display().to_string())?;
    let rendered = templates.iter().map(|template| {
        render::render(&text(Some(template))?, &pools).with_context(|| template.display().to_string())
    });
    let templates = rendered.collect::<Result<_>>()?;
    Ok(Rendered { templates, map: map_text(&toml)?, warnings })
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
        "pools": with_prices(entries(map)?, &pools)?,
    });
    Ok(serde_json::to_string_pretty(&whole)? + "\n")
}

/// The entries, each with the price of its tasks: the map's own, or that of the prices that Mayfly ships.
fn with_prices(mut entries: Map<String, Value>, pools: &PoolMap) -> Result<Map<String, Value>> {
    let prices = Prices::shipped()?;
    for pool in pools.with_retiring() {
        let price = pool.task_hour.or_else(|| prices.task_hour(pool));
        if let (Some(price), Some(Value::Object(entry))) = (price, entries.get_mut(pool.name.as_str())) {
            entry.insert(TASK_HOUR.to_owned(), price.dollars().into());
        }
    }
    Ok(entries)
}

/// Each pool's entry, as it stands in the text of a map.
fn entries(text: &str) -> Result<Map<String, Value>> {
    let mut file = toml_as_json(text)?;
    match file.remove("pools") {
        Some(Value::Object(entries)) => Ok(entries),
        _ => Err(anyhow!("the map has no [pools.<name>] tables")),
    }
}

#[cfg(test)]
mod tests;
