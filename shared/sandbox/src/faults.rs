//! What can go wrong on the platform, each with its own rate.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde::Serialize;

/// One thing that can go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each is told by `Fault::tells`")]
pub enum Fault {
    WebhookDropped,
    WebhookDoubled,
    WebhookDelayed,
    WebhookCrashesBeforeSend,
    WebhookCrashesAfterSend,
    SendFails,
    SendAnswerLost,
    MessageComesAgain,
    LedgerReadFails,
    CommitAnswerLost,
    LauncherCrashesBeforeCommit,
    LauncherCrashesAfterCommit,
    LauncherCrashesBeforeRunTask,
    LauncherCrashesAfterRunTask,
    RunTaskAnswerLost,
    RunTaskThrottled,
    RunTaskAgentFails,
    RunTaskNoCapacity,
    RunTaskRefused,
    TaskFailsToStart,
    TaskNeverStarts,
    TaskNeverClaims,
    PreparationFails,
    ListenerSaysNothing,
    FreezeFails,
    TaskExitsWithoutJob,
    RunnerDiesIdle,
    RunnerDiesAtWork,
    ClaimAnswerLost,
    ReleaseAnswerLost,
    JobGivenAtDeletion,
    StopEventDoubled,
    StopEventLate,
    StopEventLost,
    RegistrarCrashesBeforeCommit,
    RegistrarCrashesAfterCommit,
    RegistrarCrashesBeforeGithub,
    RegistrarCrashesAfterGithub,
    GithubAsksToWait,
    GithubConflicts,
    GithubRefuses,
    GithubFails,
    GithubAnswerLost,
    SchedulerTickMissed,
    SchedulerTickDoubled,
    SchedulerCrashesBeforeCommit,
    SchedulerCrashesAfterCommit,
    SchedulerCrashesBeforeRunTask,
    SchedulerCrashesAfterRunTask,
    SchedulerCrashesBeforeStopTask,
    SchedulerCrashesAfterStopTask,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Self; 51] = [
        Self::WebhookDropped,
        Self::WebhookDoubled,
        Self::WebhookDelayed,
        Self::WebhookCrashesBeforeSend,
        Self::WebhookCrashesAfterSend,
        Self::SendFails,
        Self::SendAnswerLost,
        Self::MessageComesAgain,
        Self::LedgerReadFails,
        Self::CommitAnswerLost,
        Self::LauncherCrashesBeforeCommit,
        Self::LauncherCrashesAfterCommit,
        Self::LauncherCrashesBeforeRunTask,
        Self::LauncherCrashesAfterRunTask,
        Self::RunTaskAnswerLost,
        Self::RunTaskThrottled,
        Self::RunTaskAgentFails,
        Self::RunTaskNoCapacity,
        Self::RunTaskRefused,
        Self::TaskFailsToStart,
        Self::TaskNeverStarts,
        Self::TaskNeverClaims,
        Self::PreparationFails,
        Self::ListenerSaysNothing,
        Self::FreezeFails,
        Self::TaskExitsWithoutJob,
        Self::RunnerDiesIdle,
        Self::RunnerDiesAtWork,
        Self::ClaimAnswerLost,
        Self::ReleaseAnswerLost,
        Self::JobGivenAtDeletion,
        Self::StopEventDoubled,
        Self::StopEventLate,
        Self::StopEventLost,
        Self::RegistrarCrashesBeforeCommit,
        Self::RegistrarCrashesAfterCommit,
        Self::RegistrarCrashesBeforeGithub,
        Self::RegistrarCrashesAfterGithub,
        Self::GithubAsksToWait,
        Self::GithubConflicts,
        Self::GithubRefuses,
        Self::GithubFails,
        Self::GithubAnswerLost,
        Self::SchedulerTickMissed,
        Self::SchedulerTickDoubled,
        Self::SchedulerCrashesBeforeCommit,
        Self::SchedulerCrashesAfterCommit,
        Self::SchedulerCrashesBeforeRunTask,
        Self::SchedulerCrashesAfterRunTask,
        Self::SchedulerCrashesBeforeStopTask,
        Self::SchedulerCrashesAfterStopTask,
    ];

    /// What happens, in a few words.
    pub fn tells(self) -> &'static str {
        match self {
            Self::WebhookDropped => "GitHub never delivers a webhook",
            Self::WebhookDoubled => "a webhook is delivered twice",
            Self::WebhookDelayed => "a webhook comes up to six hours late",
            Self::WebhookCrashesBeforeSend => "the webhook function crashes before it sends the message",
            Self::WebhookCrashesAfterSend => "the webhook function crashes before it answers",
            Self::SendFails => "the queue takes no message",
            Self::SendAnswerLost => "the queue takes the message and its answer is lost",
            Self::MessageComesAgain => "a message that is done with comes again",
            Self::LedgerReadFails => "the ledger does not answer a read",
            Self::CommitAnswerLost => "the ledger writes and its answer is lost",
            Self::LauncherCrashesBeforeCommit => "the launcher crashes before it writes",
            Self::LauncherCrashesAfterCommit => "the launcher crashes after it wrote",
            Self::LauncherCrashesBeforeRunTask => "the launcher crashes before RunTask",
            Self::LauncherCrashesAfterRunTask => "the launcher crashes after RunTask",
            Self::RunTaskAnswerLost => "RunTask starts the task and its answer is lost",
            Self::RunTaskThrottled => "RunTask is throttled",
            Self::RunTaskAgentFails => "RunTask answers failures[] with AGENT",
            Self::RunTaskNoCapacity => "RunTask answers failures[] with no capacity",
            Self::RunTaskRefused => "RunTask is refused for good",
            Self::TaskFailsToStart => "a task fails to start",
            Self::TaskNeverStarts => "a task stays PROVISIONING until ECS gives it up",
            Self::TaskNeverClaims => "PID 1 hangs before its claim",
            Self::PreparationFails => "Docker does not come up beside PID 1",
            Self::ListenerSaysNothing => "a listener does not say that it is up, nor that it runs a job",
            Self::FreezeFails => "a process below PID 1 cannot be made to stand still",
            Self::TaskExitsWithoutJob => "a runner exits with 0 and had no job",
            Self::RunnerDiesIdle => "a runner dies before its job",
            Self::RunnerDiesAtWork => "a runner dies during its job",
            Self::ClaimAnswerLost => "the answer to a claim is lost",
            Self::ReleaseAnswerLost => "the answer to a release is lost",
            Self::JobGivenAtDeletion => "GitHub gives a runner a job as it deletes its registration",
            Self::StopEventDoubled => "a stop event comes twice",
            Self::StopEventLate => "a stop event comes up to an hour late",
            Self::StopEventLost => "a stop event is lost",
            Self::RegistrarCrashesBeforeCommit => "the registrar crashes before it writes",
            Self::RegistrarCrashesAfterCommit => "the registrar crashes after it wrote",
            Self::RegistrarCrashesBeforeGithub => "the registrar crashes before it calls GitHub",
            Self::RegistrarCrashesAfterGithub => "the registrar crashes after it called GitHub",
            Self::GithubAsksToWait => "GitHub answers 403, and asks everybody to wait a minute",
            Self::GithubConflicts => "GitHub answers 409 for a name that is free",
            Self::GithubRefuses => "GitHub answers 422",
            Self::GithubFails => "GitHub answers 502",
            Self::GithubAnswerLost => "GitHub does it and its answer is lost",
            Self::SchedulerTickMissed => "a tick of the scheduler does not come",
            Self::SchedulerTickDoubled => "a tick of the scheduler comes twice",
            Self::SchedulerCrashesBeforeCommit => "the scheduler crashes before it writes",
            Self::SchedulerCrashesAfterCommit => "the scheduler crashes after it wrote",
            Self::SchedulerCrashesBeforeRunTask => "the scheduler crashes before RunTask",
            Self::SchedulerCrashesAfterRunTask => "the scheduler crashes after RunTask",
            Self::SchedulerCrashesBeforeStopTask => "the scheduler crashes before StopTask",
            Self::SchedulerCrashesAfterStopTask => "the scheduler crashes after StopTask",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// How likely each fault is, every time that it could happen.
pub type Rates = BTreeMap<Fault, f64>;

/// Strikes by its rates. It draws from numbers of its own, so that a sandbox without faults runs the
/// same whether it has weather or not.
#[derive(Debug)]
pub(crate) struct Weather {
    rates: RefCell<Rates>,
    struck: RefCell<BTreeMap<Fault, u32>>,
    random: RefCell<StdRng>,
}

impl Weather {
    pub(crate) fn new(seed: u64) -> Self {
        let random = RefCell::new(StdRng::seed_from_u64(!seed));
        Self { rates: RefCell::default(), struck: RefCell::default(), random }
    }

    pub(crate) fn set(&self, rates: Rates) {
        *self.rates.borrow_mut() = rates;
    }

    pub(crate) fn strikes(&self, fault: Fault) -> bool {
        let Some(rate) = self.rates.borrow().get(&fault).copied() else { return false };
        let strikes = self.random.borrow_mut().random_bool(rate.clamp(0.0, 1.0));
        if strikes {
            *self.struck.borrow_mut().entry(fault).or_default() += 1;
        }
        strikes
    }

    pub(crate) fn struck(&self) -> BTreeMap<Fault, u32> {
        self.struck.borrow().clone()
    }
}
