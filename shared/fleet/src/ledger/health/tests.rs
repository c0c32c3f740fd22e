//! Rests and the breaker, moment by moment.

use proptest::prelude::*;

use super::*;

mod rests;

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + minute * 60).unwrap()
}

#[test]
fn old_news_of_no_capacity_renews_no_rest() {
    let mut health = Health::default();
    health.no_capacity(at(0), "RESOURCE:CPU", at(0));
    assert!(health.resting(at(2)).is_some());
    assert!(health.resting(at(3)).is_none());
    health.started(at(4));
    health.no_capacity(at(1), "Your Spot Task was interrupted.", at(5));
    assert!(health.resting(at(5)).is_none(), "a runner launched before the last start");
    health.no_capacity(at(5), "Your Spot Task was interrupted.", at(6));
    assert!(health.resting(at(6)).is_some(), "a runner launched after it");
}

#[test]
fn a_start_that_says_nothing_new_is_not_written_down() {
    let mut health = Health::default();
    let seconds = |count| SignedDuration::from_secs(count);
    health.started(at(0));
    let first = health.clone();
    health.started(at(0) + seconds(9));
    assert_eq!(health, first);
    health.started(at(0) + seconds(10));
    assert_eq!(health.last_start, Some(at(0) + seconds(10)));
    health.boot_failed(at(1), "CannotPullContainerError", at(1));
    health.started(at(0) + seconds(11));
    assert_eq!(health.failures, 0, "it ends what was wrong at once");
}

#[test]
fn three_failed_boots_open_the_breaker_and_one_trial_follows() {
    let mut health = Health::default();
    for _ in 0..2 {
        health.boot_failed(at(0), "CannotPullContainerError", at(1));
        assert!(health.resting(at(1)).is_none());
    }
    health.boot_failed(at(0), "CannotPullContainerError", at(1));
    assert_eq!(health.resting(at(1)).map(|rest| rest.cause), Some(RestCause::BootFailures));

    assert!(health.resting(at(2)).is_none());
    health.reserved(at(2));
    assert!(health.resting(at(2)).is_some(), "one trial, then rest again");
    health.started(at(3));
    assert_eq!(health.resting(at(3)), None, "the trial came up");
    assert_eq!(health.failures, 0);
}

#[test]
fn failed_runs_open_the_breaker_and_a_job_alone_closes_it() {
    for (thirds, failures, why) in [
        (3, 3, "three failures in a row"),
        (9, 1, "an outdated runner at once"),
        (1, 9, "one that was killed is a third of a failure"),
    ] {
        let mut health = Health::default();
        for _ in 1..failures {
            health.run_failed(at(0), thirds, "exit code 1", at(1));
            assert!(health.resting(at(1)).is_none(), "{why}");
        }
        health.run_failed(at(0), thirds, "exit code 1", at(1));
        assert_eq!(health.resting(at(1)).map(|rest| rest.cause), Some(RestCause::RunFailures), "{why}");
        health.started(at(1));
        assert!(health.resting(at(1)).is_some(), "{why}; a question proves no run");
        assert!(health.resting(at(2)).is_none(), "{why}; a minute");
        health.reserved(at(2));
        assert!(health.resting(at(2)).is_some(), "{why}; one trial at a time");
        health.ran_job(at(3));
        assert_eq!((health.resting(at(3)), health.run_failure_thirds), (None, 0), "{why}; it has run a job");
    }
}

#[test]
fn a_job_that_ran_ends_a_row_of_failed_runs_also_right_after_another_one() {
    let mut health = Health::default();
    health.ran_job(at(0));
    health.run_failed(at(0), 3, "exit code 1", at(0));
    assert_eq!(health.run_failure_thirds, 3, "launched as that job began, it counts");
    health.ran_job(at(0));
    assert_eq!(health.run_failure_thirds, 0);
    let before = health.clone();
    health.ran_job(at(0));
    assert_eq!(health, before, "what says nothing new is not written");
}

#[test]
fn a_run_that_began_before_the_last_job_says_nothing_and_no_rest_is_longer_than_a_quarter() {
    let mut health = Health::default();
    health.ran_job(at(5));
    health.run_failed(at(4), 9, "exit code 7", at(6));
    assert_eq!(health.run_failure_thirds, 0, "reserved before that job");
    for minute in 6..26 {
        health.run_failed(at(minute), 9, "exit code 7", at(minute));
    }
    let until = health.rest.as_ref().unwrap().until;
    assert_eq!(until.duration_since(at(25)), SignedDuration::from_mins(15));
}

/// What fails of a batch that was reserved at one time, and failed this many minutes later: the failures that
/// count, and the minutes of rest from the last one on.
#[test]
fn what_fails_of_one_batch_counts_once() {
    type Fails = fn(&mut Health, Timestamp, Timestamp);
    let refused: Fails = |it, launched, now| it.launch_refused(launched, "AccessDeniedException", now);
    let boots: Fails = |it, launched, now| it.boot_failed(launched, "CannotPullContainerError", now);
    let runs: Fails = |it, launched, now| it.run_failed(launched, 3, "exit code 1", now);
    for (fails, failed, failures, rest, why) in [
        (refused, vec![0; 10], 1, 1, "ten that are refused at once"),
        (refused, vec![0, 0, 0, 1, 1, 1], 1, 1, "a rest that is over: it begins again, no longer"),
        (boots, vec![1; 10], 3, 1, "ten that cannot pull their image: three of them open the breaker"),
        (boots, vec![1, 1, 1, 2, 3, 4], 3, 1, "some of them pulled for longer"),
        (runs, vec![1; 10], 3, 1, "ten whose listener cannot start"),
    ] {
        let mut health = Health::default();
        for &minute in &failed {
            fails(&mut health, at(0), at(minute));
        }
        assert_eq!(health.failures + health.run_failure_thirds / 3, failures, "{why}");
        let (until, last) = (health.rest.as_ref().unwrap().until, at(*failed.last().unwrap()));
        assert_eq!(until.duration_since(last), SignedDuration::from_mins(rest), "{why}");

        fails(&mut health, until, until);
        assert_eq!(health.failures + health.run_failure_thirds / 3, failures + 1, "{why}: the next batch");
        assert_eq!(health.rest.as_ref().unwrap().until.duration_since(until), SignedDuration::from_mins(2));
    }
}

#[test]
fn a_batch_of_before_the_last_start_leaves_nothing_to_the_next_one() {
    let mut health = Health::default();
    health.launch_refused(at(0), "AccessDeniedException", at(0));
    health.started(at(1));
    assert_eq!((health.failures, health.broken_at), (0, None));
    health.launch_refused(at(0), "AccessDeniedException", at(2));
    assert_eq!(health.failures, 1, "it is refused now, whenever it was reserved");
    health.run_failed(at(2), 9, "exit code 7", at(3));
    health.ran_job(at(4));
    assert_eq!((health.run_failure_thirds, health.runs_broken_at), (0, None));
    health.run_failed(at(4), 9, "exit code 7", at(5));
    health.definition_changed();
    assert_eq!((health.run_failure_thirds, health.runs_broken_at), (0, None));
}

proptest! {
    /// Whatever the sizes of the batches, and however long their launches take to be refused: each counts
    /// once, and nothing is launched before the rest of its number is over.
    #[test]
    fn batches_are_counted_and_not_their_launches(
        batches in proptest::collection::vec(proptest::collection::vec(0_i64..90, 1..20), 1..9),
    ) {
        let mut health = Health::default();
        let mut now = at(0);
        for (batch, number) in batches.iter().zip(1_u32..) {
            prop_assert!(health.resting(now).is_none());
            let reserved_at = now;
            health.reserved(now);
            let mut seconds = batch.clone();
            seconds.sort_unstable();
            for second in seconds {
                now = reserved_at + SignedDuration::from_secs(second);
                health.launch_refused(reserved_at, "AccessDeniedException", now);
                prop_assert!(health.resting(now).is_some());
            }
            prop_assert_eq!(health.failures, number);
            let until = health.rest.as_ref().unwrap().until;
            prop_assert!(until.duration_since(now) <= backoff(number));
            now = until;
        }
    }
}
