//! Posts deliveries to a deployed Function URL, as GitHub would.

use std::time::Duration;

use anyhow::{Context, Result};
use secrecy::SecretString;
use serde::Serialize;

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

/// Posts one delivery after the other. An answer of any status is an answer; none at all is an error.
pub fn post(url: &str, sources: &[Source], secret: &SecretString) -> Result<Vec<Posted>> {
    let config =
        ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).http_status_as_error(false).build();
    let agent = ureq::Agent::new_with_config(config);
    sources.iter().map(|source| post_one(&agent, url, source, secret)).collect()
}

fn post_one(agent: &ureq::Agent, url: &str, source: &Source, secret: &SecretString) -> Result<Posted> {
    let mut request = agent.post(url);
    for (name, value) in source.headers(secret) {
        if name != "content-length" {
            request = request.header(name, value);
        }
    }
    let unanswered = || format!("{}: no answer from {url}", source.name);
    let mut response = request.send(source.body()).with_context(unanswered)?;
    let body = response.body_mut().read_to_string().with_context(unanswered)?;
    let answer = format!("{} {body}", response.status().as_u16());
    Ok(Posted { name: source.name.clone(), event: source.event.clone(), answer })
}
