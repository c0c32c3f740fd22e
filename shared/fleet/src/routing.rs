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
        /// The labels that it lacks.
        lacks: Labels,
        /// Whether the labels show that a pool of the map was meant, and not somebody else's runner.
        is_ours: bool,
    },
    /// The repository is public, and no pool that has the labels takes jobs of public ones. This is the
    /// first of those that have the labels.
    PublicRepository(&'a Pool),
    /// The map has no pool at all.
    NoPools,
}

impl Unserved<'_> {
    /// Whether the job was meant for us, so that it has to be reported.
    ///
    /// Other systems' jobs come by the same webhook: those of larger GitHub-hosted runners, whose names anybody
    /// may choose, or of another vendor. Nor is one without labels: those that name the group of larger runners come so
    /// (awslabs/aws-athena-query-federation#1621). What tells ours from theirs is not in any list: a job is ours if it
    /// says `self-hosted`, or a label that a pool of the map has and that is not common to all such systems.
    pub fn is_ours(&self) -> bool {
        match self {
            Self::NoPool { is_ours, .. } => *is_ours,
            Self::PublicRepository(_) | Self::NoPools => true,
            Self::NoLabels | Self::GithubHosted(_) => false,
        }
    }
}

impl fmt::Display for Unserved<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLabels => f.write_str(
                "the job has no labels, which every pool would serve; name a label beside the group",
            ),
            Self::GithubHosted(label) => write!(f, "{label} is a GitHub-hosted runner"),
            Self::NoPool { asked, nearest, lacks, .. } => {
                write!(f, "no pool serves {asked}; {} lacks {lacks}{}", nearest.name, hint(lacks))
            }
            Self::PublicRepository(pool) => write!(
                f,
                "the repository is public, and {} takes no jobs of public repositories; allow them with \
                 public_repositories = true, and in the settings of its runner group",
                pool.name
            ),
            Self::NoPools => f.write_str("the pool map is empty"),
        }
    }
}

/// Finds the pool that serves a job with these labels, of a repository that is public or not, or says why
/// none does.
pub fn route<'a>(pools: &'a PoolMap, asked: &Labels, is_public: bool) -> Result<&'a Pool, Unserved<'a>> {
    if asked.is_empty() {
        return Err(Unserved::NoLabels);
    }
    let with_labels = || pools.iter().filter(|pool| pool.labels.serve(asked));
    let serving = with_labels().filter(|pool| pool.public_repositories || !is_public);
    serving.min_by_key(|pool| Precedence::of(pool)).ok_or_else(|| {
        let refusing = with_labels().min_by_key(|pool| Precedence::of(pool));
        refusing.map_or_else(|| explain(pools, asked), Unserved::PublicRepository)
    })
}

fn explain<'a>(pools: &'a PoolMap, asked: &Labels) -> Unserved<'a> {
    if let Some(label) = asked.iter().find(|label| is_github_hosted(label))
        && !asked.contains(&Label::new(SELF_HOSTED))
    {
        return Unserved::GithubHosted(label.clone());
    }
    let nearest = pools.iter().min_by_key(|pool| (pool.labels.lacking(asked).count(), Precedence::of(pool)));
    nearest.map_or(Unserved::NoPools, |nearest| Unserved::NoPool {
        asked: asked.clone(),
        lacks: nearest.labels.lacking(asked).collect(),
        is_ours: is_ours(pools, asked),
        nearest,
    })
}

/// The label that every self-hosted runner carries.
const SELF_HOSTED: &str = "self-hosted";

/// Whether a label is one of GitHub's own runner images, all of which begin with the system's
/// name (GitHub: "Standard GitHub-hosted runners").
fn is_github_hosted(label: &Label) -> bool {
    ["ubuntu-", "windows-", "macos-"].iter().any(|system| label.as_str().starts_with(system))
}

/// Whether labels that no pool serves were meant for one.
fn is_ours(pools: &PoolMap, asked: &Labels) -> bool {
    let is_known = |label: &Label| pools.with_retiring().any(|pool| pool.labels.contains(label));
    if asked.iter().any(|label| is_anothers(label) && !is_known(label)) {
        return false;
    }
    // A label that is several by mistake says what was meant, too.
    let apart = |sign: char| sign.is_whitespace() || matches!(sign, ',' | '[' | ']' | '"' | '\'');
    let words = asked.iter().flat_map(|label| label.as_str().split(apart)).map(Label::new);
    words.into_iter().any(|word| word.as_str() == SELF_HOSTED || is_known(&word) && !is_common(&word))
}

/// Whether a label says nothing of whose runner is meant: GitHub gives a self-hosted runner its system and its
/// architecture as labels, and others call theirs the same.
fn is_common(label: &Label) -> bool {
    label.as_str() == "linux" || Pool::architecture_of(label).is_some()
}

/// Whether a label names another system's runner, whatever else the job asks for: it may say `self-hosted`
/// too, or a word that one of our pools has. They are the systems whose labels have a form of their own
/// (runs-on/runs-on#102, runs-on/runs-on#347; AWS `CodeBuild`: "Label overrides supported with the
/// CodeBuild-hosted GitHub Actions runner"). One that is missing here rings only for jobs that name us as well. The
/// last three of the whole words are what GitHub calls a self-hosted runner that cannot be ours (GitHub: "Using
/// self-hosted runners in a workflow", default labels): all of our pools are Linux on x86-64 or arm64.
fn is_anothers(label: &Label) -> bool {
    const WHOLE: [&str; 5] = ["dependabot", "runs-on", "windows", "macos", "arm"];
    const BEGINNINGS: [&str; 9] = [
        "runs-on=",
        "runs-on,",
        "codebuild-",
        "blacksmith-",
        "buildjet-",
        "depot-",
        "namespace-profile-",
        "ubicloud-",
        "warp-",
    ];
    WHOLE.contains(&label.as_str()) || BEGINNINGS.iter().any(|begins| label.as_str().starts_with(begins))
}

/// The way out, where a label is several labels by mistake.
fn hint(lacks: &Labels) -> &'static str {
    let any = |is: fn(&str) -> bool| lacks.iter().any(|label| is(label.as_str()));
    if any(|label| label.starts_with('[')) {
        "; that is a list as text: make labels of it with fromJSON"
    } else if any(|label| label.starts_with('{')) {
        "; that is an object as text: make one of it with fromJSON"
    } else if any(|label| label.contains(',')) {
        "; that is one label with commas: write labels as a YAML list"
    } else if any(|label| label.contains(char::is_whitespace)) {
        "; that is one label with spaces: write labels as a YAML list"
    } else {
        ""
    }
}

#[cfg(test)]
mod tests;
