//! The task definitions say what the table says.

use std::collections::BTreeSet;

use contracts::template;
use images::container::ContainerTable;
use serde_json::{Value, json};

/// The task definition of Fargate's pools, or of those on EC2.
fn task(pools: &str) -> Value {
    let template = template::read_file("infra/pools.yaml");
    let each = &template["Resources"][format!("Fn::ForEach::{pools}")];
    each[2]["TaskDefinition${Pool}"]["Properties"].clone()
}

/// The containers that every task has; the third one, of the tasks' logs, stands in a condition.
fn containers(task: &Value) -> Vec<(String, Value)> {
    let containers = task["ContainerDefinitions"].as_array().unwrap().iter();
    containers.filter_map(|it| Some((it["Name"].as_str()?.to_owned(), it.clone()))).collect()
}

fn set(value: &Value) -> BTreeSet<&str> {
    value.as_array().into_iter().flatten().map(|it| it.as_str().unwrap()).collect()
}

fn names(list: &[String]) -> BTreeSet<&str> {
    list.iter().map(String::as_str).collect()
}

#[test]
fn every_container_has_the_folders_at_the_tables_paths() {
    let table = ContainerTable::read().unwrap();
    let task = task("InstancePools");
    let volumes: BTreeSet<&str> =
        task["Volumes"].as_array().unwrap().iter().map(|it| it["Name"].as_str().unwrap()).collect();
    assert_eq!(volumes, table.folder.keys().map(String::as_str).collect());
    for (name, container) in containers(&task) {
        let mounts = container["MountPoints"].as_array().unwrap().iter();
        let mounts: BTreeSet<(&str, &str)> = mounts
            .map(|it| (it["SourceVolume"].as_str().unwrap(), it["ContainerPath"].as_str().unwrap()))
            .collect();
        let of_table = table.folder.iter().filter(|(_, folder)| folder.containers.contains(&name));
        assert_eq!(
            mounts,
            of_table.map(|(volume, it)| (volume.as_str(), it.path.as_str())).collect(),
            "{name}"
        );
    }
}

#[test]
fn what_a_job_has_at_both_paths_is_below_them() {
    let table = ContainerTable::read().unwrap();
    let work = &table.folder["work"].path;
    assert_eq!(*work, format!("{}/_work", table.user.home), "where the runner program puts it");
    assert_eq!(table.folder["externals"].path, format!("{}/externals", table.user.home));
    assert_eq!(table.folder["tools"].path, table.environment["RUNNER_TOOL_CACHE"]);
    assert!(table.docker.socket.starts_with(&table.folder["docker-socket"].path));
}

#[test]
fn the_runner_has_the_capabilities_of_pid1_and_no_others() {
    let capabilities = ContainerTable::read().unwrap().capabilities;
    let (default, needed) = (names(&capabilities.default), names(&capabilities.runner));
    assert!(needed.is_subset(&default));
    for pools in ["FargatePools", "InstancePools"] {
        let (_, runner) = containers(&task(pools)).swap_remove(0);
        let its = &runner["LinuxParameters"]["Capabilities"];
        let (drop, add) = (set(&its["Drop"]), set(&its["Add"]));
        let all = drop.contains("ALL");
        let kept: BTreeSet<&str> = default.iter().filter(|it| !all && !drop.contains(*it)).copied().collect();
        assert_eq!(kept.union(&add).copied().collect::<BTreeSet<_>>(), needed, "{pools}");
        // An agent of a stock instance may not be given a task that has any.
        assert_eq!(runner["DockerSecurityOptions"], Value::Null, "{pools}");
    }
}

#[test]
fn the_daemon_has_its_capabilities_and_is_waited_for() {
    let table = ContainerTable::read().unwrap();
    let containers = containers(&task("InstancePools"));
    let [(runner_name, runner), (name, dockerd)] = containers.as_slice() else { panic!("{containers:?}") };
    assert_eq!((runner_name.as_str(), name.as_str()), ("runner", fleet::launch::DOCKERD_CONTAINER));
    assert_eq!(set(&dockerd["LinuxParameters"]["Capabilities"]["Add"]), names(&table.capabilities.dockerd));
    assert_eq!(dockerd["Privileged"], Value::Null);
    assert_eq!(dockerd["Essential"], false);
    assert_eq!(dockerd["HealthCheck"]["Command"], json!(["CMD", table.docker.health_check]));
    assert_eq!(runner["DependsOn"], json!([{"ContainerName": name, "Condition": "HEALTHY"}]));
    let socket = json!({"Name": "MAYFLY_DOCKER_SOCKET", "Value": table.docker.socket});
    assert!(runner["Environment"].as_array().unwrap().contains(&socket));
}

#[test]
fn every_container_has_the_tables_limits() {
    let limits = ContainerTable::read().unwrap().limits;
    for pools in ["FargatePools", "InstancePools"] {
        for (name, container) in containers(&task(pools)) {
            let files = json!([{"Name": "nofile", "SoftLimit": limits.nofile, "HardLimit": limits.nofile}]);
            assert_eq!(container["Ulimits"], files, "{name} of {pools}");
            assert_eq!(container["StopTimeout"], limits.stop_timeout, "{name} of {pools}");
            if name != "runner" {
                continue;
            }
            let on_ec2 = pools == "InstancePools";
            let shared = if on_ec2 { json!(limits.shared_memory_mib) } else { Value::Null };
            assert_eq!(container["LinuxParameters"]["SharedMemorySize"], shared, "{pools}");
            let seconds = limits.stop_timeout.to_string();
            let told = json!({"Name": "MAYFLY_STOP_TIMEOUT", "Value": seconds});
            assert!(container["Environment"].as_array().unwrap().contains(&told), "{pools}");
        }
    }
}

/// The names by which a task's end is read are none of its.
#[test]
fn the_container_of_the_logs_is_one_and_the_same_on_fargate_and_ec2() {
    let conditional = |pools: &str| {
        let task = task(pools);
        let mut others = task["ContainerDefinitions"].as_array().unwrap().clone();
        others.retain(|it| it["Name"] == Value::Null);
        let [only] = others.as_slice() else { panic!("{pools}: {others:?}") };
        only["Fn::If"].clone()
    };
    let logs = conditional("InstancePools");
    assert_eq!(logs, conditional("FargatePools"));
    assert_eq!((&logs[0], &logs[2]), (&json!("HasLogRouter"), &json!({"Ref": "AWS::NoValue"})));
    let name = logs[1]["Name"].as_str().unwrap();
    assert!(![fleet::launch::RUNNER_CONTAINER, fleet::launch::DOCKERD_CONTAINER].contains(&name), "{name}");
}

/// The stack's image, or while it has none a name that nothing can be pulled from.
fn or_none(parameter: &str) -> Value {
    json!({"Fn::If": [format!("Has{parameter}"), {"Ref": parameter}, "mayfly.invalid/no-image-yet"]})
}

#[test]
fn a_pools_own_image_comes_before_the_stacks() {
    for (pools, parameter) in [("FargatePools", "RunnerImage"), ("InstancePools", "RunnerDockerImage")] {
        let (_, runner) = containers(&task(pools)).swap_remove(0);
        let its = json!({"Fn::FindInMap": [
            "Pools", {"Ref": "Pool"}, "Image", {"DefaultValue": or_none(parameter)},
        ]});
        assert_eq!(runner["Image"], its, "{pools}");
    }
}
