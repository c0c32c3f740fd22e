//! What takes its time, on a thread of its own: Docker, and the questions.

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

/// What takes its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Errand {
    /// To wait for Docker.
    Prepare,
    /// To ask the registrar what to do, with a listener that is so far.
    Ask(Listener),
}

/// The thread. It runs one errand at a time, so no two questions are ever under way, and ends with the
/// process.
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

    /// Sends it on an errand; what comes of it comes later.
    pub(crate) fn send(&self, errand: Errand) {
        // The thread is there as long as this is.
        let _ = self.errands.send(errand);
    }

    /// What has come of an errand, with the JIT config if that was answered.
    pub(crate) fn result(&self) -> Option<(Pid1Event, Option<Config>)> {
        self.results.try_recv().ok()
    }
}

/// `false` where Docker does not come up.
fn wait((socket, longest): &(PathBuf, Duration)) -> bool {
    tracing::info!(socket = %socket.display(), seconds = longest.as_secs(), "waiting for Docker");
    let is_up = docker::wait(socket, *longest);
    if !is_up {
        tracing::error!("Docker unavailable: it does not answer on its socket");
    }
    is_up
}
