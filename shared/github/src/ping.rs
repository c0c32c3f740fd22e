//! The `ping` that GitHub sends when a webhook is made, or changed by hand.

use serde::Deserialize;

use crate::workflow_job;

/// The event's name.
pub const PING: &str = "ping";

/// What a webhook says of itself. What is absent, or null, is as it should be.
#[derive(Debug, Deserialize)]
pub struct Ping {
    #[serde(default)]
    hook: Option<PingedHook>,
}

#[derive(Debug, Deserialize)]
struct PingedHook {
    #[serde(default)]
    events: Option<Vec<String>>,
}

impl Ping {
    /// Whether the webhook sends what Mayfly takes. `*` stands for all events (GitHub REST: "Create an organization
    /// webhook", `events`).
    pub fn sends_jobs(&self) -> bool {
        let events = self.hook.as_ref().and_then(|hook| hook.events.as_ref());
        events.is_none_or(|events| events.iter().any(|event| event == workflow_job::EVENT || event == "*"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_webhook_sends_jobs_if_it_is_subscribed_to_them() {
        for (payload, sends) in [
            (json!({"hook": {"events": ["push", "workflow_job"]}}), true),
            (json!({"hook": {"events": ["*"]}}), true),
            (json!({"hook": {"events": ["push", "workflow_run"]}}), false),
            (json!({"hook": {"events": []}}), false),
            (json!({"hook": {"events": null}}), true),
            (json!({"hook": null, "zen": "Design for failure."}), true),
            (json!({}), true),
        ] {
            assert_eq!(
                serde_json::from_value::<Ping>(payload.clone()).unwrap().sends_jobs(),
                sends,
                "{payload}"
            );
        }
    }
}
