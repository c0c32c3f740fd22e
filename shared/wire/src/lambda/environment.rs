//! One execution environment: a process, and the Runtime API that it talks to.
#![allow(clippy::disallowed_methods, reason = "a process lives by the machine's clock")]

use std::fs::File;
use std::process::Stdio;
use std::time::{Duration, Instant};

use hyper::body::Bytes;
use jiff::Timestamp;
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot};

use super::FunctionConfig;
use super::runtime_api::{Invocation, RuntimeApi};
use crate::http::Served;

/// How long the init phase may take beyond the function's own time-out (Lambda: ten seconds).
const INIT_TIMEOUT: Duration = Duration::from_secs(10);

/// Why an event has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvokeError {
    /// The function answered with an error, in its own words.
    #[error("the function failed: {0}")]
    Failed(String),
    /// The process ended with the event in hand.
    #[error("the environment has ended: {0}")]
    Ended(String),
    /// The event took longer than the function's time-out; the process is killed.
    #[error("the task timed out after {0:?}")]
    TimedOut(Duration),
}

/// A process that takes events one after the other. It is killed when it is dropped.
#[derive(Debug)]
pub struct ExecutionEnvironment {
    process: Child,
    events: mpsc::Sender<Invocation>,
    api: RuntimeApi,
    _served: Served,
    timeout: Duration,
    spawned: Instant,
    taken: u64,
}

impl ExecutionEnvironment {
    /// Starts a process of the function.
    pub async fn start(config: &FunctionConfig) -> Result<Self, InvokeError> {
        let ended = |problem: String| InvokeError::Ended(problem);
        let (sender, receiver) = mpsc::channel(1);
        let api = RuntimeApi::new(&config.name, receiver);
        let served = Served::start(0, api.clone()).await.map_err(ended)?;
        let output = || match &config.log {
            Some(path) => File::options().create(true).append(true).open(path).map(Stdio::from),
            None => Ok(Stdio::inherit()),
        };
        let mut command = Command::new(&config.binary);
        command.env_clear().envs(config.lambda_variables()).envs(&config.variables);
        command
            .env("AWS_LAMBDA_RUNTIME_API", served.address().to_string())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let spawned = Instant::now();
        let started = output().and_then(|out| Ok((out, output()?)));
        let started = started.and_then(|(out, err)| command.stdout(out).stderr(err).spawn());
        let process = started.map_err(|error| ended(format!("{}: {error}", config.binary.display())))?;
        Ok(Self { process, events: sender, api, _served: served, timeout: config.timeout, spawned, taken: 0 })
    }

    /// The process, while it lives.
    pub fn pid(&self) -> Option<u32> {
        self.process.id()
    }

    /// Waits until the process asks for its first event. Gives the length of its init phase.
    pub async fn initialised(&mut self) -> Result<Duration, InvokeError> {
        tokio::select! {
            () = self.api.initialised() => Ok(self.spawned.elapsed()),
            status = self.process.wait() => Err(self.ended(status)),
            () = tokio::time::sleep(INIT_TIMEOUT) => Err(InvokeError::TimedOut(INIT_TIMEOUT)),
        }
    }

    /// Gives the process an event and waits for its answer. After any error but
    /// [`InvokeError::Failed`] the environment is of no more use.
    pub async fn invoke(&mut self, payload: Bytes) -> Result<Bytes, InvokeError> {
        let patience = if self.taken == 0 { self.timeout + INIT_TIMEOUT } else { self.timeout };
        self.taken += 1;
        let (answer, answered) = oneshot::channel();
        let deadline =
            Timestamp::now().as_millisecond() + i64::try_from(self.timeout.as_millis()).unwrap_or(0);
        let id = format!("{:08x}-0000-4000-8000-{:012x}", self.process.id().unwrap_or(0), self.taken);
        let invocation = Invocation { id, payload, deadline, answer };
        if self.events.send(invocation).await.is_err() {
            return Err(InvokeError::Ended("it takes no events".to_owned()));
        }
        tokio::select! {
            biased;
            Ok(outcome) = answered => outcome,
            status = self.process.wait() => Err(self.ended(status)),
            () = tokio::time::sleep(patience) => {
                // The process may have gone by itself just now.
                let _ = self.process.kill().await;
                Err(InvokeError::TimedOut(self.timeout))
            }
        }
    }

    fn ended(&self, status: std::io::Result<std::process::ExitStatus>) -> InvokeError {
        let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
        InvokeError::Ended(self.api.init_error().map_or(status.clone(), |said| format!("{status}: {said}")))
    }
}
