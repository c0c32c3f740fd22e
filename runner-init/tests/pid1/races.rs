//! A job that begins at the moment at which PID 1 leaves.

use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use fleet::launch::exit_code::{JOB_DONE, RELEASED, TERMINATED};
use rustix::process::{Pid, Signal, kill_process};

use crate::registrar::{ScriptedAnswer, ScriptedRegistrar};
use crate::task::{Ended, command, open_folder, to_the_end};

/// Tasks that race, half of them against an answer to leave and half against a SIGTERM.
const TASKS: u64 = 1000;

/// Tasks at once.
const AT_ONCE: u64 = 8;

/// A moment of a task that is spread evenly, the same in every run.
fn moment(task: u64, span: u64) -> u64 {
    task.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17) % span
}

#[test]
fn a_job_that_has_begun_is_never_cut_short() {
    let (next, left, worked) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let task = next.fetch_add(1, Ordering::Relaxed);
                    if task >= TASKS {
                        return;
                    }
                    let job_was_done = race(task);
                    (if job_was_done { &worked } else { &left }).fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    let (left, worked) = (left.into_inner(), worked.into_inner());
    eprintln!("{worked} had begun and were done, {left} left idle");
    assert!(left > TASKS / 20 && worked > TASKS / 20, "no race: {worked} worked, {left} left");
}

/// `true` if the job began, and was done; `false` if it never began.
fn race(task: u64) -> bool {
    let folder = open_folder();
    let work = format!("say Running job: build; worker 15 {}", folder.path().display());
    let begins = moment(task, 60);
    let steps = format!("on-term 0; say Listening for Jobs; sleep {begins}; {work}");
    let is_let_go = task.is_multiple_of(2);
    let answer = if is_let_go { ScriptedAnswer::leave() } else { ScriptedAnswer::wait(60) };
    let registrar = ScriptedRegistrar::start(vec![ScriptedAnswer::config(&steps)], vec![answer]);
    let mut pid1 = command(&registrar);
    pid1.env("MAYFLY_LAST_LOOK_SECONDS", "0.03");
    let ended = if is_let_go {
        to_the_end(pid1)
    } else {
        let pid1 = pid1.spawn().unwrap();
        registrar.until_asked();
        // Nothing is waited for here: it is the moment that is drawn.
        thread::sleep(Duration::from_millis(moment(task / 2, 80)));
        let _ = kill_process(Pid::from_child(&pid1), Signal::TERM);
        Ended::of(pid1.wait_with_output().unwrap())
    };
    let begun = folder.path().join("begun").exists();
    let done = folder.path().join("done").exists();
    let idle = if is_let_go { RELEASED } else { TERMINATED };
    let expected = if begun { JOB_DONE } else { idle };
    assert_eq!((begun, i64::from(ended.code)), (done, expected), "task {task}: {}", ended.log);
    fs::remove_dir_all(folder).unwrap();
    begun
}
