//! What a task asks, when, and what it makes of the answers before it has a JIT config.

use std::net::TcpListener;
use std::time::Duration;

use fleet::launch::exit_code::{FAILED, JOB_DONE, NOT_NEEDED, RELEASED, TERMINATED};
use serde_json::Value;

use crate::registrar::{ScriptedAnswer, ScriptedRegistrar};
use crate::task::{Ended, TICKET, command, open_folder, path, stop, to_the_end, until_there};

fn job() -> (tempfile::TempDir, ScriptedAnswer) {
    let folder = open_folder();
    let config =
        ScriptedAnswer::config(&format!("say Running job: build; worker 20 {}", folder.path().display()));
    (folder, config)
}

#[test]
fn the_question_says_how_far_the_listener_is() {
    let steps = "sleep 300; say Listening for Jobs; sleep 60000";
    let registrar = ScriptedRegistrar::start(
        vec![ScriptedAnswer::config(steps)],
        vec![ScriptedAnswer::wait(60), ScriptedAnswer::leave()],
    );
    let mut task = command(&registrar);
    task.env("MAYFLY_LISTENER_SECONDS", "0.05");
    let ended = to_the_end(task);
    assert_eq!(i64::from(ended.code), RELEASED, "{}", ended.log);
    assert_eq!(registrar.listeners(), ["none", "starting", "up"]);
    let asked = registrar.asked();
    let boot = asked[0].question["boot"].as_str().unwrap();
    assert!(!boot.is_empty() && !ended.log.contains(boot), "the boot id is in the log");
    for asked in &asked {
        let Value::Object(fields) = &asked.question else { panic!("{asked:?}") };
        let names: Vec<&str> = fields.keys().map(String::as_str).collect();
        assert_eq!(
            (asked.path.as_str(), names),
            ("/ask", vec!["age", "boot", "listener", "ticket", "version"])
        );
        assert_eq!((&fields["version"], &fields["ticket"]), (&1.into(), &TICKET.into()));
        assert_eq!(fields["boot"], boot, "it stays the same boot");
    }
}

#[test]
fn one_question_is_under_way_at_a_time() {
    let folder = open_folder();
    let (file, is_up) = path(&folder, "is-up");
    let steps = format!("sleep 300; say Listening for Jobs; status {file}; sleep 60000");
    let answers = vec![ScriptedAnswer::wait(60).held(), ScriptedAnswer::leave()];
    let registrar = ScriptedRegistrar::start(vec![ScriptedAnswer::config(&steps)], answers);
    let mut task = command(&registrar);
    let task = task.env("MAYFLY_LISTENER_SECONDS", "0.05").spawn().unwrap();
    // It has something new to say while its question is not answered yet.
    until_there(&is_up);
    registrar.let_go();
    let ended = Ended::of(task.wait_with_output().unwrap());
    assert_eq!(i64::from(ended.code), RELEASED, "{}", ended.log);
    assert_eq!(registrar.listeners(), ["none", "starting", "up"], "what is new is said after the answer");
    assert_eq!(registrar.most_at_once(), 1);
}

#[test]
fn one_that_gets_no_config_ends() {
    for (answer, expected, why) in [
        (ScriptedAnswer::leave(), NOT_NEEDED, "told to leave without a listener"),
        (ScriptedAnswer::problem(403, ""), NOT_NEEDED, "refused"),
        (ScriptedAnswer::problem(400, ""), FAILED, "not understood"),
    ] {
        let registrar = ScriptedRegistrar::start(vec![answer], vec![]);
        assert_eq!(i64::from(to_the_end(command(&registrar)).code), expected, "{why}");
        assert_eq!(registrar.listeners(), ["none"], "{why}");
    }
}

#[test]
fn whatever_it_waits_for_it_asks_again_and_gets_its_config() {
    for (answer, why) in [
        (ScriptedAnswer::wait(1), "told to wait before it has a config"),
        (ScriptedAnswer::problem(503, "retry-after: 1\r\n"), "later, and when"),
    ] {
        let (_folder, config) = job();
        let registrar =
            ScriptedRegistrar::start(vec![answer.clone(), answer, config], vec![ScriptedAnswer::wait(60)]);
        assert_eq!(i64::from(to_the_end(command(&registrar)).code), JOB_DONE, "{why}");
        assert_eq!(registrar.times("none"), 3, "{why}");
        let waits = registrar.between();
        let as_told = |wait: &Duration| (1000..2000).contains(&wait.as_millis());
        assert!(waits.iter().take(2).all(as_told), "{why}: {waits:?}");
    }
}

#[test]
fn after_no_answer_it_waits_until_the_old_question_is_over() {
    let (_folder, config) = job();
    let registrar =
        ScriptedRegistrar::start(vec![ScriptedAnswer::none(), config], vec![ScriptedAnswer::wait(60)]);
    let mut task = command(&registrar);
    task.env("MAYFLY_NO_ANSWER_SECONDS", "1.2");
    assert_eq!(i64::from(to_the_end(task).code), JOB_DONE);
    assert!(registrar.between()[0] >= Duration::from_millis(1200));
}

#[test]
fn a_question_that_was_never_sent_is_asked_again_at_once() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let registrar = ScriptedRegistrar::start(vec![], vec![]);
    let mut task = command(&registrar);
    // Nobody can be at work on it, so the time of a question without an answer is not waited for.
    task.env("MAYFLY_REGISTRAR_URL", format!("http://{nobody}/")).env("MAYFLY_GIVE_UP_SECONDS", "1.5");
    let ended = to_the_end(task);
    assert_eq!(i64::from(ended.code), FAILED, "{}", ended.log);
    assert!(
        ended.messages().iter().filter(|it| *it == "question not answered").count() >= 2,
        "{}",
        ended.log
    );
}

#[test]
fn it_gives_up_when_nothing_is_heard_for_too_long_and_no_sooner() {
    let (_folder, config) = job();
    let later = ScriptedAnswer::problem(503, "retry-after: 1\r\n");
    for (answers, expected, why) in [
        (vec![ScriptedAnswer::none()], FAILED, "no answer at all"),
        (vec![ScriptedAnswer::problem(404, "")], FAILED, "somebody else's answers"),
        (vec![later.clone(), later.clone(), later, config], JOB_DONE, "each answer begins its time anew"),
    ] {
        let registrar = ScriptedRegistrar::start(answers, vec![ScriptedAnswer::wait(60)]);
        let mut task = command(&registrar);
        task.env("MAYFLY_GIVE_UP_SECONDS", "1.5").env("MAYFLY_NO_ANSWER_SECONDS", "0.1");
        assert_eq!(i64::from(to_the_end(task).code), expected, "{why}");
        assert!(registrar.times("none") > 1, "{why}");
    }
}

#[test]
fn a_stop_ends_its_waiting_at_once() {
    let registrar =
        ScriptedRegistrar::start(vec![ScriptedAnswer::problem(503, "retry-after: 60\r\n")], vec![]);
    let task = command(&registrar).spawn().unwrap();
    registrar.until_asked();
    assert_eq!(i64::from(stop(task).code), TERMINATED);
}

#[test]
fn the_log_tells_what_was_answered_but_for_plain_waits() {
    let without = vec![
        ScriptedAnswer::problem(503, "retry-after: 1\r\n"),
        ScriptedAnswer::wait(1),
        ScriptedAnswer::config("say Listening for Jobs; sleep 60000"),
    ];
    let registrar = ScriptedRegistrar::start(without, vec![ScriptedAnswer::wait(1), ScriptedAnswer::leave()]);
    let ended = to_the_end(command(&registrar));
    assert_eq!(registrar.listeners(), ["none", "none", "none", "up", "up"]);
    let expected = [
        "asks for its JIT config",
        "question answered later",
        "JIT config answered",
        "runner program started",
        "told to leave",
        "leaves, unless a job shows",
        "done",
    ];
    assert_eq!(ended.messages(), expected);
    let later = ended.lines().find(|line| line["message"] == "question answered later").unwrap();
    assert_eq!((&later["problem"], &later["retry_after"]), (&"as the test says".into(), &1.into()));
}
