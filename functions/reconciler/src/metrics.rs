//! The metrics of the function: each name once.

use fleet::metric::Metric;

/// Steps of a pass that failed.
pub const STEPS_FAILED: Metric = Metric::counter("ReconcilerStepsFailed", "Steps of a pass that failed");

/// Jobs that are due and were left to the next pass, because the calls of this one were used up.
pub const READS_LEFT: Metric = Metric::gauge("JobReadsLeft", "Jobs to be read that a pass left to the next");

/// Jobs that were something else at GitHub than in the ledger, which has it now; by [`FOUND`].
pub const JOBS_MENDED: Metric =
    Metric::counter("JobsMended", "Jobs that GitHub knew differently").by(&[FOUND]);

/// Jobs that wait for a runner and that no webhook told of; by [`CAUSE`].
pub const DEMAND_FOUND_LATE: Metric =
    Metric::counter("DemandFoundLate", "Waiting jobs that no webhook told of").by(&[CAUSE]);

/// Jobs that GitHub does not answer for: after a day one is counted no longer.
pub const JOBS_UNREAD: Metric =
    Metric::counter("JobsUnread", "Jobs that GitHub has not answered for in a day").with_alarm();

/// Books that did not say what their items add up to, at two looks, and were written anew.
pub const LEDGER_DRIFT: Metric =
    Metric::counter("LedgerDrift", "Books that were not what their items add up to").with_alarm();

/// Runners that listened beside a job which GitHub gave to none, and were counted out.
pub const RUNNERS_PASSED_OVER: Metric =
    Metric::counter("RunnersPassedOver", "Runners counted out because they listened beside a waiting job");

/// Jobs that were passed over by several runners: the settings of the runner group, most likely.
pub const JOBS_GIVEN_TO_NOBODY: Metric =
    Metric::counter("JobsGivenToNobody", "Jobs that GitHub gives to no runner of ours").with_alarm();

/// Calls of GitHub that count in its limit of an hour, as the reconciler makes them.
pub const READS: Metric = Metric::counter("ReconcilerCalls", "Calls of GitHub that the reconciler made");

/// Seconds since the turn of the repository that waits for its next one the longest.
pub const SWEEP_SECONDS: Metric =
    Metric::gauge("SweepSeconds", "Seconds since each repository was looked through for jobs");

/// 1 while no webhook comes and jobs are found all the same, else 0.
pub const WEBHOOKS_LOST: Metric =
    Metric::gauge("WebhooksLost", "1 while jobs are found that no webhook tells of").with_alarm();

/// Seconds for which the job that waits the longest has waited; 0 where none does.
pub const OLDEST_UNSERVED_SECONDS: Metric =
    Metric::gauge("OldestUnservedSeconds", "Seconds that the oldest waiting job has waited").with_alarm();

/// Runners, tasks and registrations that were not what they should be, at two looks, and are set right; by
/// [`FOUND`].
pub const LIES_MENDED: Metric =
    Metric::counter("LiesMended", "Runners, tasks and registrations that were set right").by(&[FOUND]);

/// The field of what was found: of jobs `Gated`, `Demand`, `InProgress`, `Completed`, `Gone`, `RunEnded`,
/// `Unserved` or `Unread`; of runners what [`fleet::repair::lying::Mend::counted_as`] says.
pub const FOUND: &str = "Found";

/// The field that says why the job was not known: `Approval` where a job had waited for one, or was thought to;
/// `NoDelivery` if no webhook had come.
pub const CAUSE: &str = "Cause";

/// The value of [`CAUSE`] for a job that had waited for an approval.
pub(crate) const APPROVAL: &str = "Approval";

/// The value of [`CAUSE`] for a job without a webhook.
pub(crate) const NO_DELIVERY: &str = "NoDelivery";

/// All of them.
pub const METRICS: &[Metric] = &[
    STEPS_FAILED,
    READS_LEFT,
    LIES_MENDED,
    JOBS_MENDED,
    DEMAND_FOUND_LATE,
    JOBS_UNREAD,
    LEDGER_DRIFT,
    RUNNERS_PASSED_OVER,
    JOBS_GIVEN_TO_NOBODY,
    READS,
    SWEEP_SECONDS,
    WEBHOOKS_LOST,
    OLDEST_UNSERVED_SECONDS,
];
