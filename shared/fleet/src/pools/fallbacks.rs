//! A fallback runs another pool's jobs, so it has to exist, be of the same architecture and kind,
//! and never lead back.
//!
//! Pools with mistakes elsewhere are checked too: what is known of them is enough.

use std::collections::BTreeMap;

use super::problems::Problems;
use super::{Architecture, Capacity};
use crate::ids::PoolName;

/// What is known of a pool that falls back, or is fallen back on.
#[derive(Debug, Default)]
pub(super) struct Link {
    pub(super) architecture: Option<Architecture>,
    pub(super) capacity: Option<Capacity>,
    pub(super) fallback: Option<PoolName>,
    pub(super) public_repositories: bool,
}

/// Checks the fallback of each pool of the file, by their names as written.
pub(super) fn check(links: &BTreeMap<String, Link>, problems: &mut Problems) {
    for (name, link) in links {
        let Some(fallback) = &link.fallback else { continue };
        let Some(other) = links.get(fallback.as_str()) else {
            problems.note(name, "fallback", format!("{fallback} is no pool of the map"));
            continue;
        };
        if let (Some(theirs), Some(own)) = (other.architecture, link.architecture)
            && theirs != own
        {
            problems.note(name, "fallback", format!("{fallback} is {theirs}, not {own}"));
        }
        if let (Some(theirs), Some(own)) = (other.capacity, link.capacity)
            && theirs.is_fargate() != own.is_fargate()
        {
            problems.note(
                name,
                "fallback",
                format!("{fallback} does not run the same kind of task, Fargate or EC2"),
            );
        }
        if link.public_repositories && !other.public_repositories {
            problems.note(name, "fallback", format!("{fallback} takes no jobs of public repositories"));
        }
        let next = |at: &&PoolName| links.get(at.as_str())?.fallback.as_ref();
        let mut ahead = std::iter::successors(Some(fallback), next).take(links.len());
        if ahead.any(|at| at.as_str() == name) {
            problems.note(name, "fallback", format!("{fallback} leads back to {name}"));
        }
    }
}
