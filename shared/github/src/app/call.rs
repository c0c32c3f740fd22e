//! One call of GitHub's API.

use fleet::ports::{Clock, GithubError};
use http::header::{HeaderName, HeaderValue, LINK, LOCATION};
use http::request::Builder;
use http::{HeaderMap, Method, StatusCode};
use http_body_util::BodyExt as _;
use octocrab::Octocrab;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};

use super::{App, failure, metrics};

/// How often an answer that names another place is followed. A repository that was renamed twice is one place away.
const REDIRECTS: u32 = 3;

/// An answer that was read to its end.
pub(super) struct ReadResponse {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// The entries of a list. One that cannot be read hides none of the others.
#[derive(Deserialize)]
#[serde(from = "Vec<Entry<T>>")]
pub(super) struct Entries<T> {
    pub(super) read: Vec<T>,
    pub(super) unreadable: usize,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Entry<T> {
    Read(T),
    Unreadable(IgnoredAny),
}

impl<T> From<Vec<Entry<T>>> for Entries<T> {
    fn from(listed: Vec<Entry<T>>) -> Self {
        let count = listed.len();
        let read = |entry| match entry {
            Entry::Read(entry) => Some(entry),
            Entry::Unreadable(_) => None,
        };
        let read: Vec<T> = listed.into_iter().filter_map(read).collect();
        Self { unreadable: count - read.len(), read }
    }
}

impl ReadResponse {
    /// The body's JSON.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, GithubError> {
        // What serde says of a value may repeat it, and it may be secret.
        serde_json::from_slice(&self.body).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            GithubError::Unavailable(format!("its answer cannot be read, line {line}, column {column}"))
        })
    }
}

impl<C: Clock> App<C> {
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        client: &Octocrab,
        path: &str,
    ) -> Result<T, GithubError> {
        self.call(client, &Method::GET, path, None::<&()>).await?.json()
    }

    /// Calls GitHub. Anything but success is an error, by its status and headers.
    pub(super) async fn call<B: Serialize>(
        &self,
        client: &Octocrab,
        method: &Method,
        path: &str,
        body: Option<&B>,
    ) -> Result<ReadResponse, GithubError> {
        self.call_with(client, method, path, body, None).await
    }

    /// The same with one more header. To a condition that does not hold GitHub answers 304, which is no
    /// error.
    pub(super) async fn call_with<B: Serialize>(
        &self,
        client: &Octocrab,
        method: &Method,
        path: &str,
        body: Option<&B>,
        header: Option<(HeaderName, HeaderValue)>,
    ) -> Result<ReadResponse, GithubError> {
        let mut answer = self.send(client, method, path, body, header.clone()).await;
        // A token that has just been signed or minted may not be known everywhere yet. Of an
        // installation's calls octocrab has tried this one again, with a new token.
        let unauthorized = |answer: &ReadResponse| answer.status == StatusCode::UNAUTHORIZED;
        if answer.as_ref().is_ok_and(unauthorized) && path_is_of_app(path) {
            answer = self.send(client, method, path, body, header.clone()).await;
        }
        // What belongs to a repository that was renamed is elsewhere (GitHub: "Best practices for using the REST
        // API", "Follow redirects").
        for _ in 0..REDIRECTS {
            let moved = answer.as_ref().ok().filter(|_| method == Method::GET);
            let Some(path) = moved.and_then(|moved| moved_to(moved, &self.config.api_url)) else { break };
            answer = self.send(client, method, &path, body, header.clone()).await;
        }
        let ended = answer.and_then(|answer| {
            if answer.status.is_success() || answer.status == StatusCode::NOT_MODIFIED {
                Ok(answer)
            } else {
                Err(failure::of_answer(&answer, self.clock.now()))
            }
        });
        metrics::called(match &ended {
            Ok(_) => "Done",
            Err(GithubError::Wait(_)) => "Wait",
            Err(GithubError::Unavailable(_)) => "Unanswered",
            Err(_) => "Failed",
        });
        if matches!(ended, Err(GithubError::Refused(_))) {
            self.forget_installation();
        }
        ended
    }

    async fn send<B: Serialize>(
        &self,
        client: &Octocrab,
        method: &Method,
        path: &str,
        body: Option<&B>,
        header: Option<(HeaderName, HeaderValue)>,
    ) -> Result<ReadResponse, GithubError> {
        let mut request = Builder::new().method(method.clone()).uri(path);
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        let request = client.build_request(request, body).map_err(|error| failure::of_client(&error))?;
        let called = async {
            let response = client.execute(request).await.map_err(|error| failure::of_client(&error))?;
            let (parts, body) = response.into_parts();
            let body = body.collect().await.map_err(|error| failure::of_client(&error))?;
            Ok(ReadResponse { status: parts.status, headers: parts.headers, body: body.to_bytes().to_vec() })
        };
        let answer =
            tokio::time::timeout(self.answer_within, called).await.map_err(|_| failure::no_answer())??;
        if let Some(remaining) = failure::number(&answer.headers, "x-ratelimit-remaining") {
            metrics::remaining(u32::try_from(remaining).unwrap_or(u32::MAX));
        }
        Ok(answer)
    }
}

/// Where a redirection leads, as a path of the API. Elsewhere nobody goes with a token.
fn moved_to(answer: &ReadResponse, api_url: &str) -> Option<String> {
    let is_moved = matches!(
        answer.status,
        StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT
    );
    let location = answer.headers.get(LOCATION).filter(|_| is_moved)?.to_str().ok()?;
    let path = location.strip_prefix(api_url.trim_end_matches('/'))?;
    path.starts_with('/').then(|| path.to_owned())
}

/// A parameter of the link to the next page.
pub(super) fn linked(headers: &HeaderMap, parameter: &str) -> Option<String> {
    let links = headers.get(LINK)?.to_str().ok()?;
    let next = links.split(',').find(|link| link.contains("rel=\"next\""))?;
    let (_, query) = next.split_once('<')?.1.split_once('>')?.0.split_once('?')?;
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(name, _)| *name == parameter).map(|(_, value)| value.to_owned())
}

/// Whether a path is one that the App itself calls, and not its installation.
fn path_is_of_app(path: &str) -> bool {
    path.starts_with("/app/") || path.ends_with("/installation")
}
