//! What takes its time, on a thread of its own: Docker and tool cache, and the questions.

use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use fleet::pid1::Pid1Event;
use fleet::question::{Config, Listener};

use crate::config::TaskConfig;
use crate::docker;
use crate::registrar::RegistrarClient;
use crate::tool_cache;

/// What takes its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Errand {
    /// To wait for Docker, and to restore the tool cache.
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
        let preparations = Preparations {
            docker: task.docker_socket.clone().map(|socket| (socket, task.timings.docker)),
            tool_cache: task.tool_cache.clone(),
            path: task
                .passed_on
                .iter()
                .find(|(name, _)| name == "PATH")
                .map_or_else(String::new, |it| it.1.clone()),
        };
        thread::spawn(move || {
            for errand in sent {
                let result = match errand {
                    Errand::Prepare => (Pid1Event::Prepared(preparations.make()), None),
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

struct Preparations {
    docker: Option<(std::path::PathBuf, std::time::Duration)>,
    tool_cache: Option<(tool_cache::ToolCacheSource, std::path::PathBuf)>,
    path: String,
}

impl Preparations {
    /// `false` where Docker does not come up. A tool cache that is missing only costs time.
    fn make(&self) -> bool {
        if let Some((source, folder)) = &self.tool_cache {
            match tool_cache::restore(source, folder, &self.path) {
                Ok(()) => tracing::info!("tool cache restored"),
                Err(error) => tracing::warn!(%error, "tool cache not restored"),
            }
        }
        let Some((socket, longest)) = &self.docker else { return true };
        tracing::info!(socket = %socket.display(), seconds = longest.as_secs(), "waiting for Docker");
        let is_up = docker::wait(socket, *longest);
        if !is_up {
            tracing::error!("Docker unavailable: it does not answer on its socket");
        }
        is_up
    }
}
