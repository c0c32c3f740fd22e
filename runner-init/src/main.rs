//! PID 1 of a runner task.

use std::process::ExitCode;

fn main() -> ExitCode {
    runner_init::boot::main()
}
