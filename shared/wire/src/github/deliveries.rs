//! Webhook deliveries on GitHub's protocol: pages of them, each with a link to the next, and redelivery.

use fleet::delivery::{Attempt, AttemptId};
use jiff::Timestamp;
use sandbox::Sandbox;
use sandbox::github::RedeliverError;
use serde_json::{Value, json};

use super::{StatusAndJson, problem};

/// Deliveries a page, where the request says nothing (GitHub's description: 30).
const PAGE: usize = 30;

/// A page of deliveries, and the link to the next one.
pub(super) fn list(sandbox: &Sandbox, path: &str, query: &str) -> (StatusAndJson, Option<String>) {
    let parameter = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    let size = parameter("per_page").and_then(|size| size.parse().ok()).unwrap_or(PAGE);
    let github = sandbox.github().borrow();
    let Some(page) = github.attempts(parameter("cursor"), size) else {
        return (problem(422, "Validation Failed"), None);
    };
    let attempts: Vec<Value> = page.attempts.iter().map(shape).collect();
    let link = |next| format!("<https://api.github.com{path}?per_page={size}&cursor={next}>; rel=\"next\"");
    ((200, Value::Array(attempts)), page.next.map(link))
}

/// Asks for an attempt once more.
pub(super) fn again(sandbox: &Sandbox, attempt: &str, now: Timestamp) -> StatusAndJson {
    let Ok(attempt) = attempt.parse().map(AttemptId) else { return problem(404, "Not Found") };
    match sandbox.github().borrow_mut().ask_again(attempt, now) {
        Ok(()) => (202, json!({})),
        Err(RedeliverError::NotFound) => problem(404, "Not Found"),
        Err(RedeliverError::TooOld) => problem(422, "Validation Failed"),
    }
}

/// An attempt as GitHub's list has it.
fn shape(attempt: &Attempt) -> Value {
    let status = match attempt.status_code {
        0 => "failed to connect to host",
        200..=299 => "OK",
        _ => "Invalid HTTP Response",
    };
    json!({
        "id": attempt.id, "guid": attempt.guid, "delivered_at": attempt.delivered_at,
        "redelivery": attempt.redelivery, "duration": 0.0, "status": status,
        "status_code": attempt.status_code, "event": attempt.event, "action": attempt.action,
        "installation_id": super::INSTALLATION, "repository_id": null,
    })
}
