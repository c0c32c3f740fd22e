//! GitHub's published payloads, signed by GitHub's own library, through the webhook function.
//!
//! `make test` installs the two packages, pinned, below `tests/contracts/octokit`.

use std::io::Write as _;
use std::process::{Command, Stdio};

use github::signature::{check, sign};
use platform::Platform;
use sandbox::delivery::function_url_event;
use sandbox::{Delays, Sandbox};
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

#[test]
fn every_published_payload_is_answered_without_an_error() {
    let pools = platform::pools::read(None).unwrap();
    let sandbox = Sandbox::new(0, "2026-10-05T09:00:00Z".parse().unwrap(), Delays::default(), &pools);
    let mut world = Platform::world(sandbox, &pools, &SECRET.into());
    for (place, Signed { name, event, payload, signature }) in published().into_iter().enumerate() {
        let id = fleet::DeliveryId::new(format!("published-{place}"));
        let headers = [
            ("x-github-event", event),
            ("x-github-delivery", id.to_string()),
            ("x-hub-signature-256", signature),
        ];
        world.post(id.clone(), serde_json::from_value(function_url_event(headers, &payload)).unwrap());
        world.drain();
        let answer = world.answer(&id).unwrap();
        // None asks for a label set that the default pools have. Those of k8s are queued or gated, so that
        // nothing is to be done; those of dc-03 have begun, elsewhere: they may have waited here.
        let status = if payload.contains("\"dc-03\"") { 202 } else { 200 };
        assert_eq!(answer.status_code, status, "{name}: {:?}", answer.body);
    }
    assert_eq!(world.sandbox().table().borrow().items().count(), 0, "and none is a job of ours");
}
