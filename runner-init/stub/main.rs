//! In the place of GitHub's runner program: it does what its JIT config says, step by step.
//!
//! A JIT config here is steps with `;` between them. As `Runner.Worker` it is the worker of a job: it
//! leaves a file when it begins and another when it is done.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a program of the tests"
)]

use std::fs;
use std::io::Read as _;
use std::os::unix::net::UnixStream;
use std::os::unix::process::parent_id;
use std::path::Path;
use std::process::{Command, exit};
use std::thread;
use std::time::Duration;

use rustix::process::{Signal, getpid, kill_process};
use signal_hook::consts::SIGTERM;
use signal_hook::low_level::pipe;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments[0].ends_with("Runner.Worker") {
        work(&arguments[1], arguments.get(2).map(Path::new));
        return;
    }
    let steps = std::env::var("ACTIONS_RUNNER_INPUT_JITCONFIG").unwrap_or_default();
    for step in steps.split(';').map(str::trim).filter(|step| !step.is_empty()) {
        let (verb, rest) = step.split_once(' ').unwrap_or((step, ""));
        match verb {
            "say" => println!("2026-11-24 20:00:00Z: {rest}"),
            "sleep" => sleep(rest),
            "ignore-term" => drop(on_term(None)),
            "on-term" => drop(on_term(Some(rest.parse().unwrap()))),
            "orphan" => orphan(),
            "worker" => worker(rest),
            "environment" => drop(fs::copy("/proc/self/environ", rest).unwrap()),
            "parents-environment" => {
                let read = fs::read(format!("/proc/{}/environ", parent_id()));
                fs::write(rest, format!("{:?}", read.map(|it| it.len()))).unwrap();
            }
            "summary" => summary(Path::new(rest)),
            "status" => drop(fs::copy("/proc/self/status", rest).unwrap()),
            "zombies" => fs::write(rest, zombies().to_string()).unwrap(),
            "kill-itself" => kill_process(getpid(), Signal::KILL).unwrap(),
            "connect" => sandbox(rest),
            "exit" => exit(rest.parse().unwrap()),
            _ => panic!("{step} is not a step"),
        }
    }
}

fn sleep(milliseconds: &str) {
    thread::sleep(Duration::from_millis(milliseconds.parse().unwrap()));
}

/// Copies what PID 1 has written for the job's summary, once it is there.
fn summary(to: &Path) {
    let file = std::env::var("MAYFLY_SUMMARY").unwrap();
    while fs::metadata(&file).unwrap().len() == 0 {
        sleep("5");
    }
    fs::copy(file, to).unwrap();
}

/// On SIGTERM it exits with this code, or not at all.
fn on_term(code: Option<i32>) -> thread::JoinHandle<()> {
    let (mut terminated, wake) = UnixStream::pair().unwrap();
    pipe::register(SIGTERM, wake).unwrap();
    thread::spawn(move || {
        while terminated.read(&mut [0; 1]).is_ok() {
            if let Some(code) = code {
                exit(code);
            }
        }
    })
}

/// A process whose parent is gone, and that does not go by itself.
fn orphan() {
    let started = Command::new("/bin/sh").args(["-c", "trap '' TERM; sleep 1000 & sleep 0.01 &"]).status();
    assert!(started.unwrap().success());
}

/// How many dead processes of PID 1 nobody has taken note of.
fn zombies() -> usize {
    let parent = parent_id().to_string();
    let stats =
        fs::read_dir("/proc").unwrap().filter_map(|it| fs::read_to_string(it.ok()?.path().join("stat")).ok());
    stats
        .filter(|stat| {
            stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with(&format!("Z {parent} ")))
        })
        .count()
}

/// A worker beside this program: `<milliseconds> <folder>`.
fn worker(arguments: &str) {
    let program = std::env::current_exe().unwrap().with_file_name("Runner.Worker");
    assert!(Command::new(program).args(arguments.split(' ')).status().unwrap().success());
}

fn work(milliseconds: &str, folder: Option<&Path>) {
    let leave = |name: &str| folder.map(|folder| fs::write(folder.join(name), "").unwrap());
    leave("begun");
    sleep(milliseconds);
    leave("done");
}

/// A runner of the sandbox's GitHub: `<URL> <registration>`. It waits for its job there, works for the time
/// it is given, and reports the end.
fn sandbox(arguments: &str) {
    let (url, registration) = arguments.split_once(' ').unwrap();
    let ask = |verb: &str| {
        let answer = ureq::post(format!("{url}{verb}/{registration}")).send_empty();
        answer.unwrap().body_mut().read_to_string().unwrap()
    };
    ask("connect");
    println!("2026-11-24 20:00:00Z: Listening for Jobs");
    let work = loop {
        let told = ask("job");
        if !told.is_empty() {
            break told;
        }
        sleep("50");
    };
    println!("2026-11-24 20:00:00Z: Running job: build");
    let program = std::env::current_exe().unwrap().with_file_name("Runner.Worker");
    assert!(Command::new(program).arg(work).status().unwrap().success());
    ask("done");
    println!("2026-11-24 20:00:00Z: Job build completed with result: Succeeded");
}
