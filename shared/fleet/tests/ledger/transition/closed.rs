//! A pool that was taken out of the map: its jobs go to another one, its runners come to an end.

use super::*;

/// The book of a pool that is out of the map, with a runner and this many jobs that no other pool serves.
fn closed(jobs: i64) -> impl Fn(&Runner) -> Book {
    move |runner| Book { maximum: 0, ..alone(runner, jobs) }
}

#[test]
fn only_a_job_that_waits_where_it_waited_goes_to_another_pool() {
    use JobState::{Completed, InProgress, Queued, Unserved, Waiting};
    for (before, to, moves, why) in [
        (Some((Queued, "gone")), "here", true, "it waits there still"),
        (Some((Queued, "here")), "here", false, "a doubled tick: it is here"),
        (Some((Queued, "third")), "here", false, "somebody routed it by another map"),
        (Some((Queued, "gone")), "gone", false, "the pool is back in the map"),
        (Some((Waiting, "gone")), "here", false, "it waits for an approval, and is routed once it is given"),
        (Some((Unserved, "gone")), "here", false, "it does not count"),
        (Some((InProgress, "gone")), "here", false, "a runner took it"),
        (Some((Completed, "gone")), "here", false, "cancelled meanwhile"),
        (None, "here", false, "forgotten"),
    ] {
        let before = before.map(|(state, name)| job(state, name));
        let outcome = of_reroute(before.as_ref(), &pool("gone"), &pool(to));
        let posted = posts(before.as_ref(), None, &outcome);
        let expected = before.filter(|_| moves).map(|before| Job { pool: Some(pool(to)), ..before });
        assert_eq!(outcome.job, expected, "{why}: it keeps its state, and since when");
        let counted = if moves { "gone.queued -1, here.queued +1" } else { "" };
        assert_eq!(posted, counted, "{why}");
        assert_eq!((outcome.runner, outcome.news, outcome.answer), (None, None, NOTED), "{why}");
    }
}

#[test]
fn whoever_asks_of_a_pool_that_is_gone_leaves_whatever_waits_there() {
    let out_of_idle = "spot.supply -1, spot.idle -1";
    for jobs in [0, 3] {
        for (listener, asked_at, listened) in [
            (Listener::None, ", asked_at", ""),
            (Listener::Starting, "", ""),
            (Listener::Up, "", ", listened"),
        ] {
            let leaves = |wrote: String, posts| writes(&format!("Leaving as {wrote}"), posts, LEAVE);
            let closed_to = |first: &str, listened, posts| {
                leaves(format!("PoolClosed{first}{asked_at}{listened}"), posts)
            };
            // A second JIT config is refused first; and nobody ends a job.
            let (listening, busy) = match listener {
                Listener::None => (
                    leaves("ConfigUsed, asked_at".to_owned(), out_of_idle),
                    leaves("ConfigUsed, asked_at".to_owned(), ""),
                ),
                _ => (closed_to("", "", out_of_idle), nothing(WAIT)),
            };
            at_every_point_of(
                closed(jobs),
                &asked("first", listener),
                [
                    (
                        Life::Starting,
                        with(News::Started, closed_to(", boot", listened, "spot.supply -1")),
                        "its labels and its group are gone",
                    ),
                    (
                        Life::Called,
                        closed_to("", listened, out_of_idle),
                        "the same, while it waited for GitHub",
                    ),
                    (Life::Registered, closed_to("", listened, out_of_idle), "the same"),
                    (Life::Listening, listening, "the same"),
                    (Life::Slow, with(News::Started, closed_to(", boot", listened, "")), "the same"),
                    (Life::Hung, closed_to("", listened, ""), "the same"),
                    (Life::Busy, busy, "what is busy works on to its end"),
                    (Life::Fenced, nothing(LEAVE), "it is going to be stopped"),
                    (Life::Leaving, nothing(LEAVE), "it was told so before"),
                    (Life::Stopped, nothing(LEAVE), "its task has stopped"),
                ],
            );
        }
    }
}

#[test]
fn another_boot_is_refused_in_a_pool_that_is_gone_as_anywhere() {
    let before = Life::Listening.runner();
    let outcome = of_runner(&before, &asked("second", Listener::None), &closed(0)(&before), at(0));
    assert_eq!(outcome.answer, LedgerAnswer::Ask(AskAnswer::Contested));
}

#[test]
fn a_registration_of_a_pool_that_was_closed_meanwhile_is_nobodys() {
    for jobs in [0, 3] {
        for (life, answer, why) in [
            (Life::Called, LEAVE, "it is deleted, and its next question gets the same answer"),
            (Life::Registered, LEAVE, "it is deleted, and its next question gets the same answer"),
            (Life::Hung, LEAVE, "the same, though jobs may wait: it leaves for its pool's sake"),
            (Life::Busy, WAIT, "what is busy works on to its end"),
            (Life::Leaving, LEAVE, "it leaves already"),
        ] {
            let before = life.runner();
            let outcome = of_runner(&before, &registered("first", 8), &closed(jobs)(&before), at(0));
            assert_eq!(outcome, unchanged(answer), "{life:?} with {jobs} jobs: {why}");
        }
    }
}
