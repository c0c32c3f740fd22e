//! Messages that are broken, new, or cannot be written.

use std::collections::BTreeSet;

use fleet::ledger::RunnerState;
use kit::recording::record;
use sandbox::{Fault, Rates};
use serde_json::{Value, json};

use crate::fake::{LauncherStage, job_event};

fn stop(runner: &str, code: &str) -> Value {
    json!({"detail-type": "ECS Task State Change", "detail": {
        "lastStatus": "STOPPED", "startedBy": runner, "stopCode": code, "stoppedReason": "of tomorrow",
    }})
}

#[test]
fn a_poison_message_fails_alone_and_blocks_nobody() {
    let stage = LauncherStage::new();
    let poison = json!({"neither": "job nor event"});
    let batch = [
        job_event("queued", 1, "ec2-x64", None),
        poison,
        json!({"detail-type": "ECS Task State Change"}),
        job_event("queued", 2, "ec2-arm64", None),
    ];
    let (failed, recording) = record(|| stage.handle(&batch));
    assert_eq!(failed, [1, 2]);
    assert_eq!(stage.ecs.launched.borrow().len(), 2);
    assert_eq!(recording.count("MessagesUnreadable"), 2);
    let lines = recording.lines("message not understood");
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["fields"]["message_id"], "1", "{}", lines[0]);
}

#[test]
fn a_delivery_can_be_followed_to_its_task() {
    let stage = LauncherStage::new();
    let batch = [job_event("queued", 1, "ec2-x64", None), job_event("queued", 2, "ec2-x64", None)];
    let (_, recording) = record(|| stage.handle(&batch));
    let lines = recording.lines("events in the ledger");
    let [line] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!(line["fields"]["deliveries"], "guid-1 guid-2");
    let runners: BTreeSet<_> = line["fields"]["runners"].as_str().unwrap().split(' ').collect();
    let launched = recording.lines("runner launched");
    assert!(launched.iter().all(|line| line["fields"]["task"].is_string()), "{launched:?}");
    assert_eq!(runners, launched.iter().map(|line| line["fields"]["runner"].as_str().unwrap()).collect());
}

#[test]
fn what_aws_says_one_day_is_counted_and_does_no_harm() {
    let stage = LauncherStage::new();
    let runner = stage.runner_on_instance(1, "ec2-x64");
    let batch =
        [json!({"detail-type": "Something New", "detail": {}}), stop(runner.as_str(), "SomethingNew")];
    let (failed, recording) = record(|| stage.handle(&batch));
    assert!(failed.is_empty());
    assert_eq!(stage.state(&runner), RunnerState::Stopped);
    assert_eq!(recording.count("UnknownEvents{Kind=DetailType}"), 1);
    assert_eq!(recording.count("UnknownEvents{Kind=StopCode}"), 1);
    let kind = recording.lines("event of an unknown kind, dropped");
    assert_eq!(kind[0]["fields"]["detail_type"], "Something New");
    let code = recording.lines("stop with an unknown code, taken for an ordinary one");
    assert_eq!(code[0]["fields"]["stop_code"], "SomethingNew");
}

#[test]
fn while_the_ledger_is_down_every_event_comes_again() {
    let stage = LauncherStage::new();
    stage.sandbox.set_faults(Rates::from([(Fault::LedgerReadFails, 1.0)]));
    let batch = [job_event("queued", 1, "ec2-x64", None), job_event("queued", 2, "ec2-arm64", None)];
    let (failed, recording) = record(|| stage.handle(&batch));
    assert_eq!(failed, [0, 1]);
    assert_eq!(recording.count("EventsNotWritten"), 2);
    assert_eq!(recording.lines("events not in the ledger").len(), 2);
    assert!(stage.ecs.called_at.borrow().is_empty());

    stage.sandbox.set_faults(Rates::new());
    assert!(stage.handle(&batch).is_empty());
    assert_eq!(stage.ecs.launched.borrow().len(), 2);
}
