//! The metrics of the client: each name once.

use fleet::metric::Metric;
use metrics::{counter, gauge};

/// Calls of GitHub's API; by [`OUTCOME`].
pub const GITHUB_CALLS: Metric = Metric::counter("GitHubCalls", "Calls of GitHub's API").by(&[OUTCOME]);

/// Calls of the hour that GitHub's primary limit still allows, as its last answer said.
pub const RATE_LIMIT_REMAINING: Metric =
    Metric::gauge("GitHubRateLimitRemaining", "Calls that GitHub's primary limit still allows");

/// The field of how a call ended: `Done`, `Failed`, `Wait` or `Unanswered`.
pub const OUTCOME: &str = "Outcome";

/// All of them.
pub const METRICS: &[Metric] = &[GITHUB_CALLS, RATE_LIMIT_REMAINING];

pub(super) fn called(outcome: &'static str) {
    counter!(GITHUB_CALLS.name, OUTCOME => outcome).increment(1);
}

pub(super) fn remaining(calls: u32) {
    gauge!(RATE_LIMIT_REMAINING.name).set(f64::from(calls));
}
