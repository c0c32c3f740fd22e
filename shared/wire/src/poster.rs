//! Posts to a Function URL: deliveries, as GitHub does, and questions, as PID 1 does.

use std::time::Duration;

use anyhow::{Context as _, Result};
use ureq::http::Response;

/// How long GitHub waits for an answer to a delivery.
const PATIENCE: Duration = Duration::from_secs(10);

/// Posts to one URL. Clones share their connections.
#[derive(Debug, Clone)]
pub struct Poster {
    agent: ureq::Agent,
    url: String,
}

impl Poster {
    /// Posts deliveries to this URL, as GitHub does.
    pub fn new(url: &str) -> Self {
        Self::patient(url, PATIENCE)
    }

    /// Posts to this URL, and waits so long for an answer.
    pub fn patient(url: &str, patience: Duration) -> Self {
        let config =
            ureq::Agent::config_builder().timeout_global(Some(patience)).http_status_as_error(false).build();
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
        body: impl AsRef<[u8]>,
    ) -> Result<(u16, String)> {
        let answer = self.exchange(headers, body)?;
        Ok((answer.status().as_u16(), answer.into_body()))
    }

    /// The same, and gives the whole answer.
    pub fn exchange<N: AsRef<str>, V: AsRef<[u8]>>(
        &self,
        headers: impl IntoIterator<Item = (N, V)>,
        body: impl AsRef<[u8]>,
    ) -> Result<Response<String>> {
        let mut request = self.agent.post(&self.url);
        for (name, value) in headers {
            // The client counts the bytes itself.
            if name.as_ref() != "content-length" {
                request = request.header(name.as_ref(), value.as_ref());
            }
        }
        let unanswered = || format!("no answer from {}", self.url);
        let mut response = request.send(body.as_ref()).with_context(unanswered)?;
        let body = response.body_mut().read_to_string().with_context(unanswered)?;
        Ok(response.map(|_| body))
    }
}
