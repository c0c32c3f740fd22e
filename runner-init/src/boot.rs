//! The boot: what runs once, before the loop.

use std::process::ExitCode;

use fleet::launch::exit_code::FAILED;
use rustix::process::{DumpableBehavior, getpid, set_child_subreaper, set_dumpable_behavior};

use crate::config::TaskConfig;
use crate::{run, self_check, shim};

/// The argument with which an image's build calls this program.
const SELF_CHECK: &str = "--self-check";

/// Runs PID 1 and returns its exit code; or runs the shim or the check of an image, if the arguments say so.
pub fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    match arguments.next() {
        None => pid1(),
        Some(argument) if argument == shim::EXEC => {
            log();
            let error = shim::exec(arguments);
            tracing::error!(%error, "the runner program cannot be started");
            ExitCode::from(127)
        }
        Some(argument) if argument == SELF_CHECK => checked(),
        Some(_) => {
            log();
            tracing::error!("takes no arguments except --self-check: its settings are environment variables");
            ExitCode::from(2)
        }
    }
}

/// A JSON line on standard output for each event. It continues even if nobody reads them.
fn log() {
    tracing_subscriber::fmt().json().flatten_event(true).log_internal_errors(false).init();
}

/// Checks that the image has what a task needs: 0 if so, otherwise 1 and a log line.
#[expect(clippy::disallowed_methods, reason = "the boot reads the environment, once")]
fn checked() -> ExitCode {
    log();
    let lookup = |name: &str| std::env::var(name).ok();
    let path = lookup("PATH").unwrap_or_default();
    let found = self_check::config(lookup).and_then(|it| self_check::check(&it, &path, &self_check::hooks()));
    found.map_or_else(
        |problem| {
            tracing::error!(problem, "the image is not complete");
            ExitCode::FAILURE
        },
        |()| ExitCode::SUCCESS,
    )
}

fn pid1() -> ExitCode {
    log();
    let code = prepared().and_then(|config| {
        run::run(&config).inspect_err(|error| tracing::error!(%error, "cannot continue")).ok()
    });
    ExitCode::from(u8::try_from(code.unwrap_or(FAILED)).unwrap_or(u8::MAX))
}

/// Reads the settings, after hiding this process from all others.
#[expect(clippy::disallowed_methods, reason = "the boot reads the environment, once")]
fn prepared() -> Option<TaskConfig> {
    // The kernel shows a process's initial environment, which holds the ticket, to anyone who may trace the
    // process. From here on that takes CAP_SYS_PTRACE, even for root.
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        tracing::error!(%error, "the ticket cannot be hidden");
        return None;
    }
    // PID 1 adopts orphans anyway. If this process is not PID 1, it asks the kernel for them.
    if let Err(error) = set_child_subreaper(Some(getpid())) {
        tracing::warn!(%error, "cannot adopt orphaned processes");
    }
    let read = TaskConfig::read(|name| std::env::var(name).ok());
    let told = |problems: &fleet::settings::SettingsProblems| {
        for problem in problems.iter() {
            tracing::error!(problem, "wrong setting");
        }
    };
    read.inspect_err(told).ok()
}
