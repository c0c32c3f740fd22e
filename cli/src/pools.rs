//! The pool map that a command works with.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use fleet::PoolMap;
use fleet::pools::DEFAULT_POOLS;

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
