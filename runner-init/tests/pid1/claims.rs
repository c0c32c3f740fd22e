//! How a task comes to its JIT config.

use std::time::Duration;

use fleet::launch::exit_code::{FAILED, JOB_DONE, NOT_NEEDED, TERMINATED};

use crate::registrar::{Answer, Registrar};
use crate::task::{TICKET, command, open_folder, stop, to_the_end, until};

fn job() -> (tempfile::TempDir, Answer) {
    let folder = open_folder();
    let granted = Answer::granted(&format!("say Running job: build; worker 20 {}", folder.path().display()));
    (folder, granted)
}

#[test]
fn a_claim_that_is_not_granted_ends_the_task() {
    for (status, expected) in [(409, NOT_NEEDED), (410, NOT_NEEDED), (403, NOT_NEEDED), (400, FAILED)] {
        let registrar = Registrar::start(vec![Answer::status(status, "")], vec![]);
        assert_eq!(i64::from(to_the_end(command(&registrar)).code), expected, "{status}");
        assert_eq!(registrar.times("/claim"), 1, "{status}");
    }
}

#[test]
fn it_waits_as_long_as_it_is_told_and_stays_the_same_boot() {
    let (_folder, granted) = job();
    let later = Answer::status(503, "retry-after: 1\r\n");
    let registrar = Registrar::start(vec![later.clone(), later, granted], vec![Answer::release("stay")]);
    assert_eq!(i64::from(to_the_end(command(&registrar)).code), JOB_DONE);
    let waits = registrar.between_claims();
    assert!(waits.iter().all(|wait| (1000..2000).contains(&wait.as_millis())), "{waits:?}");
    let asked = registrar.asked.lock().unwrap();
    assert!(asked.iter().all(|(_, question, _)| question["ticket"] == TICKET));
    assert!(asked.iter().all(|(_, question, _)| question["boot"] == asked[0].1["boot"]));
}

#[test]
fn after_no_answer_it_waits_until_the_old_claim_is_over() {
    let (_folder, granted) = job();
    let registrar = Registrar::start(vec![Answer::status(0, ""), granted], vec![Answer::release("stay")]);
    let mut task = command(&registrar);
    task.env("MAYFLY_NO_ANSWER_SECONDS", "1.2");
    assert_eq!(i64::from(to_the_end(task).code), JOB_DONE);
    assert!(registrar.between_claims()[0] >= Duration::from_millis(1200));
}

#[test]
fn it_gives_up_after_its_limit() {
    let registrar = Registrar::start(vec![Answer::status(503, "retry-after: 1\r\n")], vec![]);
    let mut task = command(&registrar);
    task.env("MAYFLY_CLAIM_SECONDS", "1.5");
    assert_eq!(i64::from(to_the_end(task).code), FAILED);
}

#[test]
fn a_stop_ends_its_waiting_at_once() {
    let registrar = Registrar::start(vec![Answer::status(503, "retry-after: 60\r\n")], vec![]);
    let task = command(&registrar).spawn().unwrap();
    until("a claim", || registrar.times("/claim") > 0);
    assert_eq!(i64::from(stop(task).code), TERMINATED);
}
