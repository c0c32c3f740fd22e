//! Posts deliveries to a deployed Function URL, as GitHub would.

use anyhow::{Context, Result};
use secrecy::SecretString;
use serde::Serialize;
use wire::Poster;

use crate::source::Source;

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
