//! What each thing that is done about a lie is called, and which event it is.

use super::stage::*;
use crate::ids::GithubRunnerId;
use crate::launch::SeenStop;
use crate::ledger::{Event, Runner, RunnerEvent, RunnerState};
use crate::ports::Registration;
use crate::repair::SeenTask;
use crate::repair::lying::{CountedOut, Mend, StopCause};

/// Stops the task of runner 1.
fn stops(known: Option<&Runner>, cause: StopCause) -> Mend {
    Mend::Stop {
        runner: id(1),
        known: known.cloned(),
        task: SeenTask::of("mayfly_ec2", task(1, "RUNNING")),
        cause,
    }
}

#[test]
fn each_mend_has_its_names_and_is_an_event_where_that_is_all() {
    use StopCause::{JobOver, LaunchGivenBack, NoJob, ToldToLeave, UnknownRunner};
    let ours = &listening(runner(1, "small", RunnerState::Idle, 60));
    let stop = SeenStop::of(None, "Essential container in task exited", Some(0), created_at(None));
    let stopped = RunnerEvent::TaskStopped(stop.class, stop.reason.clone(), stop.times);
    let note_stopped = Mend::NoteStopped { runner: ours.clone(), stop };
    let read_job = Mend::StopUnlessAtJob { runner: ours.clone(), job: job(1, "small", "small"), task: None };
    let counts_out = |cause| Mend::CountOut { runner: ours.clone(), cause };
    let (offline, not_asking) = (counts_out(CountedOut::Offline), counts_out(CountedOut::DoesNotAsk));
    let found_offline = RunnerEvent::FoundOffline(GithubRunnerId(7));
    let name = id(1).github_name(&pool("small"));
    let registration = Registration { id: GithubRunnerId(7), name, is_online: false, is_busy: false };
    let deregister = Mend::Deregister { runner: ours.clone(), registration };
    for (mend, known, name, counted_as, event) in [
        (note_stopped, Some(ours), "note stopped", "StopUnheard", Some(stopped)),
        (stops(None, UnknownRunner), None, "stop", "StrayTask", None),
        (stops(Some(ours), LaunchGivenBack), Some(ours), "stop", "StrayTask", None),
        (stops(Some(ours), ToldToLeave), Some(ours), "stop", "SilentTask", None),
        (stops(Some(ours), JobOver), Some(ours), "stop", "SilentTask", None),
        (stops(Some(ours), NoJob), Some(ours), "stop", "SilentTask", None),
        (read_job, Some(ours), "stop unless at a job", "SilentTask", None),
        (offline, Some(ours), "count out", "Offline", Some(found_offline)),
        (not_asking, Some(ours), "count out", "DoesNotAsk", Some(RunnerEvent::FoundNotAsking)),
        (deregister, Some(ours), "delete a registration", "Registration", None),
    ] {
        assert_eq!((mend.runner(), mend.known()), (&ours.id, known), "{mend:?}");
        assert_eq!((mend.name(), mend.counted_as()), (name, counted_as), "{mend:?}");
        assert_eq!(mend.event(), event.map(|event| Event::Runner(id(1), event)), "{mend:?}");
    }
}
