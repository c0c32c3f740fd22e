//! The metrics of the function: each name once, as `CloudWatch` has it.
//!
//! They are few, because each name with each of its dimensions' values costs money. They go
//! nowhere until a recorder is installed. Those of GitHub's API are `github::app::metrics`.

use metrics::{Unit, describe_counter};

/// Claims; by [`ANSWER`].
pub const CLAIMS: &str = "Claims";

/// Releases; by [`ANSWER`]: `Stay` or `Leave`.
pub const RELEASES: &str = "Releases";

/// Tickets that were refused; by [`ANSWER`]: `Forged`, or `AnotherBoot` where a good ticket was shown
/// by somebody else than the runner, which is worth an alarm.
pub const TICKETS_REFUSED: &str = "TicketsRefused";

/// Questions that waited because the calls of the minute were used up, or because GitHub had asked to
/// wait.
pub const GITHUB_WAITS: &str = "GitHubWaits";

/// Registrations that were deleted because a claim's answer had been lost.
pub const REGISTRATIONS_REPLACED: &str = "RegistrationsReplaced";

/// The dimension of what was answered.
pub const ANSWER: &str = "Answer";

/// With a JIT config.
pub const GRANTED: &str = "Granted";
/// 409.
pub const NOT_NEEDED: &str = "NotNeeded";
/// 410.
pub const GONE: &str = "Gone";
/// 403, another boot.
pub const REFUSED: &str = "Refused";
/// 503.
pub const LATER: &str = "Later";

/// Tells the recorder the units and what the metrics mean; once, after it is installed.
pub fn describe() {
    describe_counter!(CLAIMS, Unit::Count, "Claims, by their answer");
    describe_counter!(RELEASES, Unit::Count, "Releases, by their answer");
    describe_counter!(TICKETS_REFUSED, Unit::Count, "Tickets that were refused");
    describe_counter!(GITHUB_WAITS, Unit::Count, "Questions that waited for GitHub's limits");
    describe_counter!(REGISTRATIONS_REPLACED, Unit::Count, "Registrations of lost answers that were deleted");
}
