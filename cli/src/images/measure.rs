//! `mayfly images measure`: how much of an image is pulled, compared with its budget.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use serde_json::Value;

use crate::words;

/// `images/budget.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageBudgets {
    /// Each image's, by the target that builds it.
    pub image: BTreeMap<String, ImageBudget>,
}

/// What an image may be.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageBudget {
    /// Megabytes of compressed layers, of one architecture.
    pub most_mb: u64,
    /// Megabytes of archives of actions in it.
    #[serde(default)]
    pub actions_mb: Option<u64>,
    /// What is known of its parts, in kilobytes, compressed.
    #[serde(default)]
    pub parts: BTreeMap<String, ImagePart>,
}

/// A part of an image.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImagePart {
    /// Kilobytes, compressed.
    pub kb: u64,
    /// How that is known.
    pub source: String,
}

impl ImageBudgets {
    /// Reads the file.
    pub fn read(file: &Path) -> Result<Self> {
        let shown = file.display();
        let text = std::fs::read_to_string(file).with_context(|| format!("{shown} cannot be read"))?;
        words::toml(&text).with_context(|| shown.to_string())
    }
}

/// The compressed layers of one architecture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measured {
    /// `linux/amd64`.
    pub platform: String,
    /// Bytes that are pulled.
    pub bytes: u64,
    /// The forms that its layers have.
    pub layers: Vec<String>,
}

/// Measures an image in an OCI image layout: a folder with an `index.json` (OCI image layout specification).
pub fn measure(layout: &Path) -> Result<Vec<Measured>> {
    let layout = Layout(layout.to_owned());
    let mut measured = Vec::new();
    layout.follow(&layout.read("index.json")?, None, &mut measured)?;
    ensure!(!measured.is_empty(), "{} has no image in it", layout.0.display());
    Ok(measured)
}

struct Layout(PathBuf);

impl Layout {
    fn read(&self, path: &str) -> Result<Value> {
        let file = self.0.join(path);
        let bytes = std::fs::read(&file).with_context(|| format!("{} cannot be read", file.display()))?;
        serde_json::from_slice(&bytes).with_context(|| file.display().to_string())
    }

    fn blob(&self, descriptor: &Value) -> Result<Value> {
        let digest = descriptor["digest"].as_str().context("a descriptor has no digest")?;
        let (algorithm, hash) = digest.split_once(':').context("a digest has no algorithm")?;
        self.read(&format!("blobs/{algorithm}/{hash}"))
    }

    /// An index names manifests or further indexes; a manifest names layers.
    fn follow(&self, document: &Value, platform: Option<String>, measured: &mut Vec<Measured>) -> Result<()> {
        for manifest in document["manifests"].as_array().into_iter().flatten() {
            let part = |name: &str| manifest.pointer(&format!("/platform/{name}")).and_then(Value::as_str);
            // An attestation is not pulled with the image.
            if part("os") == Some("unknown") {
                continue;
            }
            let named = part("os").zip(part("architecture")).map(|(os, it)| format!("{os}/{it}"));
            self.follow(&self.blob(manifest)?, named.or(platform.clone()), measured)?;
        }
        let Some(layers) = document["layers"].as_array() else { return Ok(()) };
        let sizes = layers.iter().map(|layer| layer["size"].as_u64().context("a layer has no size"));
        let bytes = sizes.sum::<Result<u64>>()?;
        let mut forms: Vec<String> =
            layers.iter().filter_map(|layer| layer["mediaType"].as_str()).map(str::to_owned).collect();
        forms.sort();
        forms.dedup();
        let platform = platform.unwrap_or_else(|| "unnamed".to_owned());
        measured.push(Measured { platform, bytes, layers: forms });
        Ok(())
    }
}

/// What exceeds the budget.
pub fn problems(image: &str, budget: &ImageBudget, measured: &[Measured]) -> Vec<String> {
    let mut problems = Vec::new();
    for it in measured {
        if it.bytes > budget.most_mb * 1_000_000 {
            problems.push(format!(
                "{image} for {} is {}, and may be {} MB: what is new in it, and who needs it?",
                it.platform,
                megabytes(it.bytes),
                budget.most_mb
            ));
        }
        problems.extend(
            it.layers
                .iter()
                .filter(|form| !form.ends_with("+zstd"))
                .map(|form| format!("{image} for {} has a layer of {form}; all are to be zstd", it.platform)),
        );
    }
    problems
}

/// Bytes as megabytes, for people.
pub fn megabytes(bytes: u64) -> String {
    format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10)
}
