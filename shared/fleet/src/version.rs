//! The version of a form that one function writes and another one reads, maybe from another deploy.
//!
//! While a deploy is under way functions and tasks of two versions meet. So whatever is sent or stored
//! says the version of its form, and each reader takes its own and the one before it.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The version of a form: always written as `CURRENT`, and read if it is that or one less.
///
/// A form without a version is of version 0. A field of `Version<1>` is `#[serde(default)]` for it, and
/// one of a later version must not be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Version<const CURRENT: u32>;

/// A form of a version that this reader does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownVersion {
    found: u32,
    current: u32,
}

impl fmt::Display for UnknownVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { found, current } = self;
        let before = current.saturating_sub(1);
        write!(
            f,
            "version {found} is not read here, only {before} and {current}: deploy the same version everywhere"
        )
    }
}

impl std::error::Error for UnknownVersion {}

impl<const CURRENT: u32> Version<CURRENT> {
    /// Takes the version of a form that was read.
    pub fn of(found: u32) -> Result<Self, UnknownVersion> {
        let is_read = found == CURRENT || found.checked_add(1) == Some(CURRENT);
        if is_read { Ok(Self) } else { Err(UnknownVersion { found, current: CURRENT }) }
    }

    /// The version that is written.
    pub fn number(self) -> u32 {
        CURRENT
    }
}

impl<const CURRENT: u32> Serialize for Version<CURRENT> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(CURRENT)
    }
}

impl<'de, const CURRENT: u32> Deserialize<'de> for Version<CURRENT> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::of(u32::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_takes_its_own_version_and_the_one_before() {
        for (text, is_read) in [("0", false), ("1", false), ("2", true), ("3", true), ("4", false)] {
            assert_eq!(serde_json::from_str::<Version<3>>(text).is_ok(), is_read, "{text}");
        }
        assert_eq!(serde_json::to_string(&Version::<3>).unwrap(), "3");
        let error = Version::<3>::of(4).unwrap_err().to_string();
        assert_eq!(error, "version 4 is not read here, only 2 and 3: deploy the same version everywhere");
    }
}
