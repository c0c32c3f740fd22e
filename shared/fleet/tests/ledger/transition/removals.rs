//! A pool that was taken out of the map: its jobs go to another one, its runners come to an end.

use super::*;

/// The book of a pool that is out of the map, with so many jobs that no other pool serves.
fn closed(jobs: i64) -> Book {
    Book { queued: jobs, ..Book::open(pool("spot"), 0) }
}

#[test]
fn only_a_job_that_waits_where_it_waited_goes_to_another_pool() {
    use JobState::{Completed, InProgress, Queued, Unserved};
    for (before, to, moves, why) in [
        (Some((Queued, "gone")), "here", true, "it waits there still"),
        (Some((Queued, "here")), "here", false, "a doubled tick: it is here"),
        (Some((Queued, "third")), "here", false, "somebody routed it by another map"),
        (Some((Queued, "gone")), "gone", false, "the pool is back in the map"),
        (Some((Unserved, "gone")), "here", false, "it does not count"),
        (Some((InProgress, "gone")), "here", false, "a runner took it"),
        (Some((Completed, "gone")), "here", false, "cancelled meanwhile"),
        (None, "here", false, "forgotten"),
    ] {
        let before = before.map(|(state, name)| job(state, name));
        let outcome = of_reroute(before.as_ref(), &pool("gone"), &pool(to));
        let posted = posts(before.as_ref(), None, &outcome);
        let expected = before.filter(|_| moves).map(|before| Job { pool: pool(to), ..before });
        assert_eq!(outcome.job, expected, "{why}: it keeps its state, and since when");
        let counted = if moves { "gone.queued -1, here.queued +1" } else { "" };
        assert_eq!(posted, counted, "{why}");
        assert_eq!((outcome.runner, outcome.health, outcome.answer), (None, None, Answer::Noted), "{why}");
    }
}

#[test]
fn nobody_registers_for_a_pool_that_is_gone_whatever_waits_there() {
    use ClaimAnswer::{Gone, NotNeeded, Refused};
    let leaves = || moves(RunnerState::Leaving, "spot.supply -1", Answer::Claim(NotNeeded));
    let answered = |answer| nothing(Answer::Claim(answer));
    for jobs in [0, 3] {
        at_every_point_of(
            &closed(jobs),
            &RunnerEvent::Claim(boot("first")),
            [
                (Life::Starting, with(HealthNews::Started, leaves()), "its labels and its group are gone"),
                (Life::Claimed, leaves(), "the same, while it waited for GitHub"),
                (Life::Idle, leaves(), "the answer with its JIT config was lost, and there is no other"),
                (Life::Waiting, answered(Gone), "its claim is closed"),
                (Life::Busy, answered(Gone), "it has a job"),
                (Life::Fenced, answered(Gone), "it is going to be stopped"),
                (Life::Leaving, answered(Gone), "it was told to leave"),
                (Life::Stopped, answered(Gone), "its task has stopped"),
            ],
        );
    }
    let stolen = RunnerEvent::Claim(boot("second"));
    let outcome =
        fleet::ledger::transition::of_runner(Some(&Life::Idle.runner()), &stolen, Some(&closed(0)), at(0));
    assert_eq!(outcome, unchanged(Answer::Claim(Refused)), "another boot makes none leave");
}

#[test]
fn an_idle_runner_of_a_pool_that_is_gone_waits_for_its_jobs_and_leaves_when_there_are_none() {
    use ReleaseAnswer::{Leave, Stay};
    for (jobs, answer, why) in [
        (1, Stay, "no other pool serves the job, and it still may"),
        (0, Leave, "there is nothing to wait for"),
    ] {
        let book = Book { supply: 1, ..closed(jobs) };
        let event = RunnerEvent::Release(boot("first"));
        let outcome =
            fleet::ledger::transition::of_runner(Some(&Life::Waiting.runner()), &event, Some(&book), at(0));
        assert_eq!(outcome.answer, Answer::Release(answer), "{why}");
    }
}
