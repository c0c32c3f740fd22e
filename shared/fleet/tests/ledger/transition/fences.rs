//! Runners without a JIT config may be fenced, and runners that are not what they should be are counted out.

use super::*;
use fleet::launch::FailureClass;

const OUT_OF_IDLE: &str = "spot.supply -1, spot.idle -1";

#[test]
fn a_runner_that_is_not_needed_is_fenced_while_it_has_asked_for_nothing() {
    let fenced = |posts| writes("Leaving as Fenced", posts, NOTED);
    at_every_point(
        &RunnerEvent::Fenced,
        0,
        [
            (
                Life::Starting,
                fenced("spot.supply -1"),
                "its task may be stopped now: no config will be answered",
            ),
            (Life::Called, nothing(NOTED), "it may already have a JIT config"),
            (Life::Registered, nothing(NOTED), "a job may come any moment"),
            (Life::Listening, nothing(NOTED), "a job may come any moment"),
            (Life::Slow, fenced(""), "Overdue runners are fenced like Starting ones"),
            (Life::Hung, nothing(NOTED), "it has a JIT config"),
            (Life::Busy, nothing(NOTED), "it has a job"),
            (Life::Fenced, nothing(NOTED), "done before"),
            (Life::Leaving, nothing(NOTED), "it leaves by itself"),
            (Life::Stopped, nothing(NOTED), "its task has stopped"),
        ],
    );
}

#[test]
fn a_runner_that_has_come_to_be_needed_is_not_fenced_unless_its_pool_is_closed() {
    for (jobs, maximum, holds, why) in [
        (1, 5, false, "a job waits for it"),
        (0, 5, true, "nobody does"),
        (1, 0, true, "nothing runs in a pool that is out of the map, even if jobs wait"),
    ] {
        for life in [Life::Starting, Life::Slow] {
            let before = life.runner();
            let book = Book { maximum, ..alone(&before, jobs) };
            let outcome = of_runner(&before, &RunnerEvent::Fenced, &book, at(0));
            assert_eq!(outcome.runner.is_some(), holds, "{life:?}: {why}");
        }
    }
}

#[test]
fn a_runner_whose_task_finds_no_capacity_is_fenced_and_its_capacity_rests() {
    let why = || "no capacity within five minutes".to_owned();
    let fenced = |posts| with(News::NoCapacity(why()), writes("Leaving as NoCapacity", posts, NOTED));
    at_every_point(
        &RunnerEvent::FoundNoCapacity(why()),
        1,
        [
            (Life::Starting, fenced("spot.supply -1"), "its replacement should start elsewhere"),
            (Life::Called, nothing(NOTED), "it came up after all"),
            (Life::Registered, nothing(NOTED), "it came up after all"),
            (Life::Listening, nothing(NOTED), "it came up after all"),
            (Life::Slow, fenced(""), "it is no longer supply"),
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
            (Life::Starting, out("spot.supply -1"), "its instance is about to end"),
            (Life::Called, out(OUT_OF_IDLE), "its instance is about to end"),
            (Life::Registered, out(OUT_OF_IDLE), "GitHub does not list it online"),
            (Life::Listening, out(OUT_OF_IDLE), "GitHub does not list it online"),
            (Life::Slow, out(""), "its instance is about to end"),
            (Life::Hung, out(""), "GitHub does not list it online"),
            (Life::Busy, nothing(NOTED), "it has a job, which continues as long as it can"),
            (Life::Fenced, nothing(NOTED), "it no longer counts"),
            (Life::Leaving, nothing(NOTED), "it no longer counts"),
            (Life::Stopped, nothing(NOTED), "it no longer counts"),
        ],
    );
}

#[test]
fn a_runner_that_github_does_not_see_is_counted_out_by_the_registration_that_it_has() {
    let out = |posts| writes("Leaving as CountedOut", posts, NOTED);
    at_every_point(
        &RunnerEvent::FoundOffline(GithubRunnerId(7)),
        3,
        [
            (Life::Starting, nothing(NOTED), "without an id it cannot be online"),
            (Life::Called, nothing(NOTED), "the same"),
            (Life::Registered, out(OUT_OF_IDLE), "its listener never came up"),
            (Life::Listening, out(OUT_OF_IDLE), "its listener is gone"),
            (Life::Slow, nothing(NOTED), "without an id it cannot be online"),
            (Life::Hung, out(""), "its listener never came up"),
            (Life::Busy, nothing(NOTED), "it has a job"),
            (Life::Fenced, nothing(NOTED), "it no longer counts"),
            (Life::Leaving, nothing(NOTED), "it no longer counts"),
            (Life::Stopped, nothing(NOTED), "it no longer counts"),
        ],
    );
    for life in Life::ALL {
        let before = life.runner();
        let another = RunnerEvent::FoundOffline(GithubRunnerId(8));
        let outcome = of_runner(&before, &another, &alone(&before, 3), at(0));
        assert_eq!(effect(&before, &outcome), nothing(NOTED), "{life:?}: it has another registration now");
    }
}

#[test]
fn a_runner_that_does_not_ask_is_counted_out_while_there_is_a_surplus() {
    let event = RunnerEvent::FoundNotAsking;
    for life in Life::ALL {
        let before = life.runner();
        for (jobs, why) in [(0, "there is a surplus"), (1, "there is none any longer")] {
            let outcome = of_runner(&before, &event, &alone(&before, jobs), at(0));
            let expected = if life == Life::Listening && jobs == 0 {
                writes("Leaving as CountedOut", OUT_OF_IDLE, NOTED)
            } else {
                nothing(NOTED)
            };
            assert_eq!(effect(&before, &outcome), expected, "{life:?}: {why}");
        }
    }
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
                (Life::Slow, ends("plain.live -1"), "there is no longer a task"),
                (Life::Hung, nothing(NOTED), "an earlier try of the same launch has started its task"),
                (Life::Busy, nothing(NOTED), "the same"),
                (Life::Fenced, ends("plain.live -1"), "fenced while it was launched"),
                (Life::Leaving, nothing(NOTED), "an earlier try of the same launch has started its task"),
                (Life::Stopped, nothing(NOTED), "told twice"),
            ],
        );
    }
}

#[test]
fn why_a_launch_is_put_off_is_kept_once_and_moves_nothing() {
    let why = || "AGENT".to_owned();
    let kept = || writes("put_off", "", NOTED);
    at_every_point(
        &RunnerEvent::LaunchTried(Some(why())),
        1,
        [
            (Life::Starting, kept(), "the reason is needed if it is given up"),
            (Life::Called, nothing(NOTED), "it has its task"),
            (Life::Registered, nothing(NOTED), "the same"),
            (Life::Listening, nothing(NOTED), "the same"),
            (Life::Slow, kept(), "it is launched again like a Starting one"),
            (Life::Hung, nothing(NOTED), "it has its task"),
            (Life::Busy, nothing(NOTED), "the same"),
            (Life::Fenced, nothing(NOTED), "nobody launches it now"),
            (Life::Leaving, nothing(NOTED), "the same"),
            (Life::Stopped, nothing(NOTED), "the same"),
        ],
    );
    let before = Runner { put_off: Some(why()), ..Life::Starting.runner() };
    for (said, wrote, why) in [
        (Some(why()), "", "a reason that is repeated each minute is not written again"),
        (Some("ThrottlingException: Rate exceeded".to_owned()), "put_off", "another reason"),
        (None, "put_off", "it has its task: the reason is of no use any more"),
    ] {
        let outcome = of_runner(&before, &RunnerEvent::LaunchTried(said), &alone(&before, 1), at(0));
        assert_eq!(effect(&before, &outcome), writes(wrote, "", NOTED), "{why}");
    }
}

#[test]
fn a_launch_that_was_put_off_until_its_boot_limit_counts_as_refused() {
    let why = || "not launched within fifteen minutes; AGENT".to_owned();
    let event = RunnerEvent::NotLaunched(why());
    let outcome = |life: Life, seconds| {
        let before = life.runner();
        of_runner(&before, &event, &alone(&before, 1), at(seconds))
    };
    for (life, seconds, why) in [
        (Life::Starting, 299, "it has its fifteen minutes"),
        (Life::Called, 3000, "it has its task"),
        (Life::Busy, 3000, "the same"),
        (Life::Fenced, 3000, "it is given up already"),
    ] {
        assert_eq!(outcome(life, seconds), unchanged(NOTED), "{life:?}: {why}");
    }
    for life in [Life::Starting, Life::Slow] {
        let Outcome { runner, news, .. } = outcome(life, 300);
        let runner = runner.map(|it| (it.state, it.leaves));
        assert_eq!(runner, Some((RunnerState::Leaving, Some(LeaveReason::BootFailed))), "{life:?}");
        assert_eq!(news, Some(News::LaunchRefused(why())), "{life:?}: it is reported at once");
    }
}
