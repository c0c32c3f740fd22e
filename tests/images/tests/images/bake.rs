//! `docker-bake.hcl` builds what there is, with every argument that it takes.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use hcl::Value;
use images::bake::{Bake, Target, table, texts};
use images::dockerfile::Dockerfile;
use images::root;
use mayfly::images::lock::Lock;
use mayfly::images::variables::variables;

/// What the builder sets by itself (Docker: "Automatic platform ARGs").
const AUTOMATIC: [&str; 1] = ["TARGETARCH"];

fn bake() -> Bake {
    Bake::read(&BTreeMap::new()).unwrap()
}

fn text<'a>(target: &'a Target, key: &str) -> Option<&'a str> {
    target.get(key).and_then(Value::as_str)
}

fn dockerfile(target: &Target) -> Dockerfile {
    Dockerfile::read(&root().join(text(target, "context").unwrap()).join("Dockerfile")).unwrap()
}

#[test]
fn every_image_is_built_for_both_architectures_with_zstd_layers() {
    let bake = bake();
    assert_eq!(bake.default, ["runner", "runner-docker", "dockerd", "logs", "mirror", "runtimes"]);
    for name in &bake.default {
        let target = &bake.targets[name];
        assert_eq!(texts(&target["platforms"]), ["linux/amd64", "linux/arm64"], "{name}");
        assert_eq!(texts(&target["tags"]), [format!("mayfly/{name}:local")]);
        let outputs = texts(&target["output"]);
        let [output] = outputs.as_slice() else { panic!("{name} has the outputs {outputs:?}") };
        let settings: BTreeSet<&str> = output.split(',').collect();
        let folder = format!("dest=target/images/{name}");
        let wanted = [
            "type=oci",
            "tar=false",
            "compression=zstd",
            "force-compression=true",
            "oci-mediatypes=true",
            &folder,
        ];
        for setting in wanted {
            assert!(settings.contains(setting), "{name}: {setting} is not in {output}");
        }
    }
}

#[test]
fn every_argument_of_a_dockerfile_is_given_and_no_other() {
    for (name, target) in &bake().targets {
        let file = dockerfile(target);
        let arguments = file.all_arguments();
        let takes: BTreeSet<&str> = arguments.iter().map(|it| it.name.as_str()).collect();
        let given = table(target, "args");
        for argument in &arguments {
            let has = argument.default.is_some()
                || AUTOMATIC.contains(&argument.name.as_str())
                || given.contains_key(&argument.name);
            assert!(has, "{name} is not given {}", argument.name);
        }
        for argument in given.keys() {
            assert!(takes.contains(argument.as_str()), "{name} takes no {argument}");
        }
    }
}

#[test]
fn what_is_not_in_a_dockerfile_is_a_context_that_there_is() {
    let bake = bake();
    for (name, target) in &bake.targets {
        let contexts = table(target, "contexts");
        let outside = dockerfile(target).outside();
        for used in &outside {
            assert!(contexts.contains_key(used), "{name}: {used} is no stage and no context");
        }
        for (context, place) in &contexts {
            assert!(outside.contains(context), "{name} does not use the context {context}");
            if let Some(other) = place.strip_prefix("target:") {
                let stage = text(&bake.targets[other], "target").unwrap();
                assert!(dockerfile(&bake.targets[other]).stage(stage).is_some(), "{other} has no {stage}");
            }
        }
    }
}

/// A lock that knows everything.
fn known() -> Lock {
    let text = std::fs::read_to_string(root().join("images/versions.lock")).unwrap();
    let commit = format!("commit = \"{}\"", "a".repeat(40));
    let text = text.replace("commit = \"unknown\"", &commit);
    Lock::parse(&text.replace("\"unknown\"\n", &format!("\"{}\"\n", "b".repeat(64)))).unwrap()
}

#[test]
fn the_pins_are_the_variables_without_a_default() {
    let variables: BTreeMap<String, String> = variables(&known()).unwrap().into_iter().collect();
    let bake = Bake::read(&variables).unwrap();
    let required: BTreeSet<&String> = bake.required.iter().collect();
    assert_eq!(required, variables.keys().collect());
    let fluent_bit = &table(&bake.targets["logs"], "args")["FLUENT_BIT_IMAGE"];
    assert!(fluent_bit.starts_with("docker.io/fluent/fluent-bit:"), "{fluent_bit}");
    let registry = &table(&bake.targets["mirror"], "args")["REGISTRY_IMAGE"];
    // Version 2 knows no task role.
    assert!(registry.starts_with("docker.io/library/registry:3."), "{registry}");
    let args = table(&bake.targets["runner"], "args");
    assert!(args["BASE_IMAGE"].starts_with("docker.io/library/debian:trixie-slim@sha256:"), "{args:?}");
    assert_eq!(args["RUNNER_VERSION"], known().release["runner"].version);
    let released = known().release["runner"].released.unwrap().to_string();
    assert!(
        args["RUNNER_CURRENT_ON"] >= released,
        "{} is the day of the release at the least",
        args["RUNNER_CURRENT_ON"]
    );
    assert_eq!(args["ACTIONS"].split(' ').count(), known().action.len());
}

/// The same file, read by who builds with it.
#[test]
fn buildx_reads_the_same() {
    let has_buildx = Command::new("docker").args(["buildx", "version"]).output();
    if !has_buildx.is_ok_and(|it| it.status.success()) {
        eprintln!("docker buildx is not installed: only hcl-rs reads the bake file");
        return;
    }
    let mut command = Command::new("docker");
    command.current_dir(root()).args(["buildx", "bake", "--file", "images/docker-bake.hcl", "--print"]);
    let output = command.envs(variables(&known()).unwrap()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let bake = Bake::read(&variables(&known()).unwrap().into_iter().collect()).unwrap();
    for name in &bake.default {
        let args: BTreeMap<String, String> =
            serde_json::from_value(printed["target"][name]["args"].clone()).unwrap();
        assert_eq!(args, table(&bake.targets[name], "args"), "{name}");
    }
}
