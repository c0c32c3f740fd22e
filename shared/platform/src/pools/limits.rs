//! What AWS takes of a map, and no more. A map that passes is not refused in the middle of a deploy.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use fleet::{PoolMap, PoolName};
use serde_json::Value;

use super::render::{all, logical_id, on_instances};

/// Attributes of one mapping of a template, which is what a pool is there (CloudFormation, "Understand
/// CloudFormation quotas", mapping attributes).
const POOLS: usize = 200;

/// Capacity providers of one cluster, of which each EC2 pool has one (Amazon ECS, "Service quotas", capacity
/// providers per cluster; not adjustable).
const PROVIDERS: usize = 20;

/// Bytes of all variables of one function together (Lambda, "Quotas", environment variables; not adjustable).
const VARIABLES: usize = 4096;

/// Bytes of them that are not for the pools: about 1 KB for the functions' other variables, and 1 KB for
/// the stack's name and up to eight subnets in each of the two places.
const OTHER_VARIABLES: usize = 2048;

/// The longest revision that is foreseen: a deploy that changes a pool makes one.
const REVISION: u32 = 99_999;

/// Refuses a map that CloudFormation, ECS or Lambda could not take, with a line for each limit that it is
/// over. Each begins with the name of the map's file.
pub(super) fn check(pools: &PoolMap, file: &str) -> Result<()> {
    let limits = [
        (
            all(pools).count(),
            POOLS,
            "pools; CloudFormation takes",
            "attributes in one mapping (CloudFormation quotas)",
        ),
        (
            on_instances(pools).count(),
            PROVIDERS,
            "EC2 pools; ECS takes",
            "capacity providers in one cluster (ECS service quotas)",
        ),
        (
            bytes_of_revisions(pools),
            VARIABLES - OTHER_VARIABLES,
            "bytes of pool names with their revisions; Lambda leaves",
            "of the 4 KB of a function's variables (Lambda quotas), so take fewer pools or shorter names",
        ),
    ];
    let over = limits.iter().filter(|(found, most, ..)| found > most);
    let over = over.map(|(found, most, what, unit)| format!("the map has {found} {what} {most} {unit}"));
    let problems: Vec<String> =
        over.chain(same_ids(pools)).map(|problem| format!("{file}: {problem}")).collect();
    if problems.is_empty() { Ok(()) } else { bail!(problems.join("\n")) }
}

/// Pools that have one logical id, in which no dashes are.
fn same_ids(pools: &PoolMap) -> Vec<String> {
    let mut ids: BTreeMap<String, &PoolName> = BTreeMap::new();
    let mut problems = Vec::new();
    for pool in all(pools) {
        let name = &pool.name;
        if let Some(other) = ids.insert(logical_id(pool), name) {
            problems.push(format!(
                "{name} and {other} are one name without their dashes, and CloudFormation takes none: rename one"
            ));
        }
    }
    problems
}

/// What the pools take in the variable `MAYFLY_PLACEMENTS`. Lambda measures the variables as one JSON object,
/// in which each quote of a value has a backslash (terraform-aws-github-runner #3594 shows its message).
fn bytes_of_revisions(pools: &PoolMap) -> usize {
    let revisions: Vec<String> = all(pools).map(|pool| format!("\"{}\":{REVISION}", pool.name)).collect();
    Value::from(revisions.join(",")).to_string().len()
}
