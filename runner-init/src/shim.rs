//! The step between a child's fork and the runner program: this binary, called with [`EXEC`].
//!
//! Before it becomes the runner program, the process gives up the means to regain privileges. Between fork and exec
//! only unsafe code could do that, so it happens after a first exec.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use rustix::thread::set_no_new_privs;

/// The first argument of the shim.
pub(crate) const EXEC: &str = "exec";

/// Its option: no process below gains privileges by an exec, so `sudo` does not work.
pub(crate) const NO_NEW_PRIVILEGES: &str = "--no-new-privileges";

/// Becomes the program that the arguments name. Returns only if that fails, with the error.
pub(crate) fn exec(mut arguments: impl Iterator<Item = OsString>) -> io::Error {
    let mut program = arguments.next();
    if program.as_ref().is_some_and(|it| it == NO_NEW_PRIVILEGES) {
        if let Err(error) = set_no_new_privs(true) {
            return error.into();
        }
        program = arguments.next();
    }
    match program {
        Some(program) => Command::new(program).args(arguments).exec(),
        None => io::Error::new(io::ErrorKind::InvalidInput, "no program is named"),
    }
}
