//! What can not be held yet, because the function that repairs it is not built: in one place.

use sandbox::Fault;

/// A function that is still to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Function {
    /// Compares the ledger with GitHub and with ECS.
    Reconciler,
}

/// The points of what must always hold that wait for a function, with what they wait for.
pub const NOT_YET_CHECKED: [(&str, Function); 4] = [
    ("a task whose runner has stopped without a claim is stopped", Function::Reconciler),
    ("every queued job gets a runner although its webhook was lost", Function::Reconciler),
    ("books come to rest although a stop event was lost", Function::Reconciler),
    ("the registration of a runner that died is deleted before GitHub forgets it", Function::Reconciler),
];

/// Which function repairs what a fault leaves behind; `None` where the functions that are built do.
///
/// A world whose faults are all repaired has to come to rest with every job served. In the others
/// only what must hold at every moment is checked.
pub fn repaired_by(fault: Fault) -> Option<Function> {
    match fault {
        Fault::WebhookDoubled
        | Fault::WebhookDelayed
        | Fault::WebhookCrashesAfterSend
        | Fault::SendAnswerLost
        | Fault::MessageComesAgain
        | Fault::LedgerReadFails
        | Fault::RunTaskAnswerLost
        | Fault::PreparationFails
        | Fault::ListenerSaysNothing
        | Fault::FreezeFails
        | Fault::TaskExitsWithoutJob
        | Fault::RunnerDiesIdle
        | Fault::RunnerDiesAtWork
        | Fault::ClaimAnswerLost
        | Fault::ReleaseAnswerLost
        | Fault::JobGivenAtDeletion
        | Fault::StopEventDoubled
        | Fault::StopEventLate
        | Fault::RegistrarCrashesBeforeCommit
        | Fault::RegistrarCrashesAfterCommit
        | Fault::RegistrarCrashesBeforeGithub
        | Fault::RegistrarCrashesAfterGithub
        | Fault::GithubAsksToWait
        | Fault::GithubConflicts
        | Fault::GithubRefuses
        | Fault::GithubFails
        | Fault::GithubAnswerLost
        | Fault::SchedulerTickMissed
        | Fault::SchedulerTickDoubled
        | Fault::SchedulerCrashesBeforeCommit
        | Fault::SchedulerCrashesAfterCommit
        | Fault::SchedulerCrashesBeforeRunTask
        | Fault::SchedulerCrashesAfterRunTask
        | Fault::SchedulerCrashesBeforeStopTask
        | Fault::SchedulerCrashesAfterStopTask
        | Fault::CommitAnswerLost
        | Fault::LauncherCrashesBeforeCommit
        | Fault::LauncherCrashesAfterCommit
        | Fault::LauncherCrashesBeforeRunTask
        | Fault::LauncherCrashesAfterRunTask
        | Fault::RunTaskThrottled
        | Fault::RunTaskAgentFails
        | Fault::RunTaskNoCapacity
        | Fault::RunTaskRefused
        | Fault::TaskFailsToStart
        | Fault::TaskNeverStarts
        | Fault::TaskNeverClaims => None,
        Fault::WebhookDropped | Fault::WebhookCrashesBeforeSend | Fault::SendFails | Fault::StopEventLost => {
            Some(Function::Reconciler)
        }
    }
}
