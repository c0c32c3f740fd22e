//! How a task ends: exit codes, and nothing left behind.

use fleet::launch::exit_code::{
    DOCKER_UNAVAILABLE, FAILED, JOB_DONE, RELEASED, REMOVED, RUNNER_OUTDATED, TERMINATED,
};

use crate::registrar::{ScriptedAnswer, ScriptedRegistrar};
use crate::task::{
    as_pid_1, command, is_root, open_folder, path, script, stop, to_the_end, until, until_there,
};

/// One whose first question is answered with these steps, and each with a listener like this.
fn registrar(steps: &str, answer: ScriptedAnswer) -> ScriptedRegistrar {
    ScriptedRegistrar::start(vec![ScriptedAnswer::config(steps)], vec![answer])
}

fn stay() -> ScriptedAnswer {
    ScriptedAnswer::wait(60)
}

#[test]
fn each_end_has_its_exit_code() {
    let folder = open_folder();
    let work = format!("say Running job: build; worker 100 {}", folder.path().display());
    for (steps, answer, expected, why) in [
        (format!("say Listening for Jobs; {work}"), stay(), JOB_DONE, "a job is done"),
        (
            format!("sleep 50; worker 500 {}", folder.path().display()),
            ScriptedAnswer::leave(),
            JOB_DONE,
            "no line, but a worker",
        ),
        (format!("{work}; exit 3"), stay(), JOB_DONE, "its listener failed after the job"),
        (format!("{work}; kill-itself"), stay(), JOB_DONE, "killed at work"),
        (
            "say Listening for Jobs; sleep 60000".to_owned(),
            ScriptedAnswer::leave(),
            RELEASED,
            "told to leave",
        ),
        (
            "ignore-term; sleep 60000".to_owned(),
            ScriptedAnswer::leave(),
            RELEASED,
            "never says that it is up",
        ),
        ("exit 7".to_owned(), stay(), RUNNER_OUTDATED, "an old version"),
        ("exit 0".to_owned(), stay(), FAILED, "no job, and it never listened"),
        ("say Listening for Jobs; sleep 300; exit 0".to_owned(), stay(), REMOVED, "removed by GitHub"),
        (format!("{work}; exit 7"), stay(), JOB_DONE, "a job cannot call its runner outdated"),
        ("orphan; exit 0".to_owned(), stay(), FAILED, "no job, and something left"),
        ("kill-itself".to_owned(), stay(), FAILED, "killed"),
    ] {
        let ended = to_the_end(command(&registrar(&steps, answer)));
        assert_eq!(i64::from(ended.code), expected, "{why}: {}", ended.log);
    }
}

#[test]
fn a_job_that_never_ends_has_its_longest_life_and_leaves_nothing() {
    let folder = open_folder();
    let steps = format!("ignore-term; say Running job: build; worker 60000 {}", folder.path().display());
    let registrar = registrar(&steps, stay());
    let mut task = command(&registrar);
    // The five days of a test.
    task.env("MAYFLY_JOB_SECONDS", "0.5").env("MAYFLY_INTERRUPT_SECONDS", "0.2");
    let ended = to_the_end(task);
    assert_eq!(i64::from(ended.code), JOB_DONE, "{}", ended.log);
    assert!(folder.path().join("begun").exists() && !folder.path().join("done").exists());
}

#[test]
fn a_program_that_cannot_be_started_is_told() {
    let registrar = registrar("", stay());
    let mut task = command(&registrar);
    task.env("MAYFLY_RUNNER_PROGRAM", "/nowhere/run.sh");
    let ended = to_the_end(task);
    assert_eq!(i64::from(ended.code), FAILED);
    assert!(ended.log.contains("/nowhere/run.sh"), "{}", ended.log);
}

#[test]
fn without_docker_it_does_not_even_ask() {
    let registrar = registrar("", stay());
    let mut task = command(&registrar);
    task.env("MAYFLY_DOCKER_SOCKET", "/nowhere/docker.sock").env("MAYFLY_DOCKER_SECONDS", "0.3");
    assert_eq!(i64::from(to_the_end(task).code), DOCKER_UNAVAILABLE);
    assert!(registrar.asked().is_empty());
}

#[test]
fn an_idle_one_leaves_at_once_when_it_is_asked_to_stop() {
    for steps in
        ["on-term 0; say Listening for Jobs; sleep 60000", "ignore-term; say Listening for Jobs; sleep 60000"]
    {
        let registrar = registrar(steps, stay());
        let task = command(&registrar).spawn().unwrap();
        until("a listener that is up", || registrar.times("up") > 0);
        assert_eq!(i64::from(stop(task).code), TERMINATED, "{steps}");
    }
}

#[test]
fn a_job_goes_on_after_the_stop_as_long_as_it_may() {
    for (work, timeout, expected, done) in [
        // Done in time.
        ("300", "60", JOB_DONE, true),
        // Interrupted, and the listener ends by itself.
        ("60000", "0.4", JOB_DONE, false),
    ] {
        let folder = open_folder();
        let (_, begun) = path(&folder, "begun");
        let steps = format!("on-term 0; say Running job: build; worker {work} {}", folder.path().display());
        let registrar = registrar(&steps, ScriptedAnswer::leave());
        let mut task = command(&registrar);
        task.env("MAYFLY_STOP_TIMEOUT", timeout).env("MAYFLY_INTERRUPT_SECONDS", "0.2");
        // The time of a question comes while the job runs.
        let task = task.env("MAYFLY_LISTENER_SECONDS", "0.2").spawn().unwrap();
        until_there(&begun);
        let ended = stop(task);
        assert_eq!(i64::from(ended.code), expected, "{}", ended.log);
        assert_eq!(folder.path().join("done").exists(), done, "{}", ended.log);
        assert_eq!(registrar.listeners(), ["none"], "nothing is asked while a job runs");
    }
}

#[test]
fn a_job_that_ignores_its_interruption_is_killed_before_ecs_does_it() {
    let folder = open_folder();
    let (_, begun) = path(&folder, "begun");
    let steps = format!("ignore-term; worker 60000 {}", folder.path().display());
    let registrar = registrar(&steps, stay());
    let mut task = command(&registrar);
    let task = task.env("MAYFLY_STOP_TIMEOUT", "0.6").env("MAYFLY_INTERRUPT_SECONDS", "0.3").spawn().unwrap();
    until_there(&begun);
    assert_eq!(i64::from(stop(task).code), JOB_DONE, "a job that has begun is not a failure of its pool");
    assert!(!folder.path().join("done").exists());
}

#[test]
fn as_the_first_process_it_reaps_orphans_and_leaves_nothing() {
    if !is_root() {
        return;
    }
    // One orphan ends by itself before the zombies are counted, the other one never does.
    let folder = open_folder();
    let (file, zombies) = path(&folder, "zombies");
    let work = format!("say Running job: build; worker 50 {}", folder.path().display());
    let registrar = registrar(&format!("orphan; sleep 300; zombies {file}; {work}"), stay());
    let ended = to_the_end(as_pid_1(&registrar));
    assert_eq!(i64::from(ended.code), JOB_DONE, "{}", ended.log);
    assert_eq!(std::fs::read_to_string(zombies).unwrap(), "0");
}

/// As GitHub's run.sh is built where it has to pass signals on by itself.
const RUN_SH: &str = "#!/bin/bash
set -m
trap 'kill -INT -$PID' INT TERM
\"$(dirname \"$0\")\"/run-helper.sh &
PID=$!
wait $PID
code=$?
trap - INT TERM
wait $PID
exit $code
";

#[test]
fn a_shell_with_job_control_does_not_notice_that_it_was_frozen() {
    let folder = open_folder();
    let (_, begun) = path(&folder, "begun");
    let program = script(&folder, RUN_SH);
    // Nothing but the worker tells of the job, so the stop has to freeze everything to see it.
    let registrar = registrar(&format!("worker 400 {}", folder.path().display()), stay());
    let mut task = command(&registrar);
    task.env("MAYFLY_RUNNER_PROGRAM", &program).env("MAYFLY_LISTENER_SECONDS", "60");
    let task = task.spawn().unwrap();
    until_there(&begun);
    let ended = stop(task);
    assert_eq!(i64::from(ended.code), JOB_DONE, "{}", ended.log);
    assert!(folder.path().join("done").exists());
}

#[test]
fn nobody_who_reads_the_log_is_no_reason_to_stop() {
    let folder = open_folder();
    let registrar =
        registrar(&format!("say Running job: build; worker 50 {}", folder.path().display()), stay());
    let mut task = command(&registrar).spawn().unwrap();
    drop((task.stdout.take(), task.stderr.take()));
    assert_eq!(task.wait().unwrap().code().map(i64::from), Some(JOB_DONE));
}
