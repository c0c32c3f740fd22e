//! PID 1's questions to the registrar, and what it makes of the answers.

use std::time::Duration;

use aws_lambda_events::lambda_function_urls::{LambdaFunctionUrlRequest, LambdaFunctionUrlResponse};
use fleet::claim::{CLAIM, Granted, Question, RELEASE, Release, ReleaseReply as Reply};
use fleet::{BootId, GithubRunnerId};
use http::header::RETRY_AFTER;

use crate::github::registration_of;
use crate::process::{CLAIM_AGAIN, Process};

/// What a task is told that claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimReply {
    /// Its JIT config, which is a registration here.
    JitConfig(GithubRunnerId),
    /// It is not needed, or no longer there.
    NotNeeded,
    /// It is refused.
    Refused,
    /// It is to claim again, after this time.
    Later(Duration),
}

impl ClaimReply {
    /// What PID 1 makes of an answer; of none at all, or of one that is none of the registrar's, that
    /// it is to claim again.
    pub(super) fn read(response: &LambdaFunctionUrlResponse) -> Self {
        match response.status_code {
            200 => {
                let granted: Option<Granted> = body(response);
                let registration = granted.and_then(|granted| registration_of(&granted.jit_config));
                registration.map_or(Self::Later(CLAIM_AGAIN), Self::JitConfig)
            }
            409 | 410 => Self::NotNeeded,
            403 => Self::Refused,
            _ => Self::Later(retry_after(response).unwrap_or(CLAIM_AGAIN)),
        }
    }
}

/// What a runner is told that asks for its release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReleaseReply {
    /// Stay.
    Stay,
    /// Leave.
    Leave,
}

impl ReleaseReply {
    /// What PID 1 makes of an answer: whatever does not let it go lets it stay.
    pub(super) fn read(response: &LambdaFunctionUrlResponse) -> Self {
        let reply: Option<Reply> = body(response).filter(|_| response.status_code == 200);
        match reply {
            Some(Reply { answer: Release::Leave }) => Self::Leave,
            Some(Reply { answer: Release::Stay }) | None => Self::Stay,
        }
    }
}

impl Process {
    pub(super) fn claim(&self) -> Option<LambdaFunctionUrlRequest> {
        self.question(CLAIM, &self.boot)
    }

    pub(super) fn release(&self) -> Option<LambdaFunctionUrlRequest> {
        self.question(RELEASE, &self.boot)
    }

    /// The claim of somebody who has read this process's ticket.
    pub(super) fn stolen_claim(&self) -> Option<LambdaFunctionUrlRequest> {
        self.question(CLAIM, &BootId::new("a thief's boot"))
    }

    fn question(&self, path: &str, boot: &BootId) -> Option<LambdaFunctionUrlRequest> {
        let question = Question { ticket: self.ticket.clone(), boot: boot.clone() };
        let mut request = LambdaFunctionUrlRequest::default();
        request.raw_path = Some(format!("/{path}"));
        request.request_context.http.method = Some("POST".to_owned());
        request.body = Some(serde_json::to_string(&question).ok()?);
        Some(request)
    }
}

fn body<T: serde::de::DeserializeOwned>(response: &LambdaFunctionUrlResponse) -> Option<T> {
    serde_json::from_str(response.body.as_deref()?).ok()
}

fn retry_after(response: &LambdaFunctionUrlResponse) -> Option<Duration> {
    let seconds = response.headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}
