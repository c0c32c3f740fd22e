//! Slow work on its own thread: waiting for Docker, and asking the registrar.

use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use fleet::pid1::Pid1Event;
use fleet::question::{Config, Listener};

use crate::config::TaskConfig;
use crate::docker;
use crate::registrar::RegistrarClient;

/// One piece of slow work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Errand {
    /// To wait for Docker.
    Prepare,
    /// To ask the registrar what to do, with the present state of the listener.
    Ask(Listener),
}

/// The thread. It runs one errand at a time, so there are never two questions at once. It ends with the process.
#[derive(Debug)]
pub(crate) struct ErrandThread {
    errands: Sender<Errand>,
    results: Receiver<(Pid1Event, Option<Config>)>,
}

impl ErrandThread {
    /// Starts it. A byte is written to `wake` for every result.
    pub(crate) fn start(task: &TaskConfig, registrar: RegistrarClient, mut wake: UnixStream) -> Self {
        let (errands, sent) = channel();
        let (done, results) = channel();
        let docker = task.docker_socket.clone().map(|socket| (socket, task.timings.docker));
        thread::spawn(move || {
            for errand in sent {
                let result = match errand {
                    Errand::Prepare => (Pid1Event::Prepared(docker.as_ref().is_none_or(wait)), None),
                    Errand::Ask(listener) => {
                        let (answered, config) = registrar.ask(listener);
                        (Pid1Event::Answered(answered), config)
                    }
                };
                if done.send(result).is_err() || wake.write_all(&[0]).is_err() {
                    return;
                }
            }
        });
        Self { errands, results }
    }

    /// Starts an errand. Its result arrives later.
    pub(crate) fn send(&self, errand: Errand) {
        // The thread lives as long as `self`, so the send cannot fail.
        let _ = self.errands.send(errand);
    }

    /// The result of a finished errand, with the JIT config if that was the answer.
    pub(crate) fn result(&self) -> Option<(Pid1Event, Option<Config>)> {
        self.results.try_recv().ok()
    }
}

/// `false` if Docker does not come up.
fn wait((socket, longest): &(PathBuf, Duration)) -> bool {
    tracing::info!(socket = %socket.display(), seconds = longest.as_secs(), "waiting for Docker");
    let is_up = docker::wait(socket, *longest);
    if !is_up {
        tracing::error!("Docker unavailable: it does not answer on its socket");
    }
    is_up
}
