//! The metrics of the function: each name once.
//!
//! They are lines of the log, and `CloudWatch`'s where an alarm watches them. They go nowhere until a recorder is
//! installed. Those of GitHub's API are `github::app::metrics`.

use fleet::metric::Metric;

/// Questions that were answered with something to do, or not at all; by [`ANSWER`]. Those that were told
/// to wait are not counted.
pub const QUESTIONS: Metric =
    Metric::counter("Questions", "Questions of runners, by their answer").by(&[ANSWER]);

/// Tickets that were refused; by [`ANSWER`]: `Forged`, or `Replayed` where another boot than its own shows a good one
/// long after it.
pub const TICKETS_REFUSED: Metric =
    Metric::counter("TicketsRefused", "Tickets that were refused").by(&[ANSWER]).with_alarm();

/// Good tickets that two boots showed soon after each other: one of the two is a thief, and both are let go.
pub const SECOND_BOOTS: Metric = Metric::counter("SecondBoots", "Tickets that two boots showed").with_alarm();

/// Registrations that were deleted because the answer with their JIT config had been lost.
pub const REGISTRATIONS_REPLACED: Metric =
    Metric::counter("RegistrationsReplaced", "Registrations of lost answers that were deleted");

/// Registrations that run a job although no runner received their JIT config: it was stolen on its way.
pub const REGISTRATIONS_TAKEN: Metric =
    Metric::counter("RegistrationsTaken", "Registrations at work whose JIT config nobody was answered")
        .with_alarm();

/// Questions answered later of runners that were reserved a quarter of an hour ago or more, and still
/// have no JIT config: GitHub, or the way to it, is out of order.
pub const CONFIGS_LATE: Metric =
    Metric::counter("ConfigsLate", "Questions of runners that wait for their JIT config for too long")
        .with_alarm();

/// Days since the runner program of a runner that was answered its JIT config was last known to be GitHub's newest. GitHub
/// gives no job to a version 30 days after the next one is out.
pub const RUNNER_VERSION_DAYS: Metric =
    Metric::observed("RunnerVersionDays", "Days since the runner program was known to be the newest")
        .with_alarm();

/// The field of what was answered.
pub const ANSWER: &str = "Answer";

/// With a JIT config.
pub const CONFIG: &str = "Config";
/// To leave.
pub const LEAVE: &str = "Leave";
/// 403, another boot.
pub const REFUSED: &str = "Refused";
/// 503.
pub const LATER: &str = "Later";

/// All of them.
pub const METRICS: &[Metric] = &[
    QUESTIONS,
    TICKETS_REFUSED,
    SECOND_BOOTS,
    REGISTRATIONS_REPLACED,
    REGISTRATIONS_TAKEN,
    CONFIGS_LATE,
    RUNNER_VERSION_DAYS,
];
