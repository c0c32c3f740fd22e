//! The Dockerfiles say of user, folders and environment what the table says.

use images::container::ContainerTable;
use images::dockerfile::Dockerfile;
use images::root;

fn dockerfile(image: &str) -> Dockerfile {
    Dockerfile::read(&root().join("images").join(image).join("Dockerfile")).unwrap()
}

#[test]
fn the_runners_user_is_the_tables() {
    let user = ContainerTable::read().unwrap().user;
    let run = dockerfile("runner").stage("common").unwrap().run();
    let (name, uid, gid, home) = (&user.name, user.uid, user.gid, &user.home);
    for words in [
        format!("groupadd --gid {gid} {name}"),
        // PID 1 has no DAC_OVERRIDE, and Debian closes a home to all others.
        format!("install --directory --owner {uid} --group {gid} --mode 0755 {home} "),
        format!("useradd --uid {uid} --gid {gid} --create-home --home-dir {home} --shell /bin/bash {name}"),
    ] {
        assert!(run.contains(&words), "{words:?} is not in {run}");
    }
}

#[test]
fn a_fresh_volume_gets_its_owner_and_mode_from_the_image() {
    let run = dockerfile("runner").stage("common").unwrap().run();
    let commands: Vec<&str> = run.split(" && ").filter(|it| it.starts_with("install --directory")).collect();
    let mut found = 0;
    for (name, folder) in ContainerTable::read().unwrap().folder {
        let (Some(owner), Some(mode)) = (&folder.owner, &folder.mode) else { continue };
        let (uid, gid) = owner.split_once(':').unwrap();
        let options = format!("install --directory --owner {uid} --group {gid} --mode {mode} ");
        let is_made = commands.iter().any(|command| {
            command.strip_prefix(&options).is_some_and(|paths| paths.split(' ').any(|it| it == folder.path))
        });
        assert!(is_made, "{name}: {options}{} is not in {commands:?}", folder.path);
        found += 1;
    }
    assert_eq!(found, 3);
}

#[test]
fn the_images_environment_is_the_tables() {
    let table = ContainerTable::read().unwrap();
    let mut sets = dockerfile("runner").stage("common").unwrap().environment();
    // PID 1 sets it whatever the image says; the image says it for who runs it without PID 1.
    let deprecated = "ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE";
    assert_eq!(sets.remove(deprecated), table.environment_of_pid1.get(deprecated).cloned());
    // PID 1 reads it, and no job.
    assert_eq!(sets.remove("MAYFLY_RUNNER_CURRENT_ON").as_deref(), Some("${RUNNER_CURRENT_ON}"));
    assert_eq!(sets, table.environment);
    for image in ["runner", "runner-docker", "dockerd", "logs", "mirror"] {
        for stage in dockerfile(image).stages {
            for name in stage.environment().keys() {
                let is_secret = ["AWS_", "ECS_", "MAYFLY_TICKET"].iter().any(|it| name.starts_with(it));
                assert!(!is_secret, "{image} sets {name}");
            }
        }
    }
}

#[test]
fn pid1_is_runner_init_and_starts_as_root() {
    for image in ["runner", "runner-docker"] {
        for stage in dockerfile(image).stages {
            assert_eq!(stage.of("USER").count(), 0, "{image}: PID 1 changes user itself");
            assert_eq!(stage.of("CMD").count(), 0, "{image}: PID 1 takes no arguments");
        }
    }
    let entrypoints: Vec<String> = dockerfile("runner")
        .stages
        .iter()
        .flat_map(|it| it.of("ENTRYPOINT").map(str::to_owned).collect::<Vec<_>>())
        .collect();
    assert_eq!(entrypoints, ["[\"/usr/local/bin/runner-init\"]"]);
    assert_eq!(dockerfile("runner-docker").stages[0].from, "common");
}

#[test]
fn the_slim_image_has_what_was_promised() {
    let run = dockerfile("runner").stage("common").unwrap().run();
    let words: Vec<&str> = run.split(' ').collect();
    for package in [
        "git",
        "curl",
        "jq",
        "tar",
        "zstd",
        "xz-utils",
        "unzip",
        "python3-minimal",
        "openssh-client",
        "ca-certificates",
        "sudo",
    ] {
        assert!(words.contains(&package), "{package}");
    }
}

#[test]
fn docker_is_where_workflows_look_for_it() {
    let docker = ContainerTable::read().unwrap().docker;
    let run = dockerfile("runner-docker").stages[0].run();
    let link = format!("ln -s {} {}", docker.socket, docker.usual_socket);
    assert!(run.contains(&link), "{link:?} is not in {run}");
    let folder = root().join("images/dockerd");
    for file in ["start.sh", "health.sh"] {
        let script = std::fs::read_to_string(folder.join(file)).unwrap();
        assert!(script.contains(&docker.socket), "{file} does not know {}", docker.socket);
    }
    let copied = dockerfile("dockerd")
        .stages
        .iter()
        .any(|stage| stage.of("COPY").any(|rest| rest.contains(docker.health_check.trim_start_matches('/'))));
    assert!(copied, "{} is not in the image", docker.health_check);
}
