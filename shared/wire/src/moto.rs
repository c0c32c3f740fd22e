//! moto, started from the project's Python environment.
//!
//! moto stands for the services of AWS that it does right and that nobody here wrote: DynamoDB,
//! SQS, SSM, EventBridge, Auto Scaling. Its ECS is not like ECS; [`super::ecs`] is there for that.

use std::io;

use crate::emulator::PythonServer;

/// A moto server of one's own, on a free port of 127.0.0.1. It ends when this is dropped, or this process does.
#[derive(Debug)]
pub struct Moto(PythonServer);

impl Moto {
    /// Starts moto on a free port and waits until it is ready, which takes a second or two.
    pub fn start() -> io::Result<Self> {
        PythonServer::start(".venv", "moto/serve.py", [""; 0]).map(Self)
    }

    /// Where it listens: the `endpoint_url` of the SDK's clients.
    pub fn url(&self) -> String {
        self.0.url()
    }
}
