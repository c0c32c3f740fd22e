//! Which capabilities PID 1 needs.

use std::process::Command;

use fleet::launch::exit_code::{JOB_DONE, RELEASED, TERMINATED};

use crate::registrar::{ScriptedAnswer, ScriptedRegistrar};
use crate::task::{Ended, is_root, open_folder, prepare, stop, to_the_end, until};

/// What docs/SECURITY.md names.
const NEEDED: [&str; 3] = ["setuid", "setgid", "kill"];

/// `runner-init` as root with these capabilities and no others.
fn with_capabilities(capabilities: &[&str], registrar: &ScriptedRegistrar) -> Command {
    let mut command = Command::new("setpriv");
    let mut set = "-all".to_owned();
    for capability in capabilities {
        set = format!("{set},+{capability}");
    }
    command.args([format!("--bounding-set={set}"), format!("--inh-caps={set}")]);
    command.arg(env!("CARGO_BIN_EXE_runner-init"));
    prepare(command, registrar)
}

/// Whether all that a task may come to goes as it should with these capabilities.
fn suffices(capabilities: &[&str]) -> bool {
    let folder = open_folder();
    let registrar =
        |steps: &str, answer| ScriptedRegistrar::start(vec![ScriptedAnswer::config(steps)], vec![answer]);
    let job = registrar(
        &format!("say Running job: build; worker 20 {}", folder.path().display()),
        ScriptedAnswer::wait(60),
    );
    let stopped = registrar("ignore-term; say Listening for Jobs; sleep 15000", ScriptedAnswer::wait(60));
    let idle = registrar("ignore-term; say Listening for Jobs; sleep 60000", ScriptedAnswer::leave());
    let well = |ended: Ended, code| i64::from(ended.code) == code && !ended.log.contains("cannot be killed");
    if !well(to_the_end(with_capabilities(capabilities, &job)), JOB_DONE) {
        return false;
    }
    let mut task = with_capabilities(capabilities, &stopped);
    let task = task.env("MAYFLY_STOP_TIMEOUT", "0.1").spawn().unwrap();
    until("a listener that is up", || stopped.times("up") > 0);
    well(stop(task), TERMINATED) && well(to_the_end(with_capabilities(capabilities, &idle)), RELEASED)
}

#[test]
fn these_suffice_and_none_of_them_can_be_left_out() {
    if !is_root() {
        return;
    }
    assert!(suffices(&NEEDED));
    for left_out in NEEDED {
        let others: Vec<&str> = NEEDED.into_iter().filter(|it| *it != left_out).collect();
        assert!(!suffices(&others), "{left_out} is not needed");
    }
}
