//! A fallback runs another pool's jobs, so it has to exist, be of the same architecture and kind,
//! and never lead back.
//!
//! Pools with mistakes elsewhere are checked too: what is known of them is enough.

use std::collections::BTreeMap;

use super::problems::Problems;
use super::{Architecture, CapacityProvider};
use crate::ids::PoolName;

/// What is known of a pool that falls back, or is fallen back on.
#[derive(Debug, Default)]
pub(super) struct Link {
    pub(super) architecture: Option<Architecture>,
    pub(super) capacity: Option<CapacityProvider>,
    pub(super) fallback: Option<PoolName>,
    pub(super) public_repositories: bool,
}

/// Checks the fallback of each pool of the file, by their names as written.
pub(super) fn check(links: &BTreeMap<String, Link>, problems: &mut Problems) {
    for (name, link) in links {
        let Some(fallback) = &link.fallback else { continue };
        let Some(other) = links.get(fallback.as_str()) else {
            problems.note_field(name, "fallback", format!("{fallback} is not a pool of the map"));
            continue;
        };
        if let (Some(theirs), Some(own)) = (other.architecture, link.architecture)
            && theirs != own
        {
            problems.note_field(name, "fallback", format!("{fallback} is {theirs}, not {own}"));
        }
        if let (Some(theirs), Some(own)) = (other.capacity, link.capacity)
            && theirs.is_fargate() != own.is_fargate()
        {
            problems.note_field(
                name,
                "fallback",
                format!("{fallback} does not run the same kind of task, Fargate or EC2"),
            );
        }
        if link.public_repositories && !other.public_repositories {
            problems.note_field(name, "fallback", format!("{fallback} takes no jobs of public repositories"));
        }
    }
    for circle in circles(links) {
        let Some(name) = to_break(&circle, links) else { continue };
        let way = match circle.as_slice() {
            [_] => "it falls back on itself".to_owned(),
            [first, ..] => format!("{} → {first} is a circle", circle.join(" → ")),
            [] => continue,
        };
        problems.note_field(name, "fallback", format!("{way}: take the fallback of {name} out"));
    }
}

/// The pools that fall back on each other in a circle, each circle once, from its first pool by name.
fn circles(links: &BTreeMap<String, Link>) -> Vec<Vec<&str>> {
    let next = |at: &&str| Some(links.get(*at)?.fallback.as_ref()?.as_str());
    let ahead = |name: &String| -> Option<Vec<&str>> {
        let (name, _) = links.get_key_value(name)?;
        let way = std::iter::successors(Some(name.as_str()), next).skip(1).take(links.len());
        let way: Vec<&str> = way.collect();
        let back = way.iter().position(|at| at == name)?;
        Some(std::iter::once(name.as_str()).chain(way.into_iter().take(back)).collect())
    };
    let circles = links.keys().filter_map(ahead);
    circles.filter(|circle| circle.iter().min() == circle.first()).collect()
}

/// Pools with the least use for a fallback: capacity on demand is rarely gone, and nothing falls back from it
/// on Spot.
fn to_break<'a>(circle: &[&'a str], links: &BTreeMap<String, Link>) -> Option<&'a str> {
    let is_spot =
        |name: &str| links.get(name).and_then(|link| link.capacity).is_some_and(CapacityProvider::is_spot);
    let on_demand = circle.iter().rev().find(|name| !is_spot(name));
    on_demand.or(circle.last()).copied()
}
