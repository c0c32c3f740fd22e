//! The types of EC2 instances, and whether the runners of a pool fit on them.
//!
//! The functions do not have this: a map is checked before it is deployed.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use fleet::Architecture;
use fleet::pools::{About, Finding, OnInstances};

use super::fit::{FitRequest, Room};

/// Made by `make instance-types`.
const TABLE: &str = include_str!("../../instance_types/instance_types.tsv");

/// From here on a name is taken for another one's misspelling, by Jaro and Winkler.
const ALIKE: f64 = 0.93;

/// What an instance of a type has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InstanceType {
    /// Its instruction set.
    pub architecture: Architecture,
    /// Its vCPUs, all of them switched on.
    pub vcpus: u32,
    /// Installed memory in MiB.
    pub memory_mib: u32,
    /// The network interfaces that it takes, its own included.
    pub interfaces: u32,
}

static TYPES: LazyLock<BTreeMap<&'static str, InstanceType>> =
    LazyLock::new(|| TABLE.lines().filter_map(of_line).collect());

/// A row of the table. The others are notes, and the names of the columns.
fn of_line(line: &'static str) -> Option<(&'static str, InstanceType)> {
    let mut columns = line.split('\t');
    let name = columns.next()?;
    let architecture = match columns.next()? {
        "x86_64" => Architecture::X86_64,
        "arm64" => Architecture::Arm64,
        _ => return None,
    };
    let mut number = || columns.next()?.parse().ok();
    Some((
        name,
        InstanceType { architecture, vcpus: number()?, memory_mib: number()?, interfaces: number()? },
    ))
}

/// What an instance of this type has, if the table knows it.
pub fn of(name: &str) -> Option<InstanceType> {
    TYPES.get(name).copied()
}

/// Whose answers the table has.
fn source() -> &'static str {
    let words = TABLE.lines().next().unwrap_or_default().rsplit_once(", as ");
    words.and_then(|(_, words)| words.strip_suffix(" has them.")).unwrap_or("its source")
}

/// Everything that speaks against a pool's types, or may.
pub(super) fn look(pool: &OnInstances<'_>) -> Vec<Finding> {
    let each = pool.instance_types.iter().enumerate();
    let mut findings: Vec<Finding> =
        each.clone().filter_map(|(place, name)| of_type(name, About::Type(place), pool)).collect();
    let Some(asked) = FitRequest::of(pool) else { return findings };
    for (place, name) in each {
        let Some(room) = of(name).map(Room::of) else { continue };
        findings.extend(asked.compared(name, &room, place));
    }
    findings
}

/// What the name alone tells of a type.
fn of_type(name: &str, about: About, pool: &OnInstances<'_>) -> Option<Finding> {
    let certain = |message| Some(Finding { about, is_certain: true, message });
    let quoted = fleet::quote::quoted(name);
    if !is_name(name) {
        return certain(format!("{quoted} is not an instance type; one is written like \"m7g.2xlarge\""));
    }
    let Some(known) = of(name) else {
        let source = source();
        let near = meant(name).map(|near| format!("did you mean {near}? ")).unwrap_or_default();
        let message = format!(
            "{near}{name} is not in Mayfly's table of instance types ({source}): nobody has looked whether it \
             exists, and whether the runners fit on it"
        );
        return Some(Finding { about, is_certain: false, message });
    };
    let own = pool.architecture.filter(|own| *own != known.architecture)?;
    certain(format!("{name} is {}, and the pool's architecture is {own}", known.architecture))
}

/// A family and a size. Auto Scaling takes patterns too, of which nobody knows what they stand for.
fn is_name(name: &str) -> bool {
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
    };
    name.split_once('.').is_some_and(|(family, size)| is_word(family) && is_word(size))
}

fn meant(name: &str) -> Option<&'static str> {
    let likeness = |other: &str| strsim::jaro_winkler(name, other);
    let nearest = TYPES.keys().copied().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    nearest.filter(|other| likeness(other) >= ALIKE)
}

#[cfg(test)]
mod tests;
