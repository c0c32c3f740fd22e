//! The publishers of the runtimes, and how each pool's runners come to them.

use std::fmt::Write as _;

use fleet::pools::RuntimesFrom;
use fleet::{Architecture, Pool, PoolMap};

use super::{all, logical_id};

/// Where the file system is in a task.
const MOUNTED: &str = "/mnt/runtimes";

/// Whether a pool of the map gets its runtimes so.
pub(super) fn come_from(pools: &PoolMap, from: RuntimesFrom) -> bool {
    !pools.runtimes().is_empty() && all(pools).any(|pool| pool.runtimes_from == from)
}

/// Whether anything is published.
pub(super) fn are_published(pools: &PoolMap) -> bool {
    come_from(pools, RuntimesFrom::S3) || come_from(pools, RuntimesFrom::Efs)
}

/// The word of @actions/tool-cache for an architecture.
fn word(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::X86_64 => "x64",
        Architecture::Arm64 => "arm64",
    }
}

/// What a pool's entry in the template's mapping says of its runtimes; nothing without any.
pub(super) fn values(pool: &Pool, pools: &PoolMap) -> Vec<(&'static str, String)> {
    if !are_published(pools) {
        return Vec::new();
    }
    let bundle = match (pool.runtimes_from, pool.architecture) {
        (RuntimesFrom::S3, Architecture::X86_64) => 0,
        (RuntimesFrom::S3, Architecture::Arm64) => 1,
        _ => 2,
    };
    let (from, tree) = match pool.runtimes_from {
        RuntimesFrom::S3 => ("s3", String::new()),
        RuntimesFrom::Efs => ("efs", format!("{MOUNTED}/{}/current", word(pool.architecture))),
        RuntimesFrom::Nowhere => ("none", String::new()),
    };
    vec![
        ("RuntimesFrom", from.to_owned()),
        ("RuntimesBundle", format!("\"{bundle}\"")),
        ("RuntimesTree", format!("\"{tree}\"")),
    ]
}

/// A condition for each pool, which holds where its tasks mount the file system.
pub(super) fn mounts(pools: &PoolMap) -> String {
    let mut text = String::new();
    for pool in all(pools) {
        let id = logical_id(pool);
        let _ = writeln!(text, "MountsRuntimes{id}: !Equals [!FindInMap [Pools, {id}, RuntimesFrom], efs]");
    }
    text
}

/// The architectures for which something is published, as the keys of a mapping.
pub(super) fn publishers(pools: &PoolMap) -> String {
    let has = |architecture: &Architecture| {
        all(pools)
            .any(|pool| pool.architecture == *architecture && pool.runtimes_from != RuntimesFrom::Nowhere)
    };
    let keys = [(Architecture::X86_64, "X64"), (Architecture::Arm64, "Arm64")];
    let keys: Vec<&str> = keys.into_iter().filter(|(it, _)| has(it)).map(|(_, key)| key).collect();
    format!("- [{}]", keys.join(", "))
}

/// What a publisher is to install, and where to publish it.
pub(super) fn command(pools: &PoolMap) -> String {
    let mut text = String::new();
    if come_from(pools, RuntimesFrom::S3) {
        text += "- --bundles\n- !Sub s3://${Bucket}\n- --parameter\n";
        text += "- !Sub [\"${ParametersPath}/runtimes/${Of}\", {Of: !FindInMap [Architectures, !Ref Architecture, Word]}]\n";
    }
    if come_from(pools, RuntimesFrom::Efs) {
        let _ = writeln!(text, "- --trees\n- {MOUNTED}");
    }
    for runtime in pools.runtimes() {
        let _ = writeln!(text, "- {runtime}");
    }
    text
}
