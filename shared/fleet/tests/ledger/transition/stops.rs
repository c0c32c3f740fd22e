//! A task that has stopped, at each point of its runner's life.

use super::*;
use fleet::launch::Ending::{Failed, Killed, Outdated, Removed, Well};
use fleet::launch::StopClass::{Ended, NoCapacity, Ordinary};
use fleet::launch::TaskTimes;

const REASON: &str = "in ECS's words";

#[test]
fn a_stop_ends_its_runner_and_counts_by_its_class_while_no_job_has_begun() {
    let boot_failed = || Some(News::BootFailed(REASON.to_owned()));
    let run_failed = |thirds| Some(News::RunFailed(thirds, REASON.to_owned()));
    // The news in each class: of a runner that has asked nothing, and of one that has.
    for (class, unasked, asked) in [
        // Somebody asked for it, or its machine failed.
        (Ordinary, None, None),
        // Before its first question it had no capacity; after it, its instance was taken away.
        (NoCapacity, Some(News::NoCapacity(REASON.to_owned())), None),
        // 0, 75 and 76.
        (Ended(Well), boot_failed(), None),
        // 78: it is replaced at once.
        (Ended(Removed), boot_failed(), Some(News::Reaped)),
        // 1, 77 and every other code; 143, because another container ended the task.
        (Ended(Failed), boot_failed(), run_failed(3)),
        // 137, or no code at all.
        (Ended(Killed), boot_failed(), run_failed(1)),
        // 7: every other task of the pool would end the same way.
        (Ended(Outdated), boot_failed(), run_failed(9)),
    ] {
        let ends = |posts| writes("Stopped", posts, NOTED);
        let unasked = |posts| with(unasked.clone(), ends(posts));
        let asked = |posts| with(asked.clone(), ends(posts));
        let waiting = "spot.supply -1, spot.idle -1, plain.live -1";
        at_every_point(
            &RunnerEvent::TaskStopped(class, REASON.to_owned(), TaskTimes::default()),
            1,
            [
                (Life::Starting, unasked("spot.supply -1, plain.live -1"), "it never asked"),
                (Life::Called, asked(waiting), "it asked, and ended before any job"),
                (Life::Registered, asked(waiting), "the same"),
                (Life::Listening, asked(waiting), "the same"),
                (Life::Slow, unasked("plain.live -1"), "it never asked, and was slow"),
                (Life::Hung, asked("plain.live -1"), "it asked, was slow, and ended before any job"),
                (Life::Busy, ends("plain.live -1"), "its job is over or lost, so its code does not count"),
                (Life::Fenced, ends("plain.live -1"), "stopped by us; the fence has counted it"),
                (Life::Leaving, ends("plain.live -1"), "it left, as it was told"),
                (Life::Stopped, nothing(NOTED), "ECS may repeat an event"),
            ],
        );
    }
}

/// What ECS's words count for: for a runner that has asked, and for one that has not.
#[test]
fn each_code_counts_as_the_table_of_ends_says() {
    use fleet::launch::SeenStop;
    const EXITED: &str = "EssentialContainerExited";
    for (stop_code, exit_code, booting, asked, why) in [
        (EXITED, Some(0), "failed boot", "", "a job has begun and ended, and its webhooks are late"),
        (EXITED, Some(75), "failed boot", "", "it left idle"),
        (EXITED, Some(76), "failed boot", "", "refused, or not needed"),
        (EXITED, Some(78), "failed boot", "reaped", "GitHub removed it"),
        (EXITED, Some(77), "failed boot", "3 thirds", "Docker did not come up"),
        (EXITED, Some(1), "failed boot", "3 thirds", "it failed before any job"),
        (EXITED, Some(7), "failed boot", "9 thirds", "outdated, as all of them are"),
        (EXITED, Some(143), "failed boot", "3 thirds", "another container ended the task"),
        (EXITED, Some(137), "failed boot", "1 thirds", "killed: out of memory, say"),
        (EXITED, None, "failed boot", "1 thirds", "nobody knows"),
        (EXITED, Some(42), "failed boot", "3 thirds", "every code that is not listed counts"),
        ("TaskFailedToStart", None, "failed boot", "1 thirds", "its image is gone"),
        ("UserInitiated", Some(143), "", "", "somebody stopped it"),
        ("UserInitiated", Some(137), "", "", "the same, and it took its time"),
        ("InfrastructureHealth", Some(137), "", "", "its machine failed"),
        ("ServiceSchedulerInitiated", Some(143), "", "", "a service of somebody's"),
        ("SpotInterruption", Some(143), "no capacity", "", "its capacity went away"),
        (
            "TerminationNotice",
            Some(143),
            "instance gone",
            "",
            "its market says whether that is a lack of capacity",
        ),
    ] {
        let stop = SeenStop::of(
            Some(stop_code),
            "Essential container in task exited",
            exit_code,
            TaskTimes::default(),
        );
        for (life, expected) in [(Life::Starting, booting), (Life::Listening, asked)] {
            let before = life.runner();
            let event = RunnerEvent::TaskStopped(stop.class, stop.reason.clone(), TaskTimes::default());
            let told = match of_runner(&before, &event, &alone(&before, 1), at(0)).news {
                None => String::new(),
                Some(News::BootFailed(_)) => "failed boot".to_owned(),
                Some(News::NoCapacity(_)) => "no capacity".to_owned(),
                Some(News::InstanceGone(_)) => "instance gone".to_owned(),
                Some(News::RunFailed(thirds, _)) => format!("{thirds} thirds"),
                Some(News::Reaped) => "reaped".to_owned(),
                Some(other) => format!("{other:?}"),
            };
            assert_eq!(told, expected, "{life:?}, {stop_code} {exit_code:?}: {why}");
        }
    }
}
