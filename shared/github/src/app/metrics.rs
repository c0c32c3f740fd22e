//! The metrics of the client: each name once.

use fleet::metric::Metric;
use metrics::{counter, gauge};

/// Calls of GitHub's API; by [`OUTCOME`].
pub const GITHUB_CALLS: Metric = Metric::counter("GitHubCalls", "Calls of GitHub's API").by(&[OUTCOME]);

/// Calls of the hour that GitHub's primary limit still allows, as its last answer said.
pub const RATE_LIMIT_REMAINING: Metric =
    Metric::gauge("GitHubRateLimitRemaining", "Calls that GitHub's primary limit still allows");

/// Entries of GitHub's lists that say too little to be read. The others of their page count.
pub const ENTRIES_UNREADABLE: Metric =
    Metric::counter("GitHubEntriesUnreadable", "Entries of GitHub's lists that could not be read");

/// The field of how a call ended: `Done`, `Failed`, `Wait` or `Unanswered`.
pub const OUTCOME: &str = "Outcome";

/// All of them.
pub const METRICS: &[Metric] = &[GITHUB_CALLS, RATE_LIMIT_REMAINING, ENTRIES_UNREADABLE];

pub(super) fn called(outcome: &'static str) {
    counter!(GITHUB_CALLS.name, OUTCOME => outcome).increment(1);
}

pub(super) fn remaining(calls: u32) {
    gauge!(RATE_LIMIT_REMAINING.name).set(f64::from(calls));
}

pub(super) fn unreadable(entries: usize) {
    if entries > 0 {
        counter!(ENTRIES_UNREADABLE.name).increment(u64::try_from(entries).unwrap_or(u64::MAX));
    }
}
