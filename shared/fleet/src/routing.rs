//! Which pool serves a job.
//!
//! A pool serves a job when it has all of the job's labels (GitHub's rule). Of several the one
//! with the lowest priority number, then the first by name: [`Precedence`] is that order.

use std::fmt;

use crate::ids::PoolName;
use crate::label::{Label, Labels};
use crate::pools::{Pool, PoolMap};

/// The order among pools that serve the same job; the least one wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Precedence<'a> {
    priority: u32,
    name: &'a PoolName,
}

impl<'a> Precedence<'a> {
    /// A pool's place in the order.
    pub fn of(pool: &'a Pool) -> Self {
        Self { priority: pool.priority, name: &pool.name }
    }
}

/// Why no pool serves a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unserved<'a> {
    /// The job names no label: every pool would serve it, and the webhook does not tell its runner group.
    NoLabels,
    /// The job asks for one of GitHub's own runners.
    GithubHosted(Label),
    /// No pool has all of the labels; the nearest lacks the fewest.
    NoPool {
        /// What the job asked for.
        asked: Labels,
        /// The pool that lacks the fewest labels; the first in precedence of several.
        nearest: &'a Pool,
        /// The labels that it lacks, in alphabetical order.
        lacks: Vec<Label>,
    },
    /// The map has no pool at all.
    NoPools,
}

impl fmt::Display for Unserved<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLabels => f.write_str(
                "the job has no labels, which every pool would serve; name a label beside the group",
            ),
            Self::GithubHosted(label) => write!(f, "{label} is a GitHub-hosted runner"),
            Self::NoPool { asked, nearest, lacks } => {
                let lacks: Vec<&str> = lacks.iter().map(Label::as_str).collect();
                write!(f, "no pool serves {asked}; {} lacks {}", nearest.name, lacks.join(", "))
            }
            Self::NoPools => f.write_str("the pool map is empty"),
        }
    }
}

/// Finds the pool that serves a job with these labels, or says why none does.
pub fn route<'a>(pools: &'a PoolMap, asked: &Labels) -> Result<&'a Pool, Unserved<'a>> {
    if asked.is_empty() {
        return Err(Unserved::NoLabels);
    }
    let serving = pools.iter().filter(|pool| pool.labels.serve(asked));
    serving.min_by_key(|pool| Precedence::of(pool)).ok_or_else(|| explain(pools, asked))
}

fn explain<'a>(pools: &'a PoolMap, asked: &Labels) -> Unserved<'a> {
    if let Some(label) = asked.iter().find(|label| is_github_hosted(label))
        && !asked.contains(&Label::new("self-hosted"))
    {
        return Unserved::GithubHosted(label.clone());
    }
    let nearest = pools.iter().min_by_key(|pool| (pool.labels.lacking(asked).count(), Precedence::of(pool)));
    nearest.map_or(Unserved::NoPools, |nearest| Unserved::NoPool {
        asked: asked.clone(),
        lacks: nearest.labels.lacking(asked).cloned().collect(),
        nearest,
    })
}

/// Whether a label is one of GitHub's own runner images, all of which begin with the system's
/// name (GitHub: "Standard GitHub-hosted runners").
fn is_github_hosted(label: &Label) -> bool {
    ["ubuntu-", "windows-", "macos-"].iter().any(|system| label.as_str().starts_with(system))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::{Index, subsequence};

    use super::*;
    use crate::pools::DEFAULT_POOLS;

    fn pools() -> PoolMap {
        PoolMap::from_toml(DEFAULT_POOLS).unwrap()
    }

    #[test]
    fn the_lowest_priority_number_wins() {
        let pools = pools();
        for (runs_on, pool) in [
            (&["self-hosted"][..], "fargate-x64"),
            (&["linux", "X64"], "fargate-x64"),
            (&["fargate", "spot"], "fargate-x64-spot"),
            (&["self-hosted", "linux", "ARM64"], "fargate-arm64"),
            (&["aarch64", "docker"], "ec2-arm64"),
            (&["docker"], "ec2-x64"),
            (&["docker", "spot"], "ec2-x64-spot"),
            (&["arm64", "spot"], "ec2-arm64-spot"),
            (&["self-hosted", "ec2-arm64"], "ec2-arm64"),
            (&["amd64", "ec2", "on-demand"], "ec2-x64"),
        ] {
            let asked: Labels = runs_on.iter().collect();
            assert_eq!(route(&pools, &asked).unwrap().name.as_str(), pool, "{asked}");
        }
    }

    #[test]
    fn whom_no_pool_serves_is_told_why() {
        let pools = pools();
        for (runs_on, says) in [
            (&["gpu", "linux", "docker"][..], "no pool serves [docker, gpu, linux]; ec2-x64 lacks gpu"),
            (&["x64", "arm64"], "no pool serves [arm64, x64]; fargate-x64 lacks arm64"),
            (
                &["self-hosted", "ubuntu-latest"],
                "no pool serves [self-hosted, ubuntu-latest]; fargate-x64 lacks ubuntu-latest",
            ),
            (&["ubuntu-latest"], "ubuntu-latest is a GitHub-hosted runner"),
            (&["macos-15-xlarge"], "macos-15-xlarge is a GitHub-hosted runner"),
            (&[], "the job has no labels, which every pool would serve; name a label beside the group"),
        ] {
            let asked: Labels = runs_on.iter().collect();
            assert_eq!(route(&pools, &asked).unwrap_err().to_string(), says);
        }
    }

    /// Words that some pool knows, and some that none does.
    fn words() -> Vec<String> {
        let pools = pools();
        let known: Labels = pools.iter().flat_map(|pool| pool.labels.iter()).collect();
        known.iter().map(Label::to_string).chain(["gpu".into(), "windows".into()]).collect()
    }

    proptest! {
        #[test]
        fn a_routed_pool_has_all_of_the_jobs_labels(asked in subsequence(words(), 0..5)) {
            let (pools, asked) = (pools(), asked.into_iter().collect::<Labels>());
            match route(&pools, &asked) {
                Ok(pool) => prop_assert!(pool.labels.serve(&asked)),
                Err(_) => prop_assert!(asked.is_empty() || !pools.iter().any(|pool| pool.labels.serve(&asked))),
            }
        }

        #[test]
        fn case_and_order_of_labels_do_not_matter(
            asked in subsequence(words(), 1..5),
            upper in any::<u8>(),
            turn in any::<Index>(),
        ) {
            let pools = pools();
            let mut shouted: Vec<String> = asked.iter().enumerate()
                .map(|(at, word)| if upper >> at & 1 == 1 { word.to_uppercase() } else { word.clone() })
                .collect();
            let by = turn.index(shouted.len());
            shouted.rotate_left(by);
            let (plain, shouted): (Labels, Labels) = (asked.iter().collect(), shouted.iter().collect());
            prop_assert_eq!(route(&pools, &plain).ok(), route(&pools, &shouted).ok());
        }
    }
}
