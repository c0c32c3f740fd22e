//! ministack, started from an environment of its own.
//!
//! It is an AWS that nobody here wrote, and moto's authors neither, which deploys our templates and runs our
//! functions as Lambda does, on the Runtime API. What it lacks is in `emulators/ministack/gaps.json`.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::emulator::PythonServer;

/// What AWS does by itself, in `emulators/ministack/serve.py`.
const ITSELF: &str = "_aws-itself";

/// A ministack of one's own, on a free port of 127.0.0.1. It ends when this is dropped, or this process does,
/// and the functions' processes with it.
#[derive(Debug)]
pub struct Ministack {
    emulator: Mutex<PythonServer>,
    url: String,
    agent: ureq::Agent,
}

impl Ministack {
    /// Starts it and waits until it is ready, which takes half a second. `endpoint` is where its functions find
    /// AWS, if that is not it; a minute of its rules takes as long as `minute`.
    pub fn start(endpoint: Option<&str>, minute: Duration) -> io::Result<Self> {
        let mut arguments = vec![format!("--minute={}", minute.as_secs_f64())];
        arguments.extend(endpoint.map(|url| format!("--endpoint={url}")));
        let emulator = PythonServer::start(".tools/ministack", "ministack/serve.py", arguments)?;
        let config = ureq::Agent::config_builder().http_status_as_error(false).build();
        let url = emulator.url();
        Ok(Self { emulator: Mutex::new(emulator), url, agent: ureq::Agent::new_with_config(config) })
    }

    /// Ends it, and the functions' processes. Whoever calls it finds nobody there.
    pub fn end(&self) {
        self.emulator.lock().unwrap_or_else(PoisonError::into_inner).end();
    }

    /// Where it listens: the `endpoint_url` of the SDK's clients.
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// Puts an event of a service of AWS onto the default bus, in EventBridge's form.
    pub fn put_event(&self, event: &str) -> Result<()> {
        let status = self.ask(&format!("{ITSELF}/events"), event)?.0;
        ensure!(status == 200, "ministack answers an event with {status}");
        Ok(())
    }

    /// Kills an environment of a function that has an event in hand, as Lambda loses a host. `false` if none
    /// has.
    pub fn kill_one(&self, function: &str) -> Result<bool> {
        Ok(self.ask(&format!("{ITSELF}/kill/{function}"), "")?.0 == 200)
    }

    /// Invokes a function and waits for its answer: the status, whether it failed, and what it says.
    pub fn invoke(&self, function: &str, event: &str) -> Result<(bool, String)> {
        let (status, failed, said) =
            self.ask(&format!("2015-03-31/functions/{function}/invocations"), event)?;
        ensure!(status == 200, "Invoke is answered {status}: {said}");
        Ok((failed, said))
    }

    /// Calls an operation of a service that speaks JSON, by its `X-Amz-Target`.
    pub fn call(&self, target: &str, request: &Value) -> Result<Value> {
        let asked = self.agent.post(&self.url).header("x-amz-target", target).send(request.to_string());
        let answer = asked.with_context(|| target.to_owned())?.body_mut().read_to_string()?;
        serde_json::from_str(&answer).with_context(|| format!("{target} is answered {answer}"))
    }

    fn ask(&self, path: &str, body: &str) -> Result<(u16, bool, String)> {
        let url = format!("{}/{path}", self.url);
        let mut answer = self.agent.post(&url).send(body).with_context(|| format!("no answer from {url}"))?;
        let failed = answer.headers().contains_key("x-amz-function-error");
        Ok((answer.status().as_u16(), failed, answer.body_mut().read_to_string()?))
    }
}

impl Drop for Ministack {
    fn drop(&mut self) {
        self.end();
    }
}
