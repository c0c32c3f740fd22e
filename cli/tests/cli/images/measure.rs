//! `mayfly images measure`: an image's layers, and its budget.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::{err, images, out};

const ZSTD: &str = "application/vnd.oci.image.layer.v1.tar+zstd";

fn blob(layout: &Path, name: char, content: &Value) -> Value {
    let hash = String::from(name).repeat(64);
    fs::write(layout.join("blobs/sha256").join(&hash), content.to_string()).unwrap();
    json!({"digest": format!("sha256:{hash}")})
}

/// An image of two architectures, of which one has these layers: form and size.
fn layout(layers: &[(&str, u64)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("blobs/sha256")).unwrap();
    let manifest = |layers: &[(&str, u64)]| {
        let layers = layers.iter().map(|(form, size)| json!({"mediaType": form, "size": size}));
        json!({"layers": layers.collect::<Vec<_>>()})
    };
    let mut amd64 = blob(folder.path(), 'a', &manifest(layers));
    amd64["platform"] = json!({"os": "linux", "architecture": "amd64"});
    let mut arm64 = blob(folder.path(), 'b', &manifest(&[(ZSTD, 1_500_000)]));
    arm64["platform"] = json!({"os": "linux", "architecture": "arm64"});
    let mut attestation = blob(folder.path(), 'c', &manifest(&[("application/vnd.in-toto+json", 9_000_000)]));
    attestation["platform"] = json!({"os": "unknown", "architecture": "unknown"});
    let index = blob(folder.path(), 'd', &json!({"manifests": [amd64, arm64, attestation]}));
    fs::write(folder.path().join("index.json"), json!({"manifests": [index]}).to_string()).unwrap();
    folder
}

fn measured(layers: &[(&str, u64)]) -> (Option<i32>, String, String) {
    let layout = layout(layers);
    let budget = layout.path().join("budget.toml");
    fs::write(&budget, "[image.runner]\nmost_mb = 2\n").unwrap();
    let output =
        images(&["measure", "--budget", budget.to_str().unwrap(), "runner", layout.path().to_str().unwrap()]);
    (output.status.code(), out(&output), err(&output))
}

#[test]
fn an_image_is_held_against_its_budget() {
    let (code, said, wrong) = measured(&[(ZSTD, 1_200_000), (ZSTD, 800_000)]);
    assert_eq!((code, wrong.as_str()), (Some(0), ""));
    assert_eq!(said, "runner for linux/amd64: 2.0 MB of 2 MB\nrunner for linux/arm64: 1.5 MB of 2 MB\n");

    let (code, _, wrong) = measured(&[(ZSTD, 1_200_000), (ZSTD, 800_001)]);
    assert_eq!(code, Some(1));
    let says =
        "mayfly: runner for linux/amd64 is 2.0 MB, and may be 2 MB: what is new in it, and who needs it?\n";
    assert_eq!(wrong, says);

    let gzip = "application/vnd.oci.image.layer.v1.tar+gzip";
    let (code, _, wrong) = measured(&[(gzip, 1)]);
    assert_eq!(code, Some(1));
    assert_eq!(wrong, format!("mayfly: runner for linux/amd64 has a layer of {gzip}; all are to be zstd\n"));
}

#[test]
fn an_image_without_a_budget_or_none_at_all_is_an_error() {
    let layout = layout(&[(ZSTD, 1)]);
    let place = layout.path().to_str().unwrap();
    let output = images(&["measure", "another", place]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("has no [image.another]"), "{}", err(&output));
    fs::write(layout.path().join("index.json"), "{}").unwrap();
    let output = images(&["measure", "runner", place]);
    assert!(err(&output).contains("has no image in it"), "{}", err(&output));
}
