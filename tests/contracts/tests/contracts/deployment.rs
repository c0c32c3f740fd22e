//! The templates, deployed into moto's CloudFormation.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use fleet::pools::DEFAULT_POOLS;
use serde_json::Value;
use wire::moto::Moto;
use wire::stack::{Formation, Templates};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(file: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

/// The types that moto is said not to deploy.
fn listed() -> BTreeSet<String> {
    let gaps = read(&root().join("shared/wire/moto/gaps.json"));
    let types = gaps["types"].as_object().unwrap();
    assert!(types.values().all(|why| why.as_str().is_some_and(|why| !why.is_empty())));
    types.keys().cloned().collect()
}

/// The resources that an expanded template declares: logical id, type and condition.
fn declared(templates: &Templates, name: &str) -> Vec<(String, String, Option<String>)> {
    let template = read(&templates.folder().join(format!("{name}.json")));
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let resources = template["Resources"].as_object().unwrap().iter();
    resources.map(|(id, it)| (id.clone(), text(&it["Type"]).unwrap(), text(&it["Condition"]))).collect()
}

/// The template of a stack, by the stack's name: two stacks are a way in to a function.
fn template_of(stack: &str) -> &str {
    if stack.ends_with("ingress") { "ingress" } else { stack }
}

/// What these parameters switch on is everything but one way in.
const SWITCHED_ON: [&str; 5] = [
    "NatGateways=2",
    "HostLogs=on",
    "HostMetrics=on",
    "LogsImage=registry.example/logs",
    "LogOutput=cloudwatch",
];

/// Deploys it.
fn deployed(templates: &Templates, ingress: &str) -> Formation {
    let moto = Moto::start().unwrap();
    let ingress = format!("Ingress={ingress}");
    templates.deploy(&moto, &[&SWITCHED_ON[..], &[&ingress]].concat()).unwrap()
}

#[test]
fn all_is_deployed_but_for_the_listed_types() {
    let (templates, listed) = (Templates::of_map(DEFAULT_POOLS).unwrap(), listed());
    let mut used = BTreeSet::new();
    for (ingress, other) in [("url", "HasApi"), ("httpapi", "HasUrl")] {
        let formation = deployed(&templates, ingress);
        let stacks: Vec<&str> = formation.stacks.keys().map(String::as_str).collect();
        let expected =
            ["logs", "network", "pools", "registraringress", "storage", "template", "webhookingress"];
        assert_eq!(stacks, expected);
        for (name, resources) in &formation.stacks {
            for (id, kind, condition) in declared(&templates, template_of(name)) {
                let wanted = condition.as_deref() != Some(other) && !listed.contains(&kind);
                let found = resources.get(&id).map(|it| it.r#type.as_str());
                assert_eq!(found, wanted.then_some(kind.as_str()), "{name}: {id}, a {kind}, with {ingress}");
                used.insert(kind);
            }
        }
    }
    let unused: Vec<_> = listed.difference(&used).collect();
    assert!(unused.is_empty(), "no template has a {unused:?}: take it from gaps.json");
}

#[test]
fn moto_has_no_model_of_a_listed_type() {
    let python = root().join(".venv/bin/python");
    let script = root().join("tests/contracts/moto/models.py");
    let output = Command::new(python).arg(script).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let models: BTreeSet<String> = serde_json::from_slice(&output.stdout).unwrap();
    assert!(models.contains("AWS::SQS::Queue"));
    let by_now: Vec<_> = listed().intersection(&models).cloned().collect();
    assert!(by_now.is_empty(), "moto deploys {by_now:?} by now: take it from gaps.json");
}

/// Whether the text of an expanded template names this.
fn names(templates: &Templates, what: &str) -> bool {
    let mut files = templates.folder().read_dir().unwrap().map(|file| file.unwrap().path());
    files.any(|file| std::fs::read_to_string(file).unwrap().contains(what))
}

#[test]
fn the_listed_functions_and_policies_are_used() {
    let templates = Templates::of_map(DEFAULT_POOLS).unwrap();
    let gaps = read(&root().join("shared/wire/moto/gaps.json"));
    let kinds: BTreeSet<&str> = gaps.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(kinds, ["functions", "policies", "types"].into());
    for kind in ["functions", "policies"] {
        for (word, why) in gaps[kind].as_object().unwrap() {
            assert!(why.as_str().is_some_and(|why| !why.is_empty()), "{word}");
            assert!(names(&templates, word), "no template has a {word}: take it from gaps.json");
        }
    }
}
