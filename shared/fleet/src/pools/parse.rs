//! From text to a [`PoolMap`], or to everything that is wrong with it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::fields::Fields;
use super::problems::Problems;
use super::{Architecture, Capacity, Pool, PoolMap, PoolMapError, fargate_sizes};
use crate::ids::PoolName;
use crate::label::{Label, Labels};

/// Most labels that GitHub lets a runner carry (REST: generate-jitconfig).
const LABEL_LIMIT: usize = 100;

/// Longest label that GitHub takes, in characters.
const LABEL_LENGTH_LIMIT: usize = 256;

impl PoolMap {
    /// Reads a map in the form of `pools.toml`: a table `[pools.<name>]` for each pool.
    pub fn from_toml(text: &str) -> Result<Self, PoolMapError> {
        let mut problems = Problems::default();
        let file: Map<String, Value> = match toml::from_str(text) {
            Ok(file) => file,
            Err(error) => {
                problems.note_map(format!("is not TOML: {}", error.to_string().trim_end()));
                return problems.none_or(Self(BTreeMap::new()));
            }
        };
        let mut entries = Map::new();
        for (key, value) in file {
            match (key.as_str(), value) {
                ("pools", Value::Object(pools)) => entries = pools,
                ("pools", _) => problems.note_map("pools: takes a table for each pool, [pools.<name>]"),
                _ => problems
                    .note_map(format!("{key}: is no part of a pool map; it has [pools.<name>] tables")),
            }
        }
        Self::read(entries, problems)
    }

    /// Reads a map from one JSON object a pool, in the form of `pools.toml`'s tables.
    pub fn from_entries(entries: impl IntoIterator<Item = (String, Value)>) -> Result<Self, PoolMapError> {
        Self::read(entries.into_iter().collect(), Problems::default())
    }

    fn read(entries: Map<String, Value>, mut problems: Problems) -> Result<Self, PoolMapError> {
        if entries.is_empty() {
            problems.note_map("has no pool; add a [pools.<name>] table");
        }
        let mut pools = BTreeMap::new();
        for (name, entry) in entries {
            match entry {
                Value::Object(entry) => {
                    if let Some(pool) = read_pool(&name, entry, &mut problems) {
                        pools.insert(pool.name.clone(), pool);
                    }
                }
                _ => problems.note_pool(&name, "takes a table of fields"),
            }
        }
        check_fallbacks(&pools, &mut problems);
        problems.none_or(Self(pools))
    }
}

/// Reads one pool. `None` when a field that the rest needs is missing or wrong.
fn read_pool(name: &str, entry: Map<String, Value>, problems: &mut Problems) -> Option<Pool> {
    let pool_name = PoolName::new(name).map_err(|error| problems.note_pool(name, error.to_string())).ok();
    let mut fields = Fields::new(name, entry, problems);

    let architecture: Option<Architecture> = fields.required("architecture");
    let capacity: Option<Capacity> = fields.required("capacity");
    let labels: Option<Vec<String>> = fields.required("labels");
    let instance_types: Option<Vec<String>> = fields.optional("instance_types");
    let runners_per_instance: Option<u32> = fields.optional("runners_per_instance");
    let cpu_units: Option<u32> = fields.required("cpu_units");
    let memory_mib: Option<u32> = fields.required("memory_mib");
    let disk_gib: Option<u32> = fields.required("disk_gib");
    let runner_group: Option<String> = fields.required("runner_group");
    let priority: Option<u32> = fields.required("priority");
    let fallback: Option<PoolName> = fields.optional("fallback");
    let maximum: Option<u32> = fields.required("maximum");
    let off_hours_maximum: Option<u32> = fields.optional("off_hours_maximum");
    let working_hours_minimum: u32 = fields.optional("working_hours_minimum").unwrap_or(0);
    let off_hours_minimum: u32 = fields.optional("off_hours_minimum").unwrap_or(0);
    let sudo: bool = fields.optional("sudo").unwrap_or(false);

    if let Some(labels) = &labels {
        check_labels(labels, architecture, &mut fields);
    }
    if runner_group.as_deref().is_some_and(|group| group.trim().is_empty()) {
        fields.note("runner_group", "is empty; name a runner group of the organisation");
    }
    if let Some(maximum) = maximum {
        if maximum == 0 {
            fields.note("maximum", "takes at least 1; take the pool out of the map to stop it");
        }
        if working_hours_minimum > maximum {
            fields.note("working_hours_minimum", format!("is over the maximum, {maximum}"));
        }
        let off_hours = off_hours_maximum.unwrap_or(maximum);
        if off_hours_minimum > off_hours {
            fields.note("off_hours_minimum", format!("is over the off-hours maximum, {off_hours}"));
        }
    }
    if let (Some(capacity), Some(cpu), Some(memory), Some(disk)) = (capacity, cpu_units, memory_mib, disk_gib)
    {
        if capacity.is_fargate() {
            check_fargate(cpu, memory, disk, &mut fields);
        } else if cpu == 0 || memory == 0 || disk == 0 {
            fields.note("cpu_units", "with memory_mib and disk_gib, takes more than 0");
        }
        check_instances(capacity, instance_types.as_deref(), runners_per_instance, &mut fields);
    }
    fields.finish();

    let (name, architecture) = (pool_name?, architecture?);
    let mut all_labels = Pool::implied_labels(&name, architecture);
    labels?.iter().for_each(|label| all_labels.insert(Label::new(label)));
    Some(Pool {
        labels: all_labels,
        architecture,
        capacity: capacity?,
        instance_types: instance_types.unwrap_or_default(),
        runners_per_instance,
        cpu_units: cpu_units?,
        memory_mib: memory_mib?,
        disk_gib: disk_gib?,
        runner_group: runner_group?,
        priority: priority?,
        fallback,
        maximum: maximum?,
        off_hours_maximum,
        working_hours_minimum,
        off_hours_minimum,
        sudo,
        name,
    })
}

fn check_labels(labels: &[String], architecture: Option<Architecture>, fields: &mut Fields<'_>) {
    for text in labels {
        let label = Label::new(text);
        if label.as_str().is_empty() || label.as_str().contains([',', '\n']) {
            fields
                .note("labels", format!("{text:?} is no label: a label is one or more characters, no comma"));
        }
        if label.as_str().chars().count() > LABEL_LENGTH_LIMIT {
            fields.note("labels", format!("a label has at most {LABEL_LENGTH_LIMIT} characters"));
        }
        if let (Some(named), Some(own)) = (Pool::architecture_of(&label), architecture)
            && named != own
        {
            fields.note("labels", format!("{label} names {named}, but the pool's architecture is {own}"));
        }
    }
    if labels.iter().collect::<Labels>().len() > LABEL_LIMIT - 10 {
        fields.note(
            "labels",
            format!("a runner carries at most {LABEL_LIMIT}, and up to 10 are added to these"),
        );
    }
}

fn check_fargate(cpu_units: u32, memory_mib: u32, disk_gib: u32, fields: &mut Fields<'_>) {
    if let Some(problem) = fargate_sizes::problem(cpu_units, memory_mib) {
        fields.note("memory_mib", problem);
    }
    if !fargate_sizes::DISK_GIB.contains(&disk_gib) {
        let (least, most) = (fargate_sizes::DISK_GIB.start(), fargate_sizes::DISK_GIB.end());
        fields.note("disk_gib", format!("Fargate takes {least} to {most} GiB"));
    }
}

fn check_instances(capacity: Capacity, types: Option<&[String]>, each: Option<u32>, fields: &mut Fields<'_>) {
    if capacity.is_fargate() {
        if types.is_some() {
            fields.note("instance_types", "belongs to an EC2 pool; Fargate has no instances");
        }
        if each.is_some() {
            fields.note("runners_per_instance", "belongs to an EC2 pool; Fargate has no instances");
        }
        return;
    }
    if types.is_none_or(<[String]>::is_empty) {
        fields.note("instance_types", "is missing: an EC2 pool names at least one instance type");
    }
    if each.is_none_or(|each| each == 0) {
        fields.note("runners_per_instance", "is missing: an EC2 pool says how many runners fit, at least 1");
    }
}

/// A fallback runs this pool's jobs, so it has to exist, be of the same architecture and kind, and
/// never lead back.
fn check_fallbacks(pools: &BTreeMap<PoolName, Pool>, problems: &mut Problems) {
    for pool in pools.values() {
        let Some(fallback) = &pool.fallback else { continue };
        let name = pool.name.as_str();
        let Some(other) = pools.get(fallback) else {
            problems.note(
                name,
                "fallback",
                format!("{fallback} is no pool of the map that reads without error"),
            );
            continue;
        };
        if other.architecture != pool.architecture {
            problems.note(
                name,
                "fallback",
                format!("{fallback} is {}, not {}", other.architecture, pool.architecture),
            );
        }
        if other.capacity.is_fargate() != pool.capacity.is_fargate() {
            problems.note(
                name,
                "fallback",
                format!("{fallback} does not run the same kind of task, Fargate or EC2"),
            );
        }
        let next = |at: &&Pool| pools.get(at.fallback.as_ref()?);
        let mut ahead = std::iter::successors(Some(other), next).take(pools.len());
        if ahead.any(|at| at.name == pool.name) {
            problems.note(name, "fallback", format!("{fallback} leads back to {name}"));
        }
    }
}
