//! Whoever has no JIT config may be fenced, and whoever is not what it should be is counted out.

use super::*;
use fleet::launch::FailureClass;

const OUT_OF_IDLE: &str = "spot.supply -1, spot.idle -1";

#[test]
fn a_runner_that_is_not_needed_is_fenced_while_it_has_asked_for_nothing() {
    let fenced = |posts| writes("Leaving as Fenced", posts, NOTED);
    at_every_point(
        &RunnerEvent::Fenced,
        1,
        [
            (
                Life::Starting,
                fenced("spot.supply -1"),
                "its task may be stopped now: no config will be answered",
            ),
            (Life::Called, nothing(NOTED), "it may have a JIT config in its hands"),
            (Life::Registered, nothing(NOTED), "a job may come any moment"),
            (Life::Listening, nothing(NOTED), "a job may come any moment"),
            (Life::Slow, fenced(""), "whoever looks for Starting ones looks for Overdue ones too"),
            (Life::Hung, nothing(NOTED), "it has a JIT config"),
            (Life::Busy, nothing(NOTED), "it has a job"),
            (Life::Fenced, nothing(NOTED), "done before"),
            (Life::Leaving, nothing(NOTED), "it leaves by itself"),
            (Life::Stopped, nothing(NOTED), "its task has stopped"),
        ],
    );
}

#[test]
fn a_runner_whose_task_finds_no_capacity_is_fenced_and_its_capacity_rests() {
    let why = || "no capacity within five minutes".to_owned();
    let fenced = |posts| with(News::NoCapacity(why()), writes("Leaving as NoCapacity", posts, NOTED));
    at_every_point(
        &RunnerEvent::FoundNoCapacity(why()),
        1,
        [
            (Life::Starting, fenced("spot.supply -1"), "its replacement shall look elsewhere"),
            (Life::Called, nothing(NOTED), "it came up after all"),
            (Life::Registered, nothing(NOTED), "it came up after all"),
            (Life::Listening, nothing(NOTED), "it came up after all"),
            (Life::Slow, fenced(""), "it is in no supply any more"),
            (Life::Hung, nothing(NOTED), "it came up after all"),
            (Life::Busy, nothing(NOTED), "it came up after all"),
            (Life::Fenced, nothing(NOTED), "done before"),
            (Life::Leaving, nothing(NOTED), "it leaves by itself"),
            (Life::Stopped, nothing(NOTED), "its task has stopped"),
        ],
    );
}

#[test]
fn a_runner_that_is_counted_out_gives_up_what_it_counts_once() {
    let out = |posts| writes("Leaving as CountedOut", posts, NOTED);
    at_every_point(
        &RunnerEvent::CountedOut,
        3,
        [
            (Life::Starting, out("spot.supply -1"), "its instance is about to go"),
            (Life::Called, out(OUT_OF_IDLE), "its instance is about to go"),
            (Life::Registered, out(OUT_OF_IDLE), "GitHub does not list it online"),
            (Life::Listening, out(OUT_OF_IDLE), "GitHub does not list it online"),
            (Life::Slow, out(""), "its instance is about to go"),
            (Life::Hung, out(""), "GitHub does not list it online"),
            (Life::Busy, nothing(NOTED), "it has a job, which goes on as long as it can"),
            (Life::Fenced, nothing(NOTED), "it does not count any more"),
            (Life::Leaving, nothing(NOTED), "it does not count any more"),
            (Life::Stopped, nothing(NOTED), "it does not count any more"),
        ],
    );
}

#[test]
fn a_failed_launch_ends_a_runner_that_has_asked_for_nothing() {
    let why = || "RESOURCE:CPU".to_owned();
    for (class, news) in [
        (FailureClass::Later, None),
        (FailureClass::Elsewhere, Some(News::NoCapacity(why()))),
        (FailureClass::Never, Some(News::LaunchRefused(why()))),
    ] {
        let ends = |posts| with(news.clone(), writes("Stopped", posts, NOTED));
        at_every_point(
            &RunnerEvent::LaunchFailed(class, why()),
            1,
            [
                (Life::Starting, ends("spot.supply -1, plain.live -1"), "there is no task"),
                (Life::Called, nothing(NOTED), "an earlier try of the same launch has started its task"),
                (Life::Registered, nothing(NOTED), "the same"),
                (Life::Listening, nothing(NOTED), "the same"),
                (Life::Slow, ends("plain.live -1"), "there is no task any more"),
                (Life::Hung, nothing(NOTED), "an earlier try of the same launch has started its task"),
                (Life::Busy, nothing(NOTED), "the same"),
                (Life::Fenced, ends("plain.live -1"), "fenced while it was launched"),
                (Life::Leaving, nothing(NOTED), "an earlier try of the same launch has started its task"),
                (Life::Stopped, nothing(NOTED), "told twice"),
            ],
        );
    }
}
