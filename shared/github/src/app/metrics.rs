//! The metrics of the client: each name once, as `CloudWatch` has it.

use metrics::{Unit, counter, describe_counter, describe_gauge, gauge};

/// Calls of GitHub's API; by [`OUTCOME`].
pub const GITHUB_CALLS: &str = "GitHubCalls";

/// Calls of the hour that GitHub's primary limit still allows, as its last answer said.
pub const RATE_LIMIT_REMAINING: &str = "GitHubRateLimitRemaining";

/// The dimension of how a call ended: `Done`, `Failed`, `Wait` or `Unanswered`.
pub const OUTCOME: &str = "Outcome";

/// Tells the recorder the units and what the metrics mean; once, after it is installed.
pub fn describe() {
    describe_counter!(GITHUB_CALLS, Unit::Count, "Calls of GitHub's API");
    describe_gauge!(RATE_LIMIT_REMAINING, Unit::Count, "Calls that GitHub's primary limit still allows");
}

pub(super) fn called(outcome: &'static str) {
    counter!(GITHUB_CALLS, OUTCOME => outcome).increment(1);
}

pub(super) fn remaining(calls: u32) {
    gauge!(RATE_LIMIT_REMAINING).set(f64::from(calls));
}
