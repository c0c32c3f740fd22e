//! What the processes ask: the registrar's two questions, and the stub's three.

use std::fmt;

use fleet::GithubRunnerId;
use fleet::claim::{CLAIM, Granted, Problem, Question, RELEASE, Release, ReleaseReply};
use http::header::{HOST, RETRY_AFTER};
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, Collected, Full};
use hyper::body::{Bytes, Incoming};
use serde::Serialize;
use tokio::sync::oneshot;

use crate::wire::Resident;
use crate::wire::http::{AsyncAnswer, answer};
use crate::{ClaimReply, Functions, ReleaseReply as Reply, World};

type Answer = Response<Full<Bytes>>;

/// Answers for a world.
pub(super) struct Front<F>(Resident<World<F>>);

impl<F> Clone for Front<F> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<F> fmt::Debug for Front<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Front").finish_non_exhaustive()
    }
}

impl<F: Functions + 'static> Front<F> {
    pub(super) fn new(world: Resident<World<F>>) -> Self {
        Self(world)
    }

    /// `url` is where the stub finds this.
    async fn claim(&self, question: Question, url: &str) -> Answer {
        let (tell, told) = oneshot::channel();
        self.0
            .ask(move |world| {
                world.claim_from_outside(question, |reply| {
                    let _ = tell.send(reply);
                });
            })
            .await;
        match told.await.unwrap_or(ClaimReply::Later) {
            ClaimReply::JitConfig(registration) => {
                let settings = self.0.ask(move |world| world.settings_of(registration)).await.flatten();
                let jit_config = format!("connect {url} {registration}");
                settings.map_or_else(later, |settings| body(200, &Granted { jit_config, settings }))
            }
            ClaimReply::NotNeeded => problem(409, "not needed"),
            ClaimReply::Refused => problem(403, "refused"),
            ClaimReply::Later => later(),
        }
    }

    async fn release(&self, question: Question) -> Answer {
        let (tell, told) = oneshot::channel();
        self.0
            .ask(move |world| {
                world.release_from_outside(question, |reply| {
                    let _ = tell.send(reply);
                });
            })
            .await;
        let answer = match told.await {
            Ok(Reply::Leave) => Release::Leave,
            Ok(Reply::Stay) | Err(_) => Release::Stay,
        };
        body(200, &ReleaseReply { answer })
    }

    /// `<verb>/<registration>`, of the stub. A job is told as its milliseconds.
    async fn stub(&self, path: &str) -> Answer {
        let Some((verb, registration)) = path.split_once('/') else { return problem(404, "no such path") };
        let Ok(registration) = registration.parse().map(GithubRunnerId) else {
            return problem(400, "no registration");
        };
        let told = match verb {
            "connect" => {
                self.0.ask(move |world| world.listener_connects(registration)).await.map(|()| String::new())
            }
            "job" => {
                let job = self.0.ask(move |world| world.job_of(registration)).await;
                job.map(|job| job.map(|work| work.as_millis().to_string()).unwrap_or_default())
            }
            "done" => self.0.ask(move |world| world.job_is_done(registration)).await.map(|()| String::new()),
            _ => return problem(404, "no such path"),
        };
        told.map_or_else(|| problem(500, "the sandbox is gone"), |told| answer(200, told))
    }
}

impl<F: Functions + 'static> AsyncAnswer for Front<F> {
    async fn answer(&self, request: Request<Incoming>) -> Answer {
        let path = request.uri().path().trim_start_matches('/').to_owned();
        if path != CLAIM && path != RELEASE {
            return self.stub(&path).await;
        }
        let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let url = format!("http://{host}/");
        let read = request.into_body().collect().await.map(Collected::to_bytes);
        let question = read.ok().and_then(|read| serde_json::from_slice::<Question>(&read).ok());
        match question {
            None => problem(400, "no question"),
            Some(question) if path == CLAIM => self.claim(question, &url).await,
            Some(question) => self.release(question).await,
        }
    }
}

fn body(status: u16, body: &impl Serialize) -> Answer {
    answer(status, serde_json::to_string(body).unwrap_or_default())
}

fn problem(status: u16, message: &str) -> Answer {
    body(status, &Problem { message: message.to_owned() })
}

fn later() -> Answer {
    let mut response = problem(503, "later");
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("2"));
    response
}
