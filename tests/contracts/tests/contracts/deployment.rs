//! The templates, deployed into two emulators' CloudFormation; and what each of these lacks, in both
//! directions.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use aws_sdk_ssm::error::ProvideErrorMetadata as _;
use contracts::{emulators, template};
use fleet::pools::DEFAULT_POOLS;
use serde_json::Value;
use wire::ministack::Ministack;
use wire::moto::Moto;
use wire::stack::{Code, Deploys, Templates};

fn read(file: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

/// What an emulator is said to lack, of one kind: what, and why.
fn listed(emulator: &str, kind: &str) -> BTreeSet<String> {
    let gaps = read(&template::root().join(format!("shared/wire/emulators/{emulator}/gaps.json")));
    let kinds: BTreeSet<&str> = gaps.as_object().unwrap().keys().map(String::as_str).collect();
    let known = ["functions", "parameters", "policies", "types", "variables"];
    assert!(kinds.is_subset(&known.into()), "each has a test here: {kinds:?}");
    let Some(listed) = gaps[kind].as_object() else { return BTreeSet::new() };
    assert!(listed.values().all(|why| why.as_str().is_some_and(|why| !why.is_empty())));
    listed.keys().cloned().collect()
}

fn ministack() -> Ministack {
    Ministack::start(None, Duration::from_mins(1)).unwrap()
}

/// What a script of this folder prints, in JSON.
fn printed(script: &str, arguments: impl IntoIterator<Item = String>) -> Vec<String> {
    let python = template::root().join(".venv/bin/python");
    let script = template::root().join("tests/contracts").join(script);
    let output = Command::new(python).arg(script).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
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
    match stack {
        "automaticimaging" => "automatic-images",
        "imagebuilding" => "image-builds",
        "imagestore" => "image-store",
        _ if stack.ends_with("ingress") => "ingress",
        _ => stack,
    }
}

/// What these parameters switch on is everything but one way in, and the image builds.
const SWITCHED_ON: [&str; 9] = [
    "AlarmEmail=team@example.com",
    "NatGateways=2",
    "HostLogs=on",
    "HostMetrics=on",
    "LogsImage=registry.example/logs",
    "LogOutput=cloudwatch",
    "DockerHubMirror=on",
    "MirrorImage=registry.example/mirror",
    "Observe=dashboard",
];

/// All is deployed, but for the types that are listed, and each of those is in a template.
fn all_is_deployed_but_for_the_listed_types<E: Deploys>(start: impl Fn() -> E, builds_images: bool) {
    let templates = Templates::of_map(DEFAULT_POOLS).unwrap();
    let (mut used, mut listed_types) = (BTreeSet::new(), BTreeSet::new());
    for (ingress, other) in [("url", "HasApi"), ("httpapi", "HasUrl")] {
        let emulator = start();
        listed_types = listed(emulator.name(), "types");
        let given = format!("Ingress={ingress}");
        let builds = ["ImageBuilds", "AutomaticImages"]
            .map(|it| format!("{it}={}", if builds_images { "on" } else { "off" }));
        let switched: Vec<&str> = SWITCHED_ON
            .into_iter()
            .chain([given.as_str()])
            .chain(builds.iter().map(String::as_str))
            .collect();
        let formation = templates.deploy(&emulator, None, &switched).unwrap();
        let stacks: Vec<&str> = formation.stacks.keys().map(String::as_str).collect();
        let expected = [
            "alarms",
            "automaticimaging",
            "costs",
            "imagebuilding",
            "imagestore",
            "logs",
            "mirror",
            "network",
            "observability",
            "pools",
            "registraringress",
            "storage",
            "template",
            "webhookingress",
        ];
        let of_images = |stack: &str| stack.contains("imag");
        let expected: Vec<&str> =
            expected.into_iter().filter(|stack| builds_images || !of_images(stack)).collect();
        assert_eq!(stacks, expected);
        for (name, resources) in &formation.stacks {
            for (id, kind, condition) in declared(&templates, template_of(name)) {
                let is_off =
                    |it: &str| it == other || ["BuildsImages", "GivesImages"].contains(&it) && !builds_images;
                let wanted = !condition.as_deref().is_some_and(is_off) && !listed_types.contains(&kind);
                let found = resources.get(&id).map(|it| it.r#type.as_str());
                assert_eq!(found, wanted.then_some(kind.as_str()), "{name}: {id}, a {kind}, with {ingress}");
                used.insert(kind);
            }
        }
    }
    let unused: Vec<_> = listed_types.difference(&used).collect();
    assert!(unused.is_empty(), "no template has a {unused:?}: take it from gaps.json");
}

#[test]
fn ministack_deploys_all_but_the_listed_types() {
    all_is_deployed_but_for_the_listed_types(ministack, true);
}

#[test]
fn moto_deploys_all_but_the_listed_types() {
    // The template refers to CodeBuild's projects, of which moto has no CloudFormation model.
    all_is_deployed_but_for_the_listed_types(|| Moto::start().unwrap(), false);
}

#[test]
fn ministack_has_no_model_of_a_listed_type() {
    let (ministack, known) = (ministack(), "AWS::SQS::Queue".to_owned());
    let kinds = listed("ministack", "types").into_iter().chain([known.clone()]);
    let mut deployed = printed("ministack/deployable.py", [ministack.url()].into_iter().chain(kinds));
    assert_eq!(deployed.pop(), Some(known), "it says which types it has a model of");
    assert!(deployed.is_empty(), "ministack deploys {deployed:?} by now: take it from gaps.json");
}

#[test]
fn moto_has_no_model_of_a_listed_type() {
    let models: BTreeSet<String> = printed("moto/models.py", []).into_iter().collect();
    assert!(models.contains("AWS::SQS::Queue"));
    let by_now: Vec<_> = listed("moto", "types").intersection(&models).cloned().collect();
    assert!(by_now.is_empty(), "moto deploys {by_now:?} by now: take it from gaps.json");
}

/// Whether the text of an expanded template names this.
fn names(templates: &Templates, what: &str) -> bool {
    let mut files = templates.folder().read_dir().unwrap().map(|file| file.unwrap().path());
    files.any(|file| std::fs::read_to_string(file).unwrap().contains(what))
}

#[test]
fn the_functions_and_policies_that_moto_lacks_are_used() {
    let templates = Templates::of_map(DEFAULT_POOLS).unwrap();
    for word in ["functions", "policies"].into_iter().flat_map(|kind| listed("moto", kind)) {
        assert!(names(&templates, &word), "no template has a {word}: take it from gaps.json");
    }
}

#[tokio::test]
async fn the_parameters_that_ministack_lacks_are_not_there() {
    let ministack = ministack();
    let store = aws_sdk_ssm::Client::new(&emulators::config(ministack.url()));
    let template = template::read();
    for name in listed("ministack", "parameters") {
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
    for variable in listed("ministack", "variables") {
        let named = &webhook.variables[&variable];
        assert!(failed && said.contains(named.as_str()), "take {variable} from gaps.json: {said}");
    }
}
