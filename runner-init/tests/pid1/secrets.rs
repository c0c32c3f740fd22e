//! What a job can see.

use std::fs;
use std::path::Path;
use std::process::Command;

use fleet::launch::exit_code::{JOB_DONE, NOT_NEEDED};
use serde_json::{Value, json};

use crate::registrar::{ScriptedAnswer, ScriptedRegistrar};
use crate::task::{TICKET, command, is_root, open_folder, path, stop, to_the_end, until};

#[test]
fn the_runner_program_has_its_jit_config_and_nothing_of_the_task() {
    let folder = open_folder();
    let (file, environment) = path(&folder, "environment");
    let work = format!("say Running job: build; worker 10 {}", folder.path().display());
    let steps = format!("environment {file}; {work}");
    let registrar =
        ScriptedRegistrar::start(vec![ScriptedAnswer::config(&steps)], vec![ScriptedAnswer::wait(60)]);
    let mut task = command(&registrar);
    task.env("LANG", "C.UTF-8").env("SECRET_OF_THE_TASK", "1");
    assert_eq!(i64::from(to_the_end(task).code), JOB_DONE);
    let environment = fs::read_to_string(environment).unwrap();
    let names: Vec<&str> = environment.split('\0').filter_map(|pair| Some(pair.split_once('=')?.0)).collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    assert_eq!(
        sorted,
        [
            "ACTIONS_RUNNER_INPUT_JITCONFIG",
            "ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE",
            "HOME",
            "LANG",
            "LOGNAME",
            "PATH",
            "RUNNER_MANUALLY_TRAP_SIG",
            "USER",
        ]
    );
    let boot = registrar.asked()[0].question["boot"].as_str().unwrap().to_owned();
    assert!([TICKET, &registrar.url, &boot].iter().all(|secret| !environment.contains(secret)));
}

#[test]
fn a_job_reads_where_its_time_went_and_cannot_write_it() {
    let folder = open_folder();
    let ((file, environment), (copy, summary)) = (path(&folder, "environment"), path(&folder, "summary"));
    let work = format!("summary {copy}; worker 10 {}", folder.path().display());
    let steps = format!("environment {file}; say Listening for Jobs; say Running job: build; {work}");
    let config = ScriptedAnswer::config_with_summary(&steps);
    let registrar = ScriptedRegistrar::start(vec![config], vec![ScriptedAnswer::wait(60)]);
    assert_eq!(i64::from(to_the_end(command(&registrar)).code), JOB_DONE);
    let parts: Value = serde_json::from_str(&fs::read_to_string(summary).unwrap()).unwrap();
    assert_eq!((&parts["pool"], &parts["capacity"]), (&json!("ec2-x64"), &json!("fargate-x64")));
    let [task, runner, idle] = ["task", "runner", "idle"].map(|it| parts[it].as_u64().unwrap());
    assert!(task <= 21_000 && task + runner >= 21_000, "{parts}");
    assert!(idle < 21_000, "{parts}");
    assert!(parts["begun_at"].as_u64().unwrap() > 1_790_000_000, "{parts}");
    let environment = fs::read_to_string(environment).unwrap();
    let file = environment.split('\0').find_map(|pair| pair.strip_prefix("MAYFLY_SUMMARY=")).unwrap();
    assert!(!Path::new(file).exists(), "it goes with PID 1");
}

#[test]
fn the_environment_of_pid_1_is_not_readable_for_the_runners_user() {
    if !is_root() {
        return;
    }
    let folder = open_folder();
    let (file, read) = path(&folder, "read");
    let work = format!("say Running job: build; worker 10 {}", folder.path().display());
    let steps = format!("parents-environment {file}; {work}");
    let registrar =
        ScriptedRegistrar::start(vec![ScriptedAnswer::config(&steps)], vec![ScriptedAnswer::wait(60)]);
    assert_eq!(i64::from(to_the_end(command(&registrar)).code), JOB_DONE);
    let read = fs::read_to_string(read).unwrap();
    assert!(read.contains("PermissionDenied"), "{read}");
}

#[test]
fn sudo_works_only_where_the_pool_says_so() {
    for (config, expected) in
        [(ScriptedAnswer::config as fn(&str) -> ScriptedAnswer, "1"), (ScriptedAnswer::config_with_sudo, "0")]
    {
        let folder = open_folder();
        let (file, status) = path(&folder, "status");
        let steps = format!("status {file}; say Running job: build; worker 10 {}", folder.path().display());
        let registrar = ScriptedRegistrar::start(vec![config(&steps)], vec![ScriptedAnswer::wait(60)]);
        assert_eq!(i64::from(to_the_end(command(&registrar)).code), JOB_DONE);
        let status = fs::read_to_string(status).unwrap();
        let field =
            |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned();
        assert_eq!(field("NoNewPrivs:"), expected);
        if is_root() {
            assert_eq!(field("Uid:"), "1001\t1001\t1001\t1001");
            assert_eq!(field("Gid:"), "1001\t1001\t1001\t1001");
            assert_eq!(field("Groups:"), "");
            assert_eq!(field("CapEff:"), "0000000000000000");
        }
    }
}

#[test]
fn nor_is_it_for_a_job_that_has_become_root() {
    if !is_root() {
        return;
    }
    let registrar = ScriptedRegistrar::start(
        vec![ScriptedAnswer::config_with_sudo("say Listening for Jobs; sleep 60000")],
        vec![ScriptedAnswer::wait(60)],
    );
    let task = command(&registrar).spawn().unwrap();
    until("a listener that is up", || registrar.times("up") > 0);
    // Root as `sudo` makes it: with the capabilities of the container and no others.
    let mut as_root = Command::new("setpriv");
    let kept = "-all,+setuid,+setgid,+kill";
    as_root.args([format!("--bounding-set={kept}"), format!("--inh-caps={kept}")]);
    let read = as_root.arg("cat").arg(format!("/proc/{}/environ", task.id())).output().unwrap();
    let told = String::from_utf8_lossy(&read.stderr);
    assert!(!read.status.success() && told.contains("Permission denied"), "{told}");
    stop(task);
}

#[test]
fn a_ticket_goes_to_no_other_host_whatever_an_answer_says() {
    let elsewhere = ScriptedRegistrar::start(vec![ScriptedAnswer::leave()], vec![]);
    let away = format!("location: {}ask\r\nretry-after: 1\r\n", elsewhere.url).leak();
    for status in [302, 307, 308] {
        let registrar = ScriptedRegistrar::start(
            vec![ScriptedAnswer::problem(status, away), ScriptedAnswer::leave()],
            vec![],
        );
        assert_eq!(i64::from(to_the_end(command(&registrar)).code), NOT_NEEDED, "{status}");
        assert_eq!((registrar.asked().len(), elsewhere.asked().len()), (2, 0), "{status}");
    }
}
