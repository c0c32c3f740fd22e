//! GitHub's published payloads, signed by GitHub's own library, through the webhook function.
//!
//! `make test` installs the two packages, pinned, below `tests/contracts/octokit`.

use std::io::Write as _;
use std::process::{Command, Stdio};

use github::signature::{check, sign};
use platform::Platform;
use sandbox::delivery::function_url_event;
use sandbox::{Delays, Sandbox, World};
use serde::{Deserialize, Serialize};

const SECRET: &str = "a secret of the contract";

/// What `sign.mjs` prints of one published example.
#[derive(Debug, Deserialize)]
struct Signed {
    name: String,
    event: String,
    payload: String,
    signature: String,
}

/// What `verify.mjs` reads.
#[derive(Debug, Serialize)]
struct ToVerify<'a> {
    payload: &'a str,
    signature: String,
}

fn node(script: &str) -> Command {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/octokit");
    assert!(
        std::path::Path::new(folder).join("node_modules").is_dir(),
        "the packages are not installed; `make test` does it"
    );
    let mut command = Command::new("node");
    command.current_dir(folder).args([script, SECRET]);
    command
}

fn published() -> Vec<Signed> {
    let output = node("sign.mjs").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let examples: Vec<Signed> = serde_json::from_slice(&output.stdout).unwrap();
    assert!(examples.len() >= 8, "api.github.com alone publishes 8, here are {}", examples.len());
    examples
}

#[test]
fn our_verifier_believes_octokits_signer() {
    for Signed { name, payload, signature, .. } in published() {
        assert_eq!(check(Some(&signature), payload.as_bytes(), &[SECRET.into()]), Ok(()), "{name}");
        let changed = payload.replacen("\"action\"", "\"Action\"", 1);
        assert!(check(Some(&signature), changed.as_bytes(), &[SECRET.into()]).is_err(), "{name}, changed");
    }
}

#[test]
fn octokits_verifier_believes_our_signer() {
    let published = published();
    let ours: Vec<ToVerify<'_>> = published
        .iter()
        .map(|it| ToVerify { payload: &it.payload, signature: sign(&SECRET.into(), it.payload.as_bytes()) })
        .collect();
    let mut child = node("verify.mjs").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(serde_json::to_string(&ours).unwrap().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(String::from_utf8_lossy(&output.stdout).contains(&ours.len().to_string()));
}

/// What the examples lead to: all are answered without an error, whosever they are. Where the functions are
/// deployed for their repository's owner, begins and ends are written down, and nothing waits: those that are
/// queued ask for GitHub's own runner, and those of k8s wait for an approval.
#[test]
fn every_published_payload_is_answered_without_an_error() {
    let text = fleet::pools::DEFAULT_POOLS.replace("priority =", "public_repositories = true\npriority =");
    let pools = fleet::PoolMap::from_toml(&text).unwrap();
    for Signed { name, event, payload, signature } in published() {
        let read: serde_json::Value = serde_json::from_str(&payload).unwrap();
        let repository = read["repository"]["full_name"].as_str().unwrap();
        let (owner, _) = repository.split_once('/').unwrap();
        for organisation in [owner, "another-organisation"] {
            let headers = [
                ("x-github-event", event.clone()),
                ("x-github-delivery", name.clone()),
                ("x-hub-signature-256", signature.clone()),
            ];
            let request = serde_json::from_value(function_url_event(headers, &payload)).unwrap();
            let now = "2026-10-05T09:00:00Z".parse().unwrap();
            let sandbox = Sandbox::new(0, now, Delays::default(), &pools);
            let functions = Platform::new(&sandbox, &pools, SECRET.into());
            let functions = functions.of_organisation(organisation, &pools);
            let mut world = World::new(sandbox, functions, SECRET.into());
            let id = fleet::DeliveryId::new(name.clone());
            world.post(id.clone(), request);
            world.drain();
            let answer = world.answer(&id).unwrap();
            let has_begun = ["in_progress", "completed"].contains(&read["action"].as_str().unwrap());
            let is_kept = has_begun && organisation == owner;
            assert_eq!(answer.status_code, if is_kept { 202 } else { 200 }, "{name}: {:?}", answer.body);
            let table = world.sandbox().table().borrow();
            let kept: Vec<_> = table.items().collect();
            assert_eq!(kept.len(), usize::from(is_kept), "{name}: {kept:?}");
            assert!(table.jobs().all(|job| job.pool.is_none()), "{name}: none is a job of a pool's");
        }
    }
}
