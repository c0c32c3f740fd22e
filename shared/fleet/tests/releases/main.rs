//! What functions and tasks of two releases send each other and find in the ledger, during a deploy or a rollback with jobs
//! in flight. `written/` keeps what each release writes.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails"
)]

mod forms;

use fleet::ledger::{Item, JobMessage, SettleMessage};
use fleet::question::{Question, Reply};
use serde_json::{Map, Value, json};

/// Newest first. A release adds the file that `what_this_release_writes_is_kept` asks for. The last one is from before
/// there were versions.
const RELEASES: [(&str, &str); 2] = [
    ("0.1.0", include_str!("written/0.1.0.json")),
    ("unversioned", include_str!("written/unversioned.json")),
];

fn written_by(release: &str) -> Map<String, Value> {
    let (_, text) = RELEASES.iter().find(|(name, _)| *name == release).unwrap();
    serde_json::from_str(text).unwrap()
}

/// Reads a form as its receiver does, and returns it as this release writes it.
fn read(name: &str, form: Value) -> Result<Value, serde_json::Error> {
    let kind = name.split(':').next().unwrap_or(name);
    match kind {
        "job message" => serde_json::to_value(serde_json::from_value::<JobMessage>(form)?),
        "settle message" => serde_json::to_value(serde_json::from_value::<SettleMessage>(form)?),
        "question" => serde_json::to_value(serde_json::from_value::<Question>(form)?),
        "reply" => serde_json::to_value(serde_json::from_value::<Reply>(form)?),
        "item" => serde_json::to_value(serde_json::from_value::<Item>(form)?),
        _ => panic!("{name} is no form"),
    }
}

/// What keeps a reader of the previous release from reading what this one writes. A reader skips unknown fields, and needs
/// the known ones unchanged.
fn hinders(name: &str, before: &Value, now: &Value) -> Vec<String> {
    match (before, now) {
        (Value::Object(before), Value::Object(now)) => before
            .iter()
            .flat_map(|(field, value)| match now.get(field) {
                None => vec![format!("{name} has no `{field}` any more")],
                Some(other) => hinders(&format!("{name}.{field}"), value, other),
            })
            .collect(),
        (Value::Number(before), Value::Number(now)) if name.ends_with(".version") && before != now => {
            vec![format!(
                "{name} is {now}, which the release before does not read: raise it one release after it is read"
            )]
        }
        (before, now) if std::mem::discriminant(before) == std::mem::discriminant(now) => vec![],
        (before, now) => vec![format!("{name} was {before}, and is {now}")],
    }
}

#[test]
fn what_this_release_writes_is_kept() {
    let now = Value::Object(forms::written());
    let (newest, kept) = RELEASES[0];
    assert_eq!(
        newest,
        env!("CARGO_PKG_VERSION"),
        "keep what this release writes: written/{newest}.json stays as it is"
    );
    let kept: Value = serde_json::from_str(kept).unwrap();
    assert_eq!(kept, now, "written/{newest}.json is to be:\n{}", serde_json::to_string_pretty(&now).unwrap());
}

#[test]
fn an_upgrade_meets_what_the_release_before_has_written() {
    for (release, _) in RELEASES {
        for (name, form) in written_by(release) {
            let made = read(&name, form.clone()).unwrap_or_else(|error| panic!("{release}: {name}: {error}"));
            let kept = hinders(&name, &form, &made);
            assert!(kept.is_empty(), "{release}: written again it has lost something: {kept:?}");
        }
    }
}

#[test]
fn a_rollback_meets_what_this_release_has_written() {
    let now = forms::written();
    for pair in RELEASES.windows(2) {
        let before = pair[1].0;
        // The step from no versions to the first one came before any release.
        let is_release = before != "unversioned";
        for (name, form) in written_by(before).into_iter().filter(|_| is_release) {
            let found = hinders(&name, &form, now.get(&name).unwrap_or(&Value::Null));
            assert!(found.is_empty(), "{before} cannot read it: {found:?}");
        }
    }
    for (name, form) in written_by(RELEASES[0].0) {
        assert_eq!(hinders(&name, &form, &now[&name]), Vec::<String>::new());
    }
}

#[test]
fn what_a_reader_of_the_release_before_does_not_bear_is_found() {
    let before = json!({"version": 1, "job": {"id": 7, "labels": ["x64"]}});
    for (now, problem) in [
        (json!({"version": 1, "job": {"id": 8, "labels": [], "new": true}, "more": 1}), None),
        (json!({"version": 1, "job": {"id": 7}}), Some("form.job has no `labels` any more")),
        (json!({"version": 1, "job": {"id": "7", "labels": []}}), Some("form.job.id was 7, and is \"7\"")),
        (
            json!({"version": 2, "job": {"id": 7, "labels": []}}),
            Some(
                "form.version is 2, which the release before does not read: raise it one release after it is read",
            ),
        ),
    ] {
        assert_eq!(hinders("form", &before, &now).first().map(String::as_str), problem, "{now}");
    }
}

/// All readers refuse a form of a release after the next one, and never mistake it for another.
#[test]
fn what_a_later_release_writes_is_not_read() {
    for (name, mut form) in written_by(RELEASES[0].0) {
        if form.get("kind").is_none() && form.get("answer").is_none() {
            form["version"] = json!(2);
            let error = read(&name, form).unwrap_err().to_string();
            assert!(error.starts_with("version 2 is not read here, only 0 and 1"), "{name}: {error}");
        }
    }
}
