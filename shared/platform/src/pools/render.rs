//! What a template has to say of the pools, made from the map.
//!
//! A template has marked sections, from a line `# <mayfly pools render: NAME>` to a line
//! `# </mayfly pools render>`. Each is written anew; the rest of the template is kept as it is.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context as _, Result, bail, ensure};
use fleet::{Architecture, Capacity, Pool, PoolMap};
use serde_json::{Map, Value};

const BEGIN: &str = "# <mayfly pools render: ";
const END: &str = "# </mayfly pools render>";

/// Writes the sections of a template anew. `entries` holds each pool's entry of the map.
pub fn render(template: &str, pools: &PoolMap, entries: &Map<String, Value>) -> Result<String> {
    let mut rendered = String::new();
    let mut lines = template.lines();
    while let Some(line) = lines.next() {
        writeln!(rendered, "{line}")?;
        let trimmed = line.trim_start();
        let Some(name) = trimmed.strip_prefix(BEGIN) else { continue };
        let name = name.trim_end_matches('>');
        let indent = line.strip_suffix(trimmed).unwrap_or_default();
        for written in section(name, pools, entries)?.lines() {
            writeln!(rendered, "{indent}{written}")?;
        }
        ensure!(lines.any(|line| line.trim() == END), "the section {name} does not end with {END}");
        writeln!(rendered, "{indent}{END}")?;
    }
    ensure!(rendered.contains(BEGIN), "there is no section in it, which begins with {BEGIN}NAME>");
    Ok(rendered)
}

fn section(name: &str, pools: &PoolMap, entries: &Map<String, Value>) -> Result<String> {
    let on_fargate = |pool: &&Pool| pool.capacity.is_fargate();
    Ok(match name {
        "mappings" => mappings(pools, entries)?,
        "all-pools" => list(pools.iter()),
        "fargate-pools" => list(pools.iter().filter(on_fargate)),
        "ec2-pools" => list(pools.iter().filter(|pool| !on_fargate(pool))),
        "capacity-providers" => providers(pools.iter().filter(|pool| !on_fargate(pool))),
        other => bail!("{other} is no section that is made from the pools"),
    })
}

/// The collection of a `Fn::ForEach`.
fn list<'a>(pools: impl Iterator<Item = &'a Pool>) -> String {
    let ids: Vec<String> = pools.map(logical_id).collect();
    format!("- [{}]", ids.join(", "))
}

fn providers<'a>(pools: impl Iterator<Item = &'a Pool>) -> String {
    let references: Vec<String> =
        pools.map(|pool| format!("- !Ref CapacityProvider{}", logical_id(pool))).collect();
    if references.is_empty() { "[]".to_owned() } else { references.join("\n") }
}

/// A pool's name as a part of logical ids, which have no dashes: `ec2-x64` is `Ec2X64`.
fn logical_id(pool: &Pool) -> String {
    let capitalised = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
    };
    pool.name.as_str().split('-').map(capitalised).collect()
}

fn mappings(pools: &PoolMap, entries: &Map<String, Value>) -> Result<String> {
    let mut text = "Mappings:\n  Pools:\n".to_owned();
    let mut ids = BTreeMap::new();
    for pool in pools.iter() {
        if let Some(other) = ids.insert(logical_id(pool), &pool.name) {
            bail!("{} and {other} are one without their dashes; name one of them otherwise", pool.name);
        }
        let entry = entries.get(pool.name.as_str());
        let entry = entry.with_context(|| format!("{} has no entry", pool.name))?.to_string();
        writeln!(text, "    {}:", logical_id(pool))?;
        for (key, value) in values(pool) {
            writeln!(text, "      {key}: {value}")?;
        }
        // In single quotes YAML knows one escape: a quote is doubled.
        writeln!(text, "      Entry: '{}'", entry.replace('\'', "''"))?;
    }
    Ok(text)
}

/// The values of one pool, as YAML.
fn values(pool: &Pool) -> Vec<(&'static str, String)> {
    let (architecture, ami) = match pool.architecture {
        Architecture::X86_64 => ("X86_64", ""),
        Architecture::Arm64 => ("ARM64", "arm64/"),
    };
    let text = |value: u32| format!("\"{value}\"");
    let mut values = vec![
        ("Name", pool.name.to_string()),
        ("Architecture", architecture.to_owned()),
        ("CapacityProvider", pool.name.to_string()),
        ("Cpu", text(pool.cpu_units)),
        ("Memory", text(pool.memory_mib)),
        ("Disk", pool.disk_gib.to_string()),
    ];
    // Without one the template's parameters say which.
    values.extend(pool.image.iter().map(|image| ("Image", format!("\"{image}\""))));
    if let Some(each) = pool.runners_per_instance {
        let on_demand = if pool.capacity == Capacity::Ec2Spot { 0 } else { 100 };
        values.extend([
            (
                "Ami",
                format!(
                    "resolve:ssm:/aws/service/ecs/optimized-ami/amazon-linux-2023/{ami}recommended/image_id"
                ),
            ),
            ("InstanceTypes", format!("[{}]", pool.instance_types.join(", "))),
            // One more than the runners need: an instance that drains takes nobody.
            ("MaxInstances", text(pool.maximum.div_ceil(each) + 1)),
            ("OnDemandPercentage", on_demand.to_string()),
        ]);
    }
    values
}
