//! The sources of the pins: GitHub's API, a registry, and the files themselves.

use std::io::{self, Read};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use ureq::Agent;
use ureq::http::Response;

/// How long one answer may take; a file of a few hundred megabytes takes longer than an answer.
const PATIENCE: Duration = Duration::from_mins(10);

/// An index of an image's architectures, in the registries' two forms (OCI image index; Docker manifest list).
const INDEX: &str =
    "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json";

/// The internet, or what a test serves in its place.
#[derive(Debug, Clone)]
pub struct Online {
    agent: Agent,
    github: String,
    registry: String,
}

/// A release at GitHub.
#[derive(Debug, Clone, Deserialize)]
pub struct Release {
    /// Its tag: a `v` and the version.
    pub tag_name: String,
    /// When it came out.
    pub published_at: jiff::Timestamp,
    /// What it says of itself.
    #[serde(default)]
    pub body: Option<String>,
    /// Its files.
    pub assets: Vec<Asset>,
}

/// A file of a release.
#[derive(Debug, Clone, Deserialize)]
pub struct Asset {
    /// Its name.
    pub name: String,
    /// `sha256:` and its hash; GitHub may not say.
    pub digest: Option<String>,
}

impl Release {
    /// What GitHub says that this file hashes to: the asset's digest, or else the mark in the release's text
    /// (actions/runner: `releaseNote.md`).
    pub fn sha256_of(&self, file: &str) -> Option<String> {
        let asset = self.assets.iter().find(|asset| asset.name == file)?;
        let digest = asset.digest.as_deref().and_then(|digest| digest.strip_prefix("sha256:"));
        let marked = || {
            let line = self.body.as_deref()?.lines().find(|line| line.contains(&format!(" {file} ")))?;
            line.split_once("BEGIN SHA ")?.1.split_once("-->")?.1.split("<!--").next()
        };
        digest.or_else(marked).map(|hash| hash.trim().to_lowercase())
    }
}

impl Online {
    /// By these addresses, without a `/` at their ends.
    pub fn new(github: &str, registry: &str) -> Self {
        let config = Agent::config_builder().timeout_global(Some(PATIENCE)).http_status_as_error(false);
        let agent = Agent::new_with_config(config.user_agent("mayfly").build());
        let trimmed = |url: &str| url.trim_end_matches('/').to_owned();
        Self { agent, github: trimmed(github), registry: trimmed(registry) }
    }

    /// The newest release of a repository.
    pub fn latest_release(&self, repository: &str) -> Result<Release> {
        let url = format!("{}/repos/{repository}/releases/latest", self.github);
        let mut answer = self.got(&url, "application/vnd.github+json")?;
        let body = answer.body_mut().read_to_string().with_context(|| url.clone())?;
        serde_json::from_str(&body).with_context(|| format!("{url} answers something else"))
    }

    /// The commit of a tag.
    pub fn commit(&self, repository: &str, tag: &str) -> Result<String> {
        let url = format!("{}/repos/{repository}/commits/{tag}", self.github);
        let mut answer = self.got(&url, "application/vnd.github.sha")?;
        let commit = answer.body_mut().read_to_string().with_context(|| url.clone())?;
        ensure!(super::lock::is_hash(&commit, 40), "{url} answers something else than a commit");
        Ok(commit)
    }

    /// The digest of an image's index, by its tag.
    pub fn image_digest(&self, repository: &str, tag: &str) -> Result<String> {
        let url = format!("{}/v2/{repository}/manifests/{tag}", self.registry);
        let ask = |token: Option<String>| {
            let mut request = self.agent.head(&url).header("accept", INDEX);
            if let Some(token) = token {
                request = request.header("authorization", format!("Bearer {token}"));
            }
            request.call().with_context(|| format!("no answer from {url}"))
        };
        let mut answer = ask(None)?;
        if answer.status() == 401 {
            answer = ask(Some(self.token(&answer).with_context(|| url.clone())?))?;
        }
        ensure!(answer.status() == 200, "{url} answers {}", answer.status());
        let digest = header(&answer, "docker-content-digest").context("the registry names no digest")?;
        let hash = digest.strip_prefix("sha256:").unwrap_or_default();
        ensure!(super::lock::is_hash(hash, 64), "{url} has the digest {digest:?}, which is none of SHA-256");
        Ok(digest.to_owned())
    }

    /// The token that a registry's refusal says where to get (Distribution: "Token Authentication").
    fn token<B>(&self, refusal: &Response<B>) -> Result<String> {
        let asks = header(refusal, "www-authenticate").context("refused, and nothing is asked for")?;
        let part = |name: &str| {
            let after = asks.split_once(&format!("{name}=\""))?.1;
            after.split_once('"').map(|(value, _)| value)
        };
        let realm = part("realm").with_context(|| format!("refused with {asks:?}"))?;
        let mut request = self.agent.get(realm);
        for name in ["service", "scope"] {
            request = request.query_pairs(part(name).map(|value| (name, value)));
        }
        let mut answer = request.call().with_context(|| format!("no answer from {realm}"))?;
        let body = answer.body_mut().read_to_string().with_context(|| realm.to_owned())?;
        let answer: Value = serde_json::from_str(&body).with_context(|| realm.to_owned())?;
        let token = ["token", "access_token"].into_iter().find_map(|name| answer.get(name)?.as_str());
        token.map(str::to_owned).with_context(|| format!("{realm} gives no token"))
    }

    /// What a file hashes to, once it has been read to its end.
    pub fn sha256(&self, url: &str) -> Result<String> {
        let mut answer = self.got(url, "*/*")?;
        let mut hash = Sha256::new();
        let mut reader = answer.body_mut().with_config().limit(u64::MAX).reader();
        let mut bytes = vec![0; 64 * 1024];
        loop {
            match reader.read(&mut bytes) {
                Ok(0) => return Ok(hex::encode(hash.finalize())),
                Ok(length) => hash.update(bytes.get(..length).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error).with_context(|| format!("{url} breaks off")),
            }
        }
    }

    fn got(&self, url: &str, accept: &str) -> Result<Response<ureq::Body>> {
        let answer = self.agent.get(url).header("accept", accept).call();
        let answer = answer.with_context(|| format!("no answer from {url}"))?;
        ensure!(answer.status() == 200, "{url} answers {}", answer.status());
        Ok(answer)
    }
}

fn header<'a, B>(answer: &'a Response<B>, name: &str) -> Option<&'a str> {
    answer.headers().get(name)?.to_str().ok()
}
