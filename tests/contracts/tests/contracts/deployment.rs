//! The templates, deployed into ministack's CloudFormation; and what ministack lacks, in both directions.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use aws_sdk_ssm::error::ProvideErrorMetadata as _;
use contracts::{emulators, template};
use fleet::pools::DEFAULT_POOLS;
use serde_json::Value;
use wire::ministack::Ministack;
use wire::stack::{Code, Formation, Templates};

fn read(file: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

/// What ministack is said to lack, of one kind: what, and why.
fn listed(kind: &str) -> BTreeSet<String> {
    let gaps = read(&template::root().join("shared/wire/emulators/ministack/gaps.json"));
    let kinds: Vec<&str> = gaps.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(kinds, ["parameters", "types", "variables"], "each has a test here");
    let listed = gaps[kind].as_object().unwrap();
    assert!(listed.values().all(|why| why.as_str().is_some_and(|why| !why.is_empty())));
    listed.keys().cloned().collect()
}

fn ministack() -> Ministack {
    Ministack::start(None, Duration::from_mins(1)).unwrap()
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
    let ingress = format!("Ingress={ingress}");
    templates.deploy(&ministack(), None, &[&SWITCHED_ON[..], &[&ingress]].concat()).unwrap()
}

#[test]
fn all_is_deployed_but_for_the_listed_types() {
    let (templates, listed) = (Templates::of_map(DEFAULT_POOLS).unwrap(), listed("types"));
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
fn what_is_listed_cannot_be_deployed() {
    let (ministack, known) = (ministack(), "AWS::SQS::Queue".to_owned());
    let python = template::root().join(".venv/bin/python");
    let script = template::root().join("tests/contracts/ministack/deployable.py");
    let kinds = listed("types").into_iter().chain([known.clone()]);
    let output = Command::new(python).arg(script).arg(ministack.url()).args(kinds).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut deployed: Vec<String> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(deployed.pop(), Some(known), "what it has a model of is told from the others");
    assert!(deployed.is_empty(), "ministack deploys {deployed:?} by now: take it from gaps.json");
}

#[tokio::test]
async fn the_listed_parameters_are_not_there() {
    let ministack = ministack();
    let store = aws_sdk_ssm::Client::new(&emulators::config(ministack.url()));
    let template = template::read();
    for name in listed("parameters") {
        let default = template["Parameters"][&name]["Default"].as_str().unwrap();
        let found = store.get_parameter().name(default).send().await;
        let code = found.err().and_then(|error| error.code().map(str::to_owned));
        assert_eq!(code.as_deref(), Some("ParameterNotFound"), "{default}: take {name} from gaps.json");
    }
}

#[test]
fn no_function_finds_what_the_listed_variables_name() {
    let (ministack, templates) = (ministack(), Templates::of_map(DEFAULT_POOLS).unwrap());
    let test = std::env::current_exe().unwrap();
    let binaries: PathBuf = test.parent().and_then(Path::parent).unwrap().to_owned();
    let code = Code { binaries: &binaries, zipped: false, variables: &[] };
    let formation = templates.deploy(&ministack, Some(code), &[]).unwrap();
    let webhook = &formation.functions["WebhookFunction"];
    let (failed, said) = ministack.invoke(&webhook.name, "{}").unwrap();
    for variable in listed("variables") {
        let named = &webhook.variables[&variable];
        assert!(failed && said.contains(named.as_str()), "take {variable} from gaps.json: {said}");
    }
}
