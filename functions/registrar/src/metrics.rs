//! The metrics of the function: each name once, as `CloudWatch` has it.
//!
//! They are few, because each name with each of its dimensions' values costs money. They go
//! nowhere until a recorder is installed. Those of GitHub's API are `github::app::metrics`.

use fleet::metric::Metric;

/// Claims; by [`ANSWER`].
pub const CLAIMS: Metric = Metric::counter("Claims", "Claims, by their answer").by(&[ANSWER]);

/// Releases; by [`ANSWER`]: `Stay` or `Leave`.
pub const RELEASES: Metric = Metric::counter("Releases", "Releases, by their answer").by(&[ANSWER]);

/// Tickets that were refused; by [`ANSWER`]: `Forged`, or `AnotherBoot` where a good ticket was shown
/// by somebody else than the runner, which is worth an alarm.
pub const TICKETS_REFUSED: Metric =
    Metric::counter("TicketsRefused", "Tickets that were refused").by(&[ANSWER]).with_alarm();

/// Registrations that were deleted because a claim's answer had been lost.
pub const REGISTRATIONS_REPLACED: Metric =
    Metric::counter("RegistrationsReplaced", "Registrations of lost answers that were deleted");

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

/// All of them.
pub const METRICS: &[Metric] = &[CLAIMS, RELEASES, TICKETS_REFUSED, REGISTRATIONS_REPLACED];
