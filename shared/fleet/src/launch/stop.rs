//! What a task's stop says about its pool's health.

use serde::{Deserialize, Serialize};

use super::exit_code::{
    DOCKER_UNAVAILABLE, FAILED, JOB_DONE, KILLED, NOT_NEEDED, RELEASED, REMOVED, RUNNER_OUTDATED, TERMINATED,
};
use super::reason::{ReasonMeaning, meaning};
use super::task_times::TaskTimes;

/// The `stopCode` of a task that never ran.
const FAILED_TO_START: &str = "TaskFailedToStart";

/// Thirds of failed runs in a row that open the breaker: three whole ones.
pub const RUN_THIRDS_ALLOWED: u32 = 9;

/// What a stop means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopClass {
    /// Somebody asked for it, or its machine failed: it says nothing of the pool.
    Ordinary,
    /// Its capacity went away, or never came.
    NoCapacity,
    /// The instance under it is gone. Where that was bought as Spot, its capacity went away; elsewhere it says
    /// nothing of the pool, and the task is replaced at once.
    InstanceGone,
    /// It came to an end by itself.
    Ended(Ending),
}

/// How a task came to its end. Before PID 1 has asked for anything every end is a failed boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// As it should: after a job, because it was let go, or because it was not needed.
    Well,
    /// GitHub removed it, while it waited for a job.
    Removed,
    /// Its runner failed, or another container of the task did.
    Failed,
    /// GitHub refuses this version of the runner program.
    Outdated,
    /// It was killed, or nobody knows.
    Killed,
}

impl Ending {
    /// How it weighs as a failed run, in thirds of one; nothing where it is none.
    pub fn thirds(self) -> u32 {
        match self {
            Self::Well | Self::Removed => 0,
            Self::Killed => 1,
            Self::Failed => 3,
            // No other task of the pool fares better.
            Self::Outdated => RUN_THIRDS_ALLOWED,
        }
    }
}

/// A stop, as ECS tells it: by an event, or when it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenStop {
    /// What it means.
    pub class: StopClass,
    /// Why, in ECS's words, with what is known of PID 1's exit code.
    pub reason: String,
    /// When the task came to each of its points.
    pub times: TaskTimes,
}

impl SeenStop {
    /// By ECS's `stopCode` and `stoppedReason`, and the exit code of PID 1, where there is one.
    pub fn of(code: Option<&str>, reason: &str, exit_code: Option<i64>, times: TaskTimes) -> Self {
        Self { class: of_stop(code, reason, exit_code), reason: stop_text(reason, exit_code), times }
    }

    /// Of a task of which ECS knows nothing any more.
    pub fn unknown() -> Self {
        let reason = "found stopped, and ECS no longer knows why".to_owned();
        Self { class: StopClass::Ordinary, reason, times: TaskTimes::default() }
    }
}

/// Classifies ECS's stop of a task by its `stopCode`, its `stoppedReason` and the exit code of
/// PID 1, where there is one.
///
/// A code that is not known yet means nothing about the pool, unless the reason does. What that says of capacity
/// counts with whichever code: some stops of Spot have none, or `TerminationNotice`. What it says of a container that
/// could not be made counts where no code says that somebody asked for the stop.
fn of_stop(code: Option<&str>, reason: &str, exit_code: Option<i64>) -> StopClass {
    match (meaning(reason), code) {
        (Some(ReasonMeaning::NoCapacity), _) | (_, Some("SpotInterruption")) => StopClass::NoCapacity,
        (Some(ReasonMeaning::InstanceGone), _) | (_, Some("TerminationNotice")) => StopClass::InstanceGone,
        (_, Some(FAILED_TO_START | "EssentialContainerExited")) => StopClass::Ended(of_exit(exit_code)),
        (Some(ReasonMeaning::BootFailed), code) if !code.is_some_and(is_known_stop_code) => {
            StopClass::Ended(of_exit(exit_code))
        }
        _ => StopClass::Ordinary,
    }
}

fn of_exit(code: Option<i64>) -> Ending {
    match code {
        Some(JOB_DONE | RELEASED | NOT_NEEDED) => Ending::Well,
        Some(REMOVED) => Ending::Removed,
        Some(RUNNER_OUTDATED) => Ending::Outdated,
        Some(KILLED) | None => Ending::Killed,
        Some(_) => Ending::Failed,
    }
}

/// A stop's reason for people: ECS's words, with what is known of PID 1's exit code.
fn stop_text(reason: &str, exit_code: Option<i64>) -> String {
    let means = match exit_code {
        None | Some(JOB_DONE) => return reason.to_owned(),
        Some(RUNNER_OUTDATED) => ": runner outdated: GitHub refuses this version",
        Some(DOCKER_UNAVAILABLE) => ": Docker did not come up",
        Some(FAILED) => ": its log says why",
        Some(TERMINATED) => ": another container of the task ended it",
        Some(_) => "",
    };
    format!("{reason}, exit code {}{means}", exit_code.unwrap_or_default())
}

/// Whether ECS's documentation names this `stopCode` (ECS: `Task`, "stopCode"). Others are to come.
pub fn is_known_stop_code(code: &str) -> bool {
    const KNOWN: [&str; 7] = [
        FAILED_TO_START,
        "EssentialContainerExited",
        "UserInitiated",
        "ServiceSchedulerInitiated",
        "SpotInterruption",
        "TerminationNotice",
        "InfrastructureHealth",
    ];
    KNOWN.contains(&code)
}

/// Whether a stop's reason is known, where the reason matters: a task that never ran.
pub fn is_known_stop_reason(code: Option<&str>, reason: &str) -> bool {
    code != Some(FAILED_TO_START) || meaning(reason).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_of_a_task_that_never_ran_is_known_or_new() {
        assert!(is_known_stop_reason(
            Some("TaskFailedToStart"),
            "CannotPullContainerError: manifest unknown"
        ));
        assert!(is_known_stop_reason(Some("EssentialContainerExited"), "Essential container in task exited"));
        assert!(!is_known_stop_reason(Some("TaskFailedToStart"), "SOMETHING NEW"));
    }

    #[test]
    fn a_code_is_known_or_new() {
        assert!(is_known_stop_code("InfrastructureHealth"));
        assert!(!is_known_stop_code("SomethingNew"));
    }

    #[test]
    fn stops_are_told_apart() {
        use Ending::{Failed, Killed, Outdated, Removed, Well};
        use StopClass::{Ended, InstanceGone, NoCapacity, Ordinary};
        for (code, reason, exit, class) in [
            (Some("EssentialContainerExited"), "Essential container in task exited", Some(0), Ended(Well)),
            (Some("EssentialContainerExited"), "Essential container in task exited", Some(75), Ended(Well)),
            (Some("EssentialContainerExited"), "Essential container in task exited", Some(76), Ended(Well)),
            (Some("EssentialContainerExited"), "Essential container in task exited", Some(77), Ended(Failed)),
            (
                Some("EssentialContainerExited"),
                "Essential container in task exited",
                Some(7),
                Ended(Outdated),
            ),
            (
                Some("EssentialContainerExited"),
                "Essential container in task exited",
                Some(78),
                Ended(Removed),
            ),
            (Some("EssentialContainerExited"), "Essential container in task exited", Some(1), Ended(Failed)),
            (
                Some("EssentialContainerExited"),
                "Essential container in task exited",
                Some(143),
                Ended(Failed),
            ),
            (
                Some("EssentialContainerExited"),
                "Essential container in task exited",
                Some(137),
                Ended(Killed),
            ),
            (Some("EssentialContainerExited"), "Essential container in task exited", None, Ended(Killed)),
            (Some("UserInitiated"), "Task stopped by an operator", Some(143), Ordinary),
            (Some("InfrastructureHealth"), "", Some(137), Ordinary),
            (Some("TaskFailedToStart"), "CannotPullContainerError: manifest unknown", None, Ended(Killed)),
            (Some("TaskFailedToStart"), "Capacity is unavailable at this time.", None, NoCapacity),
            (Some("SpotInterruption"), "Your Spot Task was interrupted.", None, NoCapacity),
            (None, "Your Spot Task was interrupted.", Some(137), NoCapacity),
            (Some("TerminationNotice"), "", None, InstanceGone),
            (Some("UserInitiated"), "fenced: past its boot limit", None, Ordinary),
            (Some("SomethingNew"), "", None, Ordinary),
            (Some("SomethingNew"), "CannotPullContainerError: manifest unknown", None, Ended(Killed)),
            (None, "CannotPullContainerError: manifest unknown", None, Ended(Killed)),
            (Some("UserInitiated"), "CannotPullContainerError, so I stopped it", Some(143), Ordinary),
            (None, "", None, Ordinary),
        ] {
            assert_eq!(of_stop(code, reason, exit), class, "{code:?} {reason:?} {exit:?}");
        }
    }

    #[test]
    fn an_outdated_runner_is_named() {
        let reason = "Essential container in task exited";
        let outdated =
            "Essential container in task exited, exit code 7: runner outdated: GitHub refuses this version";
        assert_eq!(stop_text(reason, Some(7)), outdated);
        assert_eq!(stop_text(reason, Some(3)), "Essential container in task exited, exit code 3");
        assert_eq!(stop_text(reason, None), reason);
    }
}
