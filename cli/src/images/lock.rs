//! `images/versions.lock`: every download of the images, with its version and its hash.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use jiff::civil::Date;
use serde::Deserialize;

use crate::words;

/// Stands for a hash that has not been looked up yet.
pub const UNKNOWN: &str = "unknown";

/// The architectures of every image, in Docker's spelling.
pub const ARCHITECTURES: [&str; 2] = ["amd64", "arm64"];

/// The whole file: a table for each kind of download, with a table for each download.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// Releases of repositories at GitHub, which publishes their assets' hashes.
    #[serde(default)]
    pub release: BTreeMap<String, Download>,
    /// Files without a published hash.
    #[serde(default)]
    pub archive: BTreeMap<String, Download>,
    /// Images that ours are made from.
    #[serde(default)]
    pub image: BTreeMap<String, BaseImage>,
    /// Actions whose archives are in the images.
    #[serde(default)]
    pub action: BTreeMap<String, PinnedAction>,
}

/// A file for each architecture.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Download {
    /// Its repository at GitHub, `owner/name`; a release has one.
    pub repository: Option<String>,
    /// Its version, without a `v`.
    pub version: String,
    /// The day on which that version came out.
    pub released: Option<Date>,
    /// The last day on which nothing newer was out.
    pub looked: Option<Date>,
    /// How many days it may be behind.
    pub max_days: Option<i32>,
    /// Its URL, with `{version}` and `{arch}` in it.
    pub url: String,
    /// Its own names for the architectures.
    pub arch: PerArchitecture,
    /// Its expected hashes.
    pub sha256: PerArchitecture,
    /// The source.
    #[serde(default)]
    pub source: Option<PerArchitecture>,
}

/// A text for each architecture.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PerArchitecture {
    /// Of 64-bit Intel and AMD.
    pub amd64: String,
    /// Of 64-bit Arm.
    pub arm64: String,
}

impl PerArchitecture {
    /// Each architecture with its text.
    pub fn each(&self) -> [(&'static str, &str); 2] {
        let [amd64, arm64] = ARCHITECTURES;
        [(amd64, &self.amd64), (arm64, &self.arm64)]
    }
}

impl Download {
    /// The URL of the file for an architecture, by the download's own name for it.
    pub fn url_of(&self, arch: &str) -> String {
        self.url.replace("{version}", &self.version).replace("{arch}", arch)
    }
}

/// An image of a registry, by the digest of its index.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaseImage {
    /// Its repository at Docker Hub.
    pub repository: String,
    /// Its tag.
    pub version: String,
    /// The day on which the tag had this digest.
    pub looked: Option<Date>,
    /// `sha256:` and its hash.
    pub digest: String,
    /// The source.
    pub source: Option<String>,
}

/// An action, by the commit of its tag.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PinnedAction {
    /// Its repository at GitHub, `owner/name`.
    pub repository: String,
    /// Its tag.
    pub version: String,
    /// The day on which the tag had this commit.
    pub looked: Option<Date>,
    /// The commit.
    pub commit: String,
    /// The source.
    pub source: Option<String>,
}

impl Lock {
    /// Reads the file.
    pub fn read(file: &Path) -> Result<Self> {
        let shown = file.display();
        let text = std::fs::read_to_string(file).with_context(|| format!("{shown} cannot be read"))?;
        Self::parse(&text).with_context(|| shown.to_string())
    }

    /// Parses its text, and checks the form of every hash.
    pub fn parse(text: &str) -> Result<Self> {
        let lock: Self = words::toml(text)?;
        for (name, download) in lock.downloads() {
            for (architecture, hash) in download.sha256.each() {
                ensure_hash(&format!("{name}.sha256.{architecture}"), hash, 64)?;
            }
        }
        for (name, release) in &lock.release {
            ensure!(release.repository.is_some(), "{name}.repository: is missing");
        }
        for (name, image) in &lock.image {
            let digest = image.digest.strip_prefix("sha256:").unwrap_or(&image.digest);
            ensure_hash(&format!("{name}.digest"), digest, 64)?;
        }
        for (name, action) in &lock.action {
            ensure_hash(&format!("{name}.commit"), &action.commit, 40)?;
        }
        Ok(lock)
    }

    /// The releases and the archives, by name.
    pub fn downloads(&self) -> impl Iterator<Item = (&str, &Download)> {
        self.release.iter().chain(&self.archive).map(|(name, download)| (name.as_str(), download))
    }

    /// The unknown hashes: each pin with the field.
    pub fn unknown(&self) -> Vec<(String, String)> {
        let mut unknown = Vec::new();
        for (name, download) in self.downloads() {
            let hashes = download.sha256.each().into_iter().filter(|(_, hash)| *hash == UNKNOWN);
            unknown.extend(hashes.map(|(arch, _)| (name.to_owned(), format!("sha256.{arch}"))));
        }
        let images = self.image.iter().filter(|(_, image)| image.digest == UNKNOWN);
        unknown.extend(images.map(|(name, _)| (name.clone(), "digest".to_owned())));
        let actions = self.action.iter().filter(|(_, action)| action.commit == UNKNOWN);
        unknown.extend(actions.map(|(name, _)| (name.clone(), "commit".to_owned())));
        unknown
    }
}

fn ensure_hash(field: &str, hash: &str, digits: usize) -> Result<()> {
    if hash == UNKNOWN || is_hash(hash, digits) {
        return Ok(());
    }
    bail!("{field}: has to be {digits} hexadecimal digits in lower case, or \"{UNKNOWN}\"")
}

/// Whether a text is a hash of this many hexadecimal digits, in lower case.
pub fn is_hash(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
