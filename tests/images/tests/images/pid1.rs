//! PID 1 takes the table for granted.

use std::time::Duration;

use images::container::ContainerTable;
use images::root;
use runner_init::config::{HOOKS, PASSED_ON, TaskConfig, User};

/// As the template's tasks start it, with no setting but those of RunTask.
fn config() -> TaskConfig {
    TaskConfig::read(|name| match name {
        "MAYFLY_TICKET" => Some("t".to_owned()),
        "MAYFLY_REGISTRAR_URL" => Some("https://registrar.example".to_owned()),
        _ => None,
    })
    .unwrap()
}

#[test]
fn it_becomes_the_tables_user_and_has_the_tables_time() {
    let (table, config) = (ContainerTable::read().unwrap(), config());
    assert_eq!(config.user, User { uid: table.user.uid, gid: table.user.gid });
    assert_eq!(config.home.to_str(), Some(table.user.home.as_str()));
    // GitHub's own, as it is unpacked into the home.
    assert_eq!(config.program, config.home.join("run.sh"));
    assert_eq!(config.timings.stop, Duration::from_secs(table.limits.stop_timeout));
}

#[test]
fn it_passes_the_images_environment_on() {
    let table = ContainerTable::read().unwrap();
    for name in table.environment.keys() {
        assert!(PASSED_ON.contains(&name.as_str()), "{name} does not reach a job");
    }
    let listener = std::fs::read_to_string(root().join("runner-init/src/listener.rs")).unwrap();
    for (name, value) in &table.environment_of_pid1 {
        assert!(listener.contains(&format!("set(\"{name}\", \"{value}\");")), "PID 1 does not set {name}");
    }
}

#[test]
fn its_hooks_are_in_the_images() {
    for name in HOOKS {
        let hook = root().join("images/runner/root").join(name.trim_start_matches('/'));
        assert!(hook.is_file(), "{name} is not in the image: its self-check would refuse it");
    }
}

/// Its own tests find that these suffice and none can be left out.
#[test]
fn it_needs_the_tables_capabilities() {
    let needed = ContainerTable::read().unwrap().capabilities.runner;
    let names: Vec<String> = needed.iter().map(|name| format!("\"{}\"", name.to_lowercase())).collect();
    let tested = std::fs::read_to_string(root().join("runner-init/tests/pid1/capabilities.rs")).unwrap();
    let list = format!("NEEDED: [&str; {}] = [{}];", names.len(), names.join(", "));
    assert!(tested.contains(&list), "{list} is not what is tested");
}
