//! An emulator of AWS that somebody else wrote, as a process of its own.

use std::ffi::OsStr;
use std::io::{self, BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

/// How long it may take to end by itself. Whoever presses Ctrl-C waits for it.
const PATIENCE: Duration = Duration::from_secs(1);

/// A server in Python on a port of 127.0.0.1, which prints the port when it is ready.
///
/// It ends when this is dropped. It also ends by itself when this process does, even when that is
/// killed, because then its standard input closes.
#[derive(Debug)]
pub(crate) struct PythonServer {
    process: Child,
    port: u16,
}

impl PythonServer {
    /// Starts `script`, a path below `emulators/`, with the Python of an environment that `make` installs.
    pub(crate) fn start<A: AsRef<OsStr>>(
        environment: &str,
        script: &str,
        arguments: impl IntoIterator<Item = A>,
    ) -> io::Result<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let python = folder.join("../..").join(environment).join("bin/python");
        if !python.exists() {
            let why = format!(
                "{environment} is not installed: `make test` does it, or `make {environment}/.installed` alone"
            );
            return Err(io::Error::new(io::ErrorKind::NotFound, why));
        }
        let process = Command::new(python)
            .arg(folder.join("emulators").join(script))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Ctrl-C is for this process, which ends it then.
            .process_group(0)
            .spawn()?;
        let mut emulator = Self { process, port: 0 };
        emulator.port = emulator.read_port()?;
        Ok(emulator)
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Lets it end by itself, with the processes that it has started. Kills them all if that takes too long.
    pub(crate) fn end(&mut self) {
        if !self.ends_within(PATIENCE) {
            self.kill_group();
        }
    }

    /// Closes its standard input, and waits for its end.
    #[expect(clippy::disallowed_methods, reason = "a real wait for a real process")]
    fn ends_within(&mut self, patience: Duration) -> bool {
        drop(self.process.stdin.take());
        let begun = Instant::now();
        while begun.elapsed() < patience {
            if !matches!(self.process.try_wait(), Ok(None)) {
                return true;
            }
            thread::sleep(Duration::from_millis(5));
        }
        false
    }

    /// Kills it and what it has started: they are one process group.
    fn kill_group(&self) {
        let group = i32::try_from(self.process.id()).ok().and_then(Pid::from_raw);
        let _ = group.map(|group| kill_process_group(group, Signal::KILL));
    }

    fn read_port(&mut self) -> io::Result<u16> {
        let mut line = String::new();
        if let Some(stdout) = self.process.stdout.as_mut() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let ended = |_| io::Error::other("it ended before it was ready; standard error says why");
        line.trim().parse().map_err(ended)
    }
}

impl Drop for PythonServer {
    fn drop(&mut self) {
        // Whatever goes wrong here, the process is gone or goes when its standard input closes.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;

    use super::*;

    #[test]
    fn each_ends_when_its_standard_input_closes() {
        for (environment, script) in [(".venv", "moto/serve.py"), (".tools/ministack", "ministack/serve.py")]
        {
            let mut emulator = PythonServer::start(environment, script, [""; 0]).unwrap();
            assert!(emulator.ends_within(Duration::from_secs(5)), "{script}");
            let ended = emulator.process.try_wait().unwrap().expect(script);
            assert!(ended.success(), "{script}: {ended}");
        }
    }

    #[test]
    fn one_that_does_not_end_is_killed_with_what_it_has_started() {
        let mut emulator = PythonServer::start(".venv", "moto/serve.py", [""; 0]).unwrap();
        let stopped = Pid::from_raw(i32::try_from(emulator.process.id()).unwrap()).unwrap();
        kill_process_group(stopped, Signal::STOP).unwrap();
        emulator.end();
        assert_eq!(emulator.process.wait().unwrap().signal(), Some(Signal::KILL.as_raw()));
    }
}
