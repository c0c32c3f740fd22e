//! What the stub of GitHub's runner program asks GitHub.

use std::fmt;

use fleet::GithubRunnerId;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};

use crate::Resident;
use crate::http::{AsyncAnswer, answer};
use sandbox::{Functions, World};

type HttpResponse = Response<Full<Bytes>>;

/// Answers for a world.
pub(super) struct WorldService<F>(Resident<World<F>>);

impl<F> Clone for WorldService<F> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<F> fmt::Debug for WorldService<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Front").finish_non_exhaustive()
    }
}

impl<F: Functions + 'static> WorldService<F> {
    pub(super) fn new(world: Resident<World<F>>) -> Self {
        Self(world)
    }

    /// `<verb>/<registration>`, of the stub. A job is given by its milliseconds.
    async fn stub(&self, path: &str) -> HttpResponse {
        let Some((verb, registration)) = path.split_once('/') else { return answer(404, "no such path") };
        let Ok(registration) = registration.parse().map(GithubRunnerId) else {
            return answer(400, "no registration");
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
            _ => return answer(404, "no such path"),
        };
        told.map_or_else(|| answer(500, "the sandbox is gone"), |told| answer(200, told))
    }
}

impl<F: Functions + 'static> AsyncAnswer for WorldService<F> {
    async fn answer(&self, request: Request<Incoming>) -> HttpResponse {
        self.stub(request.uri().path().trim_start_matches('/')).await
    }
}
