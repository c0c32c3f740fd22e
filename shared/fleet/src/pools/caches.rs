//! Cache groups: which repositories share a dependency cache, and which of their branches write it.
//!
//! A group is a trust domain: what a job of one of its repositories stores, jobs of the others unpack. So a
//! repository is in no group unless the map says so, and in one at most.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::fields::Fields;
use super::problems::Problems;
use super::values::{ReadValue, Wrong};
use crate::quote;

/// Most repositories in one group. Each is a condition of the roles' trust policies, which have 2,048 characters,
/// and a resource of their permissions, which have 10,240 (IAM and STS quotas).
const REPOSITORY_LIMIT: usize = 25;

/// Most patterns of branches in one group; each stands twice in a trust policy.
const BRANCH_LIMIT: usize = 5;

/// Longest name of a group: it is a part of the roles' names, which have 64 characters (IAM quotas).
const NAME_LIMIT: usize = 16;

/// Longest name of a repository (GitHub).
const REPOSITORY_NAME_LIMIT: usize = 100;

/// Repositories that share a dependency cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheGroup {
    /// Its repositories, as the map lists them.
    pub repositories: Vec<CachedRepository>,
    /// The branches whose jobs write the cache, as patterns in which `*` stands for any text.
    pub branches: Vec<String>,
}

/// A repository of a group, written `NAME@ID` in the map, as in the `sub` of GitHub's OIDC tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CachedRepository {
    /// Its name, without the organisation: objects of the cache lie under it.
    pub name: String,
    /// GitHub's id, which stays when the name goes to another repository: the roles trust it.
    pub id: u64,
}

impl ReadValue for CachedRepository {
    fn read(value: Value, wrong: &mut Wrong) -> Option<Self> {
        const TAKEN: &str = "NAME@ID, for example \"storefront@123456789\"";
        const WAY_OUT: &str = ": `gh api repos/ORG/NAME --jq .id` says the id";
        let signs = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        let read = value.as_str().and_then(|text| {
            let (name, id) = text.split_once('@')?;
            let fits = (1..=REPOSITORY_NAME_LIMIT).contains(&name.len()) && signs(name);
            let id = id.bytes().all(|digit| digit.is_ascii_digit()).then(|| id.parse().ok())??;
            (fits && id > 0).then(|| Self { name: name.to_owned(), id })
        });
        read.or_else(|| wrong.takes(TAKEN, &value, WAY_OUT))
    }
}

/// Reads the tables `[caches.<name>]`.
pub(super) fn read(value: Value, problems: &mut Problems) -> BTreeMap<String, CacheGroup> {
    let mut groups = BTreeMap::new();
    let Value::Object(entries) = value else {
        problems.note(&["caches".into()], "takes a table for each group, [caches.<name>]");
        return groups;
    };
    let mut known = BTreeMap::new();
    for (name, entry) in entries {
        match entry {
            Value::Object(entry) => {
                groups.extend(read_group(&name, entry, &mut known, problems).map(|group| (name, group)));
            }
            _ => problems.note(&["caches".into(), name.as_str().into()], "takes a table of fields"),
        }
    }
    groups
}

/// Reads one group. `known` has each repository's id and name in lower case, with its group.
fn read_group(
    name: &str,
    entry: Map<String, Value>,
    known: &mut BTreeMap<String, String>,
    problems: &mut Problems,
) -> Option<CacheGroup> {
    let way = vec!["caches".into(), name.into()];
    if !is_name(name) {
        let rule =
            format!("1 to {NAME_LIMIT} lower-case letters, digits and dashes, beginning with a letter");
        problems.note(&way, format!("{} is not a group's name: {rule}", quote::quoted(name)));
    }
    let mut fields = Fields::new("cache group", way, entry, problems);
    let repositories: Option<Vec<CachedRepository>> = fields.required("repositories");
    let branches: Vec<String> = fields.optional("branches").unwrap_or_else(|| vec!["*".to_owned()]);
    check_repositories(name, repositories.as_deref().unwrap_or_default(), known, &mut fields);
    if repositories.as_ref().is_some_and(Vec::is_empty) {
        fields.note("repositories", "is empty; take the group out of the map instead");
    }
    check_branches(&branches, &mut fields);
    fields.finish();
    Some(CacheGroup { repositories: repositories?, branches })
}

fn check_repositories(
    group: &str,
    repositories: &[CachedRepository],
    known: &mut BTreeMap<String, String>,
    fields: &mut Fields<'_>,
) {
    if repositories.len() > REPOSITORY_LIMIT {
        let problem =
            format!("has {} repositories; a group has at most {REPOSITORY_LIMIT}", repositories.len());
        fields.note("repositories", problem);
    }
    for (place, repository) in repositories.iter().enumerate() {
        let keys = [format!("@{}", repository.id), repository.name.to_ascii_lowercase()];
        let others = keys.map(|key| known.insert(key, group.to_owned()));
        if let Some(other) = others.into_iter().flatten().next() {
            let problem = format!("{}@{} is in the group {other} already", repository.name, repository.id);
            fields.note_item("repositories", place, problem);
        }
    }
}

/// A branch is a part of the `sub` of a token, in which a colon ends it, and a pattern of IAM.
fn check_branches(branches: &[String], fields: &mut Fields<'_>) {
    let is_sign = |c: char| c.is_ascii_alphanumeric() || "-_./*#+@=,".contains(c);
    if branches.is_empty() {
        fields.note("branches", "is empty; leave it out, and all branches write");
    }
    if branches.len() > BRANCH_LIMIT {
        fields
            .note("branches", format!("has {} patterns; a group has at most {BRANCH_LIMIT}", branches.len()));
    }
    for (place, branch) in branches.iter().enumerate() {
        let problem = if branch.starts_with("refs/") {
            "takes a branch's name, without refs/heads/".to_owned()
        } else if branch.is_empty() || branch.len() > 60 || !branch.chars().all(is_sign) {
            format!(
                "{} is not a branch: it takes up to 60 letters, digits and -_./, and * for any text",
                quote::quoted(branch)
            )
        } else {
            continue;
        };
        fields.note_item("branches", place, problem);
    }
}

/// As a pool's name, and shorter.
fn is_name(name: &str) -> bool {
    name.len() <= NAME_LIMIT && crate::PoolName::new(name).is_ok()
}
