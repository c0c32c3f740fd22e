//! Posts deliveries to a deployed Function URL, as GitHub would.

use std::time::Duration;

use anyhow::{Context, Result};
use secrecy::SecretString;
use serde::Serialize;
use ureq::http::Response;

use crate::source::Source;

/// GitHub waits this long for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What was answered to one POST.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Posted {
    /// The file's name without its ending.
    pub name: String,
    /// The event.
    pub event: String,
    /// Status and body.
    pub answer: String,
}

/// Posts to one URL, as GitHub does. Clones share their connections.
#[derive(Debug, Clone)]
pub struct Poster {
    agent: ureq::Agent,
    url: String,
}

impl Poster {
    /// Posts to this URL.
    pub fn new(url: &str) -> Self {
        let config =
            ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).http_status_as_error(false).build();
        Self { agent: ureq::Agent::new_with_config(config), url: url.to_owned() }
    }

    /// The same, for a path below the URL.
    #[must_use]
    pub fn at(&self, path: &str) -> Self {
        let url = format!("{}/{}", self.url.trim_end_matches('/'), path.trim_start_matches('/'));
        Self { agent: self.agent.clone(), url }
    }

    /// Posts once, and gives status and body. An answer of any status is an answer; none at all is an
    /// error.
    pub fn post<N: AsRef<str>, V: AsRef<[u8]>>(
        &self,
        headers: impl IntoIterator<Item = (N, V)>,
        body: &str,
    ) -> Result<(u16, String)> {
        let answer = self.exchange(headers, body)?;
        Ok((answer.status().as_u16(), answer.into_body()))
    }

    /// The same, and gives the whole answer.
    pub fn exchange<N: AsRef<str>, V: AsRef<[u8]>>(
        &self,
        headers: impl IntoIterator<Item = (N, V)>,
        body: &str,
    ) -> Result<Response<String>> {
        let mut request = self.agent.post(&self.url);
        for (name, value) in headers {
            // The client counts the bytes itself.
            if name.as_ref() != "content-length" {
                request = request.header(name.as_ref(), value.as_ref());
            }
        }
        let unanswered = || format!("no answer from {}", self.url);
        let mut response = request.send(body).with_context(unanswered)?;
        let body = response.body_mut().read_to_string().with_context(unanswered)?;
        Ok(response.map(|_| body))
    }
}

/// Posts one delivery after the other.
pub fn post(url: &str, sources: &[Source], secret: &SecretString) -> Result<Vec<Posted>> {
    let poster = Poster::new(url);
    let post_one = |source: &Source| {
        let answered = poster.post(source.headers(secret), source.body());
        let (status, body) = answered.with_context(|| source.name.clone())?;
        let answer = format!("{status} {body}");
        Ok(Posted { name: source.name.clone(), event: source.event.clone(), answer })
    };
    sources.iter().map(post_one).collect()
}
