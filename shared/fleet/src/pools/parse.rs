//! From text to a [`PoolMap`], or to everything that is wrong with it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::caches::{self, CacheGroup};
use super::checks::{check_group, check_instances, check_labels, check_size, note_found};
use super::fallbacks::{self, Link};
use super::fields::Fields;
use super::instances::{InstanceCheck, NOBODY, OnInstances};
use super::lines::{Lines, PathStep};
use super::problems::{PoolMapError, Problem, Problems};
use super::runtimes::{self, Runtime, RuntimesFrom};
use super::spelling;
use super::toml_text;
use super::{Architecture, CapacityProvider, Pool, PoolMap, image};
use crate::cost::NanoDollars;
use crate::ids::PoolName;
use crate::label::Label;
use crate::limits::Limits;
use crate::schedule::{self, Schedule};

/// The field of a pool that says what an hour of one of its tasks costs, in US dollars.
pub const TASK_HOUR: &str = "task_hour_dollars";

/// Reads the schedule that a pool has of its own: where it stands, what is written, and the pool's maximum.
type ReadSchedule = fn(Vec<PathStep>, Map<String, Value>, Option<u32>, &mut Problems) -> Option<Schedule>;

/// How the parts of a map are read that not everybody has to do with.
struct Readers<'a> {
    /// The platform's schedule, as it is written.
    platforms: fn(Value, &mut Problems) -> Option<Schedule>,
    /// One that a pool has of its own.
    pools: ReadSchedule,
    /// Who knows the types of instances.
    instances: InstanceCheck<'a>,
}

impl Readers<'static> {
    const ALL: Self = Self { platforms: schedule::read_platforms, pools: schedule::read, instances: NOBODY };
    /// A function that has nothing to do with the hours reads none: it carries no database of the time zones
    /// then.
    const WITHOUT_SCHEDULES: Self =
        Self { platforms: |_, _| None, pools: |_, _, _, _| None, instances: NOBODY };
}

/// What the map says beside its pools.
#[derive(Default)]
struct Common {
    schedule: Schedule,
    limits: Limits,
    caches: BTreeMap<String, CacheGroup>,
    runtimes: Vec<Runtime>,
}

/// A map that was read, and looked at by somebody who knows the types of instances.
#[derive(Debug)]
pub struct ParsedMap {
    /// The map, or all that is wrong with it.
    pub pools: Result<PoolMap, PoolMapError>,
    /// What may be wrong with it, also where something else is.
    pub warnings: Vec<Problem>,
}

impl PoolMap {
    /// Reads a map in the form of `pools.toml`: a table `[pools.<name>]` for each pool.
    pub fn from_toml(text: &str) -> Result<Self, PoolMapError> {
        Self::from_toml_with(text, NOBODY).pools
    }

    /// As [`PoolMap::from_toml`], with somebody who looks at the instances of each EC2 pool that is in service.
    pub fn from_toml_with(text: &str, instances: InstanceCheck<'_>) -> ParsedMap {
        match toml_text::read(text) {
            Ok(file) => Self::from_file(file, &Readers { instances, ..Readers::ALL }),
            Err(error) => ParsedMap { pools: Err(error), warnings: Vec::new() },
        }
    }

    /// Reads the same map as JSON, which is how the functions get it.
    pub fn from_json(text: &str) -> Result<Self, PoolMapError> {
        Self::from_file((json(text)?, Lines::default()), &Readers::ALL).pools
    }

    /// As [`PoolMap::from_json`], without the schedules.
    pub fn from_json_without_schedules(text: &str) -> Result<Self, PoolMapError> {
        Self::from_file((json(text)?, Lines::default()), &Readers::WITHOUT_SCHEDULES).pools
    }

    /// Reads a map from one JSON object a pool, in the form of `pools.toml`'s tables.
    pub fn from_entries(entries: impl IntoIterator<Item = (String, Value)>) -> Result<Self, PoolMapError> {
        let entries = entries.into_iter().collect();
        Self::read(entries, Common::default(), &Readers::ALL, Problems::default()).pools
    }

    fn from_file((file, lines): (Map<String, Value>, Lines), read: &Readers<'_>) -> ParsedMap {
        let mut problems = Problems::in_lines(lines);
        let mut entries = Map::new();
        let (mut schedule, mut limits) = (None, Limits::default());
        let (mut caches, mut runtimes) = (BTreeMap::new(), Vec::new());
        for (key, value) in file {
            match (key.as_str(), value) {
                ("pools", Value::Object(pools)) => entries = pools,
                ("pools", _) => {
                    problems.note(&["pools".into()], "takes a table for each pool, [pools.<name>]");
                }
                ("schedule", value) => schedule = (read.platforms)(value, &mut problems),
                ("limits", value) => limits = read_limits(value, &mut problems),
                ("caches", value) => caches = caches::read(value, &mut problems),
                ("runtimes", value) => runtimes = runtimes::read(value, &mut problems),
                (_, value) => problems.note(&[key.as_str().into()], no_part(&key, &value)),
            }
        }
        let common = Common { schedule: schedule.unwrap_or_default(), limits, caches, runtimes };
        Self::read(entries, common, read, problems)
    }

    fn of(pools: BTreeMap<PoolName, Pool>, Common { schedule, limits, caches, runtimes }: Common) -> Self {
        let (pools, retiring) = pools.into_iter().partition(|(_, pool)| pool.maximum > 0);
        Self { pools, retiring, schedule, limits, caches, runtimes }
    }

    fn read(
        entries: Map<String, Value>,
        common: Common,
        read: &Readers<'_>,
        mut problems: Problems,
    ) -> ParsedMap {
        if entries.is_empty() {
            problems.note_map("has no pool; add a [pools.<name>] table");
        }
        let mut pools = BTreeMap::new();
        let mut links = BTreeMap::new();
        for (name, entry) in entries {
            let link: &mut Link = links.entry(name.clone()).or_default();
            match entry {
                Value::Object(entry) => {
                    if let Some(pool) = read_pool(&name, entry, link, read, &mut problems) {
                        pools.insert(pool.name.clone(), pool);
                    }
                }
                _ => problems.note(&["pools".into(), name.as_str().into()], "takes a table of fields"),
            }
        }
        fallbacks::check(&links, &mut problems);
        check_groups_agree(&pools, &mut problems);
        check_names_are_exact(&pools, &mut problems);
        let (pools, warnings) = problems.none_or(Self::of(pools, common));
        ParsedMap { pools, warnings }
    }
}

fn json(text: &str) -> Result<Map<String, Value>, PoolMapError> {
    serde_json::from_str(text).map_err(|error| {
        let message = format!("is not JSON: {error}");
        PoolMapError(vec![Problem { line: None, pool: None, field: None, message }])
    })
}

/// What is said of a key beside the pools.
fn no_part(key: &str, value: &Value) -> String {
    let way_out = match spelling::meant(key, &["pools", "schedule", "limits", "caches", "runtimes"])
        .as_slice()
    {
        [] if value.is_object() => format!("a pool's table is [pools.{key}]"),
        [] => "it has [pools.<name>] tables, and may have runtimes, [schedule], [limits] and [caches.<name>]"
            .to_owned(),
        words => format!("did you mean {}?", words.join(" or ")),
    };
    format!("is no part of a pool map; {way_out}")
}

/// Reads what the map says of the account's limits: what it leaves out is as published.
fn read_limits(value: Value, problems: &mut Problems) -> Limits {
    let mut limits = Limits::default();
    let way = vec!["limits".into()];
    let Value::Object(entry) = value else {
        problems.note(&way, "takes a table of numbers");
        return limits;
    };
    let mut fields = Fields::new("limit table", way, entry, problems);
    for (field, limit) in limits.fields() {
        match fields.optional::<u32>(field) {
            Some(0) => fields.note(field, "takes 1 or more; leave it out for what is published"),
            Some(found) => *limit = found,
            None => {}
        }
    }
    fields.finish();
    limits
}

/// Reads one pool, and what its fallback is checked by. `None` when a field is missing or wrong.
fn read_pool(
    name: &str,
    mut entry: Map<String, Value>,
    link: &mut Link,
    read: &Readers<'_>,
    problems: &mut Problems,
) -> Option<Pool> {
    let way = vec!["pools".into(), name.into()];
    let pool_name = PoolName::new(name).map_err(|error| problems.note(&way, error.to_string())).ok();
    // TOML takes a key for the table's above it.
    if entry.remove("runtimes").is_some() {
        let way = [way.clone(), vec!["runtimes".into()]].concat();
        problems.note(&way, "is the map's, not a pool's: write it above the first [table]");
    }
    let mut fields = Fields::new("pool", way.clone(), entry, problems);

    let architecture: Option<Architecture> = fields.required("architecture");
    let capacity: Option<CapacityProvider> = fields.required("capacity");
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
    let schedule: Option<Map<String, Value>> = fields.optional("schedule");
    // Out of service: what it keeps waiting at other times does not matter, and need not be changed.
    let limit = maximum.filter(|&maximum| maximum > 0);
    let way = [way, vec!["schedule".into()]].concat();
    let schedule = schedule.and_then(|entry| (read.pools)(way, entry, limit, fields.problems()));
    let sudo: bool = fields.optional("sudo").unwrap_or(false);
    let job_summary: bool = fields.optional("job_summary").unwrap_or(false);
    let public_repositories: bool = fields.optional("public_repositories").unwrap_or(false);
    let image: Option<String> = fields.optional("image");
    let task_hour: Option<NanoDollars> = fields.optional(TASK_HOUR);
    let runtimes_from: RuntimesFrom = fields.optional("runtimes_from").unwrap_or_default();

    if let Some(labels) = &labels {
        check_labels(labels, architecture, &mut fields);
    }
    if let Some(group) = &runner_group {
        check_group(group, &mut fields);
    }
    if let Some(problem) = image.as_deref().and_then(image::problem) {
        fields.note("image", problem);
    }
    if let Some(maximum) =
        limit.filter(|&maximum| off_hours_maximum.is_some_and(|off| off == 0 || off > maximum))
    {
        fields.note("off_hours_maximum", format!("takes 1 to the maximum, {maximum}"));
    }
    if let Some(maximum) = limit.filter(|&maximum| working_hours_minimum > maximum) {
        fields.note("working_hours_minimum", format!("is over the maximum, {maximum}"));
    }
    let off_hours_limit = off_hours_maximum.or(maximum).filter(|_| maximum != Some(0));
    if let Some(maximum) = off_hours_limit.filter(|&maximum| off_hours_minimum > maximum) {
        fields.note("off_hours_minimum", format!("is over the off-hours maximum, {maximum}"));
    }
    if let Some(capacity) = capacity {
        check_size(capacity, cpu_units, memory_mib, disk_gib, &mut fields);
        check_instances(capacity, instance_types.as_deref(), runners_per_instance, &mut fields);
        // What a pool runs on that is out of service does not matter.
        if !capacity.is_fargate() && maximum != Some(0) {
            let instance_types = instance_types.as_deref().unwrap_or_default();
            let on =
                OnInstances { architecture, instance_types, runners_per_instance, cpu_units, memory_mib };
            note_found((read.instances)(&on), &mut fields);
        }
    }
    *link = Link { architecture, capacity, fallback: fallback.clone(), public_repositories };
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
        schedule,
        sudo,
        job_summary,
        public_repositories,
        image,
        task_hour,
        runtimes_from,
        name,
    })
}

/// A pool's name, as a label, is that pool and no other.
fn check_names_are_exact(pools: &BTreeMap<PoolName, Pool>, problems: &mut Problems) {
    for pool in pools.values() {
        let others = pools.keys().filter(|&name| *name != pool.name);
        for other in others.filter(|name| pool.labels.contains(&Label::new(name.as_str()))) {
            problems.note_field(pool.name.as_str(), "labels", format!("{other} is another pool's name"));
        }
    }
}

/// GitHub lets a whole runner group have jobs of public repositories, or nobody in it: a job that one of
/// its pools takes may come to any runner of the group that has the labels.
fn check_groups_agree(pools: &BTreeMap<PoolName, Pool>, problems: &mut Problems) {
    for pool in pools.values().filter(|pool| pool.public_repositories) {
        let same = |other: &&Pool| other.runner_group.eq_ignore_ascii_case(&pool.runner_group);
        if let Some(other) = pools.values().filter(same).find(|other| !other.public_repositories) {
            let (name, group) = (&other.name, &pool.runner_group);
            let problem = format!(
                "{name} is in the runner group {group} too and refuses such jobs, but GitHub lets them into a whole group or not at all: name another group"
            );
            problems.note_field(pool.name.as_str(), "public_repositories", problem);
        }
    }
}
