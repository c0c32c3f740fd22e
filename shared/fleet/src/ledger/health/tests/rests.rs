//! How long a capacity rests, and what ends its rest.

use super::*;

type Fails = fn(&mut Health, Timestamp);

/// After nine failures, in the last second of the rest.
fn resting(fails: Fails) -> (Health, Timestamp) {
    let (mut health, mut now) = (Health::default(), at(0));
    for _ in 0..9 {
        fails(&mut health, now);
        now = health.resting(now).map_or(now, |rest| rest.until);
    }
    now -= SignedDuration::from_secs(1);
    assert!(health.resting(now).is_some());
    (health, now)
}

/// One failure after the other, each when the rest of the one before is over: the minutes of each rest.
#[test]
fn rests_double_from_the_failure_that_opens_the_breaker_up_to_the_longest_of_its_cause() {
    let refused: Fails = |it, now| it.launch_refused(now, "AccessDeniedException", now);
    let boots: Fails = |it, now| it.boot_failed(now, "CannotPullContainerError", now);
    let runs: Fails = |it, now| it.run_failed(now, 3, "exit code 1", now);
    let outdated: Fails = |it, now| it.run_failed(now, 9, "exit code 7", now);
    for (fails, minutes, why) in [
        (refused, &[1, 2, 4, 8, 16, 32, 60, 60][..], "refused launches, from the first one on"),
        (boots, &[0, 0, 1, 2, 4, 8, 16, 32, 60, 60], "failed boots, from the third one on"),
        (runs, &[0, 0, 1, 2, 4, 8, 15, 15], "failed runs, from the third one on"),
        (outdated, &[1, 8, 15, 15], "an outdated runner weighs as much as three"),
    ] {
        let (mut health, mut now) = (Health::default(), at(0));
        for &expected in minutes {
            health.reserved(now);
            fails(&mut health, now);
            let until = health.resting(now).map_or(now, |rest| rest.until);
            assert_eq!(until.duration_since(now), SignedDuration::from_mins(expected), "{why}: {minutes:?}");
            now = until;
        }
    }
    let mut health = Health { failures: u32::MAX, ..Health::default() };
    health.launch_refused(at(0), "AccessDeniedException", at(0));
    assert_eq!(health.rest.map(|rest| rest.until), Some(at(60)), "however often it failed");
}

#[test]
fn a_start_ends_every_rest_but_that_of_failed_runs_and_what_fails_then_begins_anew() {
    let no_capacity: Fails = |it, now| it.no_capacity(now, "RESOURCE:CPU", now);
    let refused: Fails = |it, now| it.launch_refused(now, "AccessDeniedException", now);
    let boots: Fails = |it, now| it.boot_failed(now, "CannotPullContainerError", now);
    let runs: Fails = |it, now| it.run_failed(now, 9, "exit code 7", now);
    for (fails, ends, why) in [
        (no_capacity, true, "no capacity"),
        (refused, true, "a refused launch"),
        (boots, true, "failed boots"),
        (runs, false, "failed runs, which a job alone ends"),
    ] {
        // The first start ever, and one so soon after another that by itself it says nothing new.
        for since_the_last in [None, Some(SignedDuration::from_secs(9))] {
            let (mut health, now) = resting(fails);
            health.last_start = since_the_last.map(|since| now - since);
            health.started(now);
            assert_eq!(health.resting(now).is_none(), ends, "{why}");
            assert_eq!(health.failures, 0, "{why}");
            if ends {
                assert_eq!(health.last_start, Some(now), "{why}");
                health.reserved(now);
                assert_eq!(health.resting(now), None, "{why}: as many as are needed, and no trial");
                refused(&mut health, now);
                let until = health.resting(now).map(|rest| rest.until);
                assert_eq!(until, Some(now + SignedDuration::from_mins(1)), "{why}: the first failure again");
            }
        }
    }
}

#[test]
fn a_boot_that_began_before_the_last_start_says_nothing_however_late_it_fails() {
    for (launched, counts, why) in [
        (at(4), false, "a runner came up since"),
        (at(5), true, "launched as the other one came up"),
        (at(6), true, "launched after it"),
    ] {
        let mut health = Health::default();
        health.started(at(5));
        for _ in 0..BOOT_FAILURES_ALLOWED {
            health.boot_failed(launched, "past its boot limit", at(20));
        }
        assert_eq!(health.failures, if counts { BOOT_FAILURES_ALLOWED } else { 0 }, "{why}");
        assert_eq!(health.resting(at(20)).is_some(), counts, "{why}");
    }
}

#[test]
fn another_task_definition_ends_every_breaker_and_no_lack_of_capacity() {
    let refused: Fails = |it, now| it.launch_refused(now, "ClientException", now);
    let boots: Fails = |it, now| it.boot_failed(now, "CannotPullContainerError", now);
    let runs: Fails = |it, now| it.run_failed(now, 9, "exit code 7", now);
    let no_capacity: Fails = |it, now| it.no_capacity(now, "RESOURCE:CPU", now);
    for (fails, ends, why) in [
        (refused, true, "what was refused was another one"),
        (boots, true, "what did not boot was another one"),
        (runs, true, "what failed was another one"),
        (no_capacity, false, "it changes nothing of the capacity"),
    ] {
        let (mut health, now) = resting(fails);
        health.definition_changed();
        assert_eq!(health.resting(now).is_none(), ends, "{why}");
        let left = Health { last_start: health.last_start, rest: health.rest.clone(), ..Health::default() };
        assert_eq!(health, left, "{why}: nothing is left of the failures");
    }
}
