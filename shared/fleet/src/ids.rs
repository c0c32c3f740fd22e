//! The names of things, each a type of its own, so that a job's id never stands
//! where a runner's should.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::quote;

/// Longest name of a pool: with it, a runner's GitHub name stays within GitHub's 64 characters.
pub const POOL_NAME_LIMIT: usize = 32;

/// What every GitHub name of a runner of ours begins with.
pub const RUNNER_NAME_PREFIX: &str = "mayfly";

/// GitHub's numeric id of a workflow job. A re-run is a new job with a new id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(pub u64);

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// GitHub's numeric id of a registered runner, known from its JIT config on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GithubRunnerId(pub u64);

impl fmt::Display for GithubRunnerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Defines an id that is a string and is taken as it comes: somebody else made it.
macro_rules! string_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes the id as it stands.
            pub fn new(id: impl Into<String>) -> Self {
                Self(id.into())
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

string_id! {
    /// The `X-GitHub-Delivery` GUID of one webhook POST; a redelivery keeps it.
    DeliveryId
}
string_id! {
    /// The ARN of an ECS task.
    TaskArn
}
string_id! {
    /// The ARN of an ECS container instance: an EC2 instance as a cluster knows it.
    ContainerInstanceArn
}
string_id! {
    /// The id of an EC2 instance, `i-…`.
    InstanceId
}
string_id! {
    /// A repository's full name, `owner/name`.
    Repository
}
string_id! {
    /// The SHA-256 of a [`BootId`], as `sha256_` and lower-case hex: what the ledger keeps of it. It is no
    /// secret, and does not look like one where logs are looked through for signatures.
    BootDigest
}

impl Repository {
    /// Whether it belongs to this organisation. Its full name decides, whose case does not matter (GitHub:
    /// names of accounts are compared without it).
    pub fn belongs_to(&self, organisation: &str) -> bool {
        let owner = self.0.split_once('/').map(|(owner, _)| owner);
        owner.is_some_and(|owner| owner.eq_ignore_ascii_case(organisation))
    }
}

/// The random id that a task's PID 1 makes once; a runner is bound to the first one. It is as secret as
/// the ticket, and does not print itself.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BootId(String);

impl BootId {
    /// Takes the id as it stands.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// How many bytes it has.
    pub fn length(&self) -> usize {
        self.0.len()
    }

    /// What may be kept of it.
    pub fn digest(&self) -> BootDigest {
        BootDigest::new(format!("sha256_{}", hex::encode(Sha256::digest(&self.0))))
    }
}

impl fmt::Debug for BootId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BootId").finish_non_exhaustive()
    }
}

/// A pool's name: lower-case letters, digits and dashes, beginning with a letter.
///
/// It is a runner label, a part of AWS resource names and of the GitHub runner name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PoolName(String);

impl PoolName {
    /// Checks and takes a pool's name.
    pub fn new(name: impl Into<String>) -> Result<Self, InvalidId> {
        let name = name.into();
        let fits = (1..=POOL_NAME_LIMIT).contains(&name.len());
        let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
        let plain = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if fits && begins && plain && !name.ends_with('-') {
            Ok(Self(name))
        } else {
            Err(InvalidId {
                what: "pool name",
                found: name,
                rule: "1 to 32 lower-case letters, digits and dashes, beginning with a letter",
            })
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for PoolName {
    type Error = InvalidId;

    fn try_from(name: String) -> Result<Self, InvalidId> {
        Self::new(name)
    }
}

impl From<PoolName> for String {
    fn from(name: PoolName) -> Self {
        name.0
    }
}

impl fmt::Display for PoolName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Our id of one runner, which is one ECS task: 20 characters of Crockford's base 32, 100 random bits.
///
/// It is the launch's `clientToken` (ECS: at most 64 characters) and `startedBy`, and the
/// end of the runner's GitHub name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunnerId(String);

impl RunnerId {
    const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    const LENGTH: usize = 20;

    /// Makes an id of random bits.
    pub fn from_random(mut bits: u128) -> Self {
        let mut id = String::with_capacity(Self::LENGTH);
        for _ in 0..Self::LENGTH {
            let digit = usize::try_from(bits & 31).unwrap_or(0);
            id.extend(Self::ALPHABET.get(digit).map(|&byte| char::from(byte)));
            bits >>= 5;
        }
        Self(id)
    }

    /// Reads an id back, for instance from a task's `startedBy`.
    pub fn parse(id: &str) -> Result<Self, InvalidId> {
        if id.len() == Self::LENGTH && id.bytes().all(|byte| Self::ALPHABET.contains(&byte)) {
            Ok(Self(id.to_owned()))
        } else {
            Err(InvalidId { what: "runner id", found: id.to_owned(), rule: "20 characters of base 32" })
        }
    }

    /// The name under which the runner registers at GitHub: `mayfly-<pool>-<id>`, at most 64 characters.
    pub fn github_name(&self, pool: &PoolName) -> String {
        format!("{RUNNER_NAME_PREFIX}-{pool}-{}", self.0)
    }

    /// Finds the id in a GitHub runner name, if the name is one of ours.
    pub fn from_github_name(name: &str) -> Option<Self> {
        let ours = name.strip_prefix(RUNNER_NAME_PREFIX)?.strip_prefix('-')?;
        let (_pool, id) = ours.rsplit_once('-')?;
        Self::parse(id).ok()
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for RunnerId {
    type Error = InvalidId;

    fn try_from(id: String) -> Result<Self, InvalidId> {
        Self::parse(&id)
    }
}

impl From<RunnerId> for String {
    fn from(id: RunnerId) -> Self {
        id.0
    }
}

impl fmt::Display for RunnerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A text that is no id of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} is not a {what}: it takes {rule}", quote::quoted(found))]
pub struct InvalidId {
    what: &'static str,
    found: String,
    rule: &'static str,
}

impl InvalidId {
    /// Says what was found, and what it should have been.
    pub(crate) fn new(what: &'static str, found: &str, rule: &'static str) -> Self {
        Self { what, found: found.to_owned(), rule }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runner_name_carries_its_id_within_githubs_64_characters() {
        let id = RunnerId::from_random(u128::MAX);
        let longest = PoolName::new("p".repeat(POOL_NAME_LIMIT)).unwrap();
        let name = id.github_name(&longest);
        assert!(name.len() <= 64, "{name} has {} characters", name.len());
        assert_eq!(RunnerId::from_github_name(&name), Some(id));
    }

    #[test]
    fn names_that_are_not_ours_carry_no_id() {
        for (name, why) in [
            ("build-box-7", "another system's"),
            ("mayfly", "the prefix alone"),
            ("mayfly-ec2-x64", "no id"),
            ("mayfly-ec2-x64-0123456789abcdefghjk1", "an id too long"),
            ("mayfly-ec2-x64-0123456789abcdefghil", "i and l are no base-32 digits"),
            ("mayflyx-0123456789abcdefghjk", "another prefix"),
            ("", "GitHub sends an empty name for a job that never ran"),
        ] {
            assert_eq!(RunnerId::from_github_name(name), None, "{why}");
        }
    }

    #[test]
    fn a_repository_belongs_to_its_owner_alone() {
        for (repository, belongs, why) in [
            ("octo-org/storefront", true, "its own"),
            ("Octo-Org/storefront", true, "case does not matter"),
            ("hubot/storefront", false, "a user's"),
            ("octo-org2/storefront", false, "another organisation, whose name begins so"),
            ("hubot/octo-org", false, "the owner comes first"),
            ("octo-org", false, "no full name"),
            ("", false, "none"),
        ] {
            assert_eq!(Repository::new(repository).belongs_to("octo-org"), belongs, "{why}");
        }
    }

    #[test]
    fn what_is_no_id_is_repeated_in_short() {
        let problem = PoolName::new("P".repeat(100_000)).unwrap_err().to_string();
        assert!(problem.len() < 150 && problem.starts_with("\"PPP"), "{problem}");
    }

    #[test]
    fn pool_names_are_checked() {
        for good in ["ec2-x64", "a", "fargate-arm64-spot", "p2"] {
            assert!(PoolName::new(good).is_ok(), "{good}");
        }
        for bad in ["", "EC2", "2fast", "ec2_x64", "-a", "a-", "a b", &"p".repeat(33)] {
            assert!(PoolName::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn different_bits_make_different_ids() {
        assert_ne!(RunnerId::from_random(1), RunnerId::from_random(2));
        assert_eq!(RunnerId::from_random(0).as_str().len(), 20);
    }
}
