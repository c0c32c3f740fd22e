//! What a task's stop says about its pool's health.

use serde::{Deserialize, Serialize};

use super::exit_code::{JOB_DONE, NOT_NEEDED, RELEASED};
use super::failure::is_no_capacity;

/// What a stop means for a runner that had not claimed yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopClass {
    /// It ran its course, or somebody asked for the stop.
    Ordinary,
    /// Its capacity went away, or never came.
    NoCapacity,
    /// It could not start: image, network, volume, Docker, an outdated runner.
    BootFailed,
}

/// Classifies ECS's stop of a task by its `stopCode`, its `stoppedReason` and the exit code of
/// PID 1, where there is one.
///
/// Spot stops are known by their reason too, because the code is missing from some. A code that is
/// not known yet means nothing about the pool.
pub fn of_stop(code: Option<&str>, reason: &str, exit_code: Option<i64>) -> StopClass {
    let spot = matches!(code, Some("SpotInterruption" | "TerminationNotice")) || reason.contains("Spot");
    if spot || is_no_capacity(reason) {
        return StopClass::NoCapacity;
    }
    match (code, exit_code) {
        (Some("EssentialContainerExited"), Some(JOB_DONE | RELEASED | NOT_NEEDED)) => StopClass::Ordinary,
        (Some("TaskFailedToStart" | "EssentialContainerExited"), _) => StopClass::BootFailed,
        _ => StopClass::Ordinary,
    }
}

/// Whether ECS's documentation names this `stopCode` (ECS: `Task`, "stopCode"). Others are to come.
pub fn is_known_stop_code(code: &str) -> bool {
    const KNOWN: [&str; 7] = [
        "TaskFailedToStart",
        "EssentialContainerExited",
        "UserInitiated",
        "ServiceSchedulerInitiated",
        "SpotInterruption",
        "TerminationNotice",
        "InfrastructureHealth",
    ];
    KNOWN.contains(&code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_known_or_new() {
        assert!(is_known_stop_code("InfrastructureHealth"));
        assert!(!is_known_stop_code("SomethingNew"));
    }

    #[test]
    fn stops_are_told_apart() {
        use StopClass::{BootFailed, NoCapacity, Ordinary};
        for (code, reason, exit, class) in [
            (Some("EssentialContainerExited"), "Essential container in task exited", Some(0), Ordinary),
            (Some("EssentialContainerExited"), "Essential container in task exited", Some(75), Ordinary),
            (Some("EssentialContainerExited"), "Essential container in task exited", Some(76), Ordinary),
            (Some("EssentialContainerExited"), "Essential container in task exited", Some(77), BootFailed),
            (Some("EssentialContainerExited"), "Essential container in task exited", Some(7), BootFailed),
            (Some("EssentialContainerExited"), "Essential container in task exited", None, BootFailed),
            (Some("TaskFailedToStart"), "CannotPullContainerError: manifest unknown", None, BootFailed),
            (Some("TaskFailedToStart"), "Capacity is unavailable at this time.", None, NoCapacity),
            (Some("SpotInterruption"), "Your Spot Task was interrupted.", None, NoCapacity),
            (None, "Your Spot Task was interrupted.", Some(137), NoCapacity),
            (Some("TerminationNotice"), "", None, NoCapacity),
            (Some("UserInitiated"), "fenced: past its boot limit", None, Ordinary),
            (Some("SomethingNew"), "", None, Ordinary),
            (None, "", None, Ordinary),
        ] {
            assert_eq!(of_stop(code, reason, exit), class, "{code:?} {reason:?} {exit:?}");
        }
    }
}
