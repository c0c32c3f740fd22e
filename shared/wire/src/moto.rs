//! moto, started from the project's Python environment.
//!
//! moto stands for the services of AWS that it does right and that nobody here wrote: DynamoDB,
//! SQS, SSM, EventBridge, Auto Scaling, CloudFormation. Its ECS is not like ECS; [`super::ecs`] is there for that.

use std::io::{self, BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A moto server of one's own, on a free port of 127.0.0.1.
///
/// It ends when this is dropped. It also ends by itself when this process does, even when that is
/// killed, because then its standard input closes.
#[derive(Debug)]
pub struct Moto {
    process: Child,
    port: u16,
}

impl Moto {
    /// Starts moto on a free port and waits until it is ready, which takes a second or two.
    pub fn start() -> io::Result<Self> {
        Self::start_on(0)
    }

    /// Ends it. Whoever calls its address finds nobody there.
    pub fn stop(&mut self) {
        // Whatever goes wrong here, the process is gone or goes when its standard input closes.
        drop(self.process.kill());
        drop(self.process.wait());
    }

    /// Starts it again, empty, at the address that it had.
    pub fn start_again(&mut self) -> io::Result<()> {
        self.stop();
        *self = Self::start_on(self.port)?;
        Ok(())
    }

    fn start_on(port: u16) -> io::Result<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let python = folder.join("../../.venv/bin/python");
        if !python.exists() {
            let why = "moto is not installed: `make test` does it, or `make .venv/.installed` alone";
            return Err(io::Error::new(io::ErrorKind::NotFound, why));
        }
        let process = Command::new(python)
            .arg(folder.join("moto/serve.py"))
            .arg(port.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut moto = Self { process, port: 0 };
        moto.port = moto.read_port()?;
        Ok(moto)
    }

    /// Where it listens: the `endpoint_url` of the SDK's clients.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn read_port(&mut self) -> io::Result<u16> {
        let mut line = String::new();
        if let Some(stdout) = self.process.stdout.as_mut() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let ended = |_| io::Error::other("moto ended before it was ready; standard error says why");
        line.trim().parse().map_err(ended)
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        self.stop();
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpStream;

    use super::*;

    #[test]
    fn moto_answers_where_its_url_says() {
        let moto = Moto::start().unwrap();
        let address = moto.url().trim_start_matches("http://").to_owned();
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(b"GET /moto-api/data.json HTTP/1.0\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.contains(" 200 "), "{answer}");
    }

    #[test]
    fn moto_ends_when_its_standard_input_closes() {
        let mut moto = Moto::start().unwrap();
        drop(moto.process.stdin.take());
        assert!(moto.process.wait().unwrap().success());
    }
}
