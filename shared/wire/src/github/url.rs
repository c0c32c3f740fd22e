//! The server.

use http::header::{AUTHORIZATION, HeaderValue, LINK};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};

use super::{StatusAndJson, answer, problem};
use crate::Resident;
use crate::http::{AsyncAnswer, Bound, Served, json};
use sandbox::Sandbox;

/// GitHub's API. It is served until this is dropped.
#[derive(Debug)]
pub struct GithubUrl {
    url: String,
    _served: Served,
}

impl GithubUrl {
    /// Serves the GitHub of a sandbox, or of a world, on a port of 127.0.0.1; 0 for any free one.
    pub async fn serve<T: AsRef<Sandbox> + 'static>(
        resident: Resident<T>,
        port: u16,
    ) -> Result<Self, String> {
        Ok(Self::on(Bound::to(port).await?, resident))
    }

    /// The same, on a port that is listened on already.
    pub(crate) fn on<T: AsRef<Sandbox> + 'static>(bound: Bound, resident: Resident<T>) -> Self {
        let served = bound.serve(GithubService { resident });
        Self { url: format!("http://{}", served.address()), _served: served }
    }

    /// The URL, for `MAYFLY_GITHUB_API_URL`.
    pub fn url(&self) -> &str {
        &self.url
    }
}

struct GithubService<T> {
    resident: Resident<T>,
}

impl<T> Clone for GithubService<T> {
    fn clone(&self) -> Self {
        Self { resident: self.resident.clone() }
    }
}

impl<T: AsRef<Sandbox> + 'static> AsyncAnswer for GithubService<T> {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        let ((status, answer), link): (StatusAndJson, Option<String>) =
            if head.headers.contains_key(AUTHORIZATION) {
                let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
                let asked = move |world: &mut T| {
                    let (path, query) = (head.uri.path(), head.uri.query().unwrap_or_default());
                    answer(world.as_ref(), &head.method, path, query, &body)
                };
                let answered = self.resident.ask(asked).await;
                answered.unwrap_or_else(|| (problem(500, "The sandbox is gone."), None))
            } else {
                (problem(401, "Requires authentication"), None)
            };
        if status == StatusCode::NO_CONTENT.as_u16() {
            let mut response = Response::new(Full::default());
            *response.status_mut() = StatusCode::NO_CONTENT;
            return response;
        }
        let mut response = json(status, &answer);
        if let Some(link) = link.and_then(|link| HeaderValue::try_from(link).ok()) {
            response.headers_mut().insert(LINK, link);
        }
        response
    }
}
