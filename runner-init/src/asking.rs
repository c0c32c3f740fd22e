//! What takes its time, on a thread of its own: Docker and tool cache, claims, releases.

use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use fleet::claim::Granted;
use fleet::pid1::Event;

use crate::config::Config;
use crate::docker;
use crate::registrar::Registrar;
use crate::tool_cache;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    /// To wait for Docker, and to restore the tool cache.
    Prepare,
    /// To claim.
    Claim,
    /// To ask for the release.
    Release,
}

/// What came of it.
pub(crate) type Answer = (Event, Option<Granted>);

/// The thread. It ends with the process.
#[derive(Debug)]
pub(crate) struct Asking {
    questions: Sender<Question>,
    answers: Receiver<Answer>,
}

impl Asking {
    /// Starts it. A byte is written to `wake` for every answer.
    pub(crate) fn start(config: &Config, registrar: Registrar, mut wake: UnixStream) -> Self {
        let (questions, asked) = channel();
        let (answered, answers) = channel();
        let preparations = Preparations {
            docker: config.docker_socket.clone().map(|socket| (socket, config.timings.docker)),
            tool_cache: config.tool_cache.clone(),
            path: config
                .passed_on
                .iter()
                .find(|(name, _)| name == "PATH")
                .map_or_else(String::new, |it| it.1.clone()),
        };
        thread::spawn(move || {
            for question in asked {
                let answer = match question {
                    Question::Prepare => (Event::Prepared(preparations.make()), None),
                    Question::Claim => {
                        let (outcome, granted) = registrar.claim();
                        (Event::Claimed(outcome), granted)
                    }
                    Question::Release => (Event::Released(registrar.release()), None),
                };
                if answered.send(answer).is_err() || wake.write_all(&[0]).is_err() {
                    return;
                }
            }
        });
        Self { questions, answers }
    }

    /// Asks; the answer comes later.
    pub(crate) fn ask(&self, question: Question) {
        // The thread is there as long as this is.
        let _ = self.questions.send(question);
    }

    /// An answer that has come.
    pub(crate) fn answer(&self) -> Option<Answer> {
        self.answers.try_recv().ok()
    }
}

struct Preparations {
    docker: Option<(std::path::PathBuf, std::time::Duration)>,
    tool_cache: Option<(tool_cache::Source, std::path::PathBuf)>,
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
        self.docker.as_ref().is_none_or(|(socket, longest)| docker::wait(socket, *longest))
    }
}
