//! When a job is read, and what each answer means for it.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::ids::{GithubRunnerId, JobId, PoolName, Repository, RunnerId};
use crate::ledger::{Event, Job, JobAction, JobRunner, JobState, JobTimes, Runner, RunnerState};
use crate::pools::{DEFAULT_POOLS, PoolMap};
use crate::ports::{JobStatus, RunId, SeenJob, SeenRunner};

const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);
const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

fn ago(seconds: i64) -> Timestamp {
    NOW - SignedDuration::from_secs(seconds)
}

/// A job that has been in its state for this many seconds, and known for twice that.
fn job(number: u64, state: JobState, age: i64) -> Job {
    Job {
        pool: Some(PoolName::new("ec2-x64").unwrap()),
        seen_at: ago(2 * age + 1),
        version: 4,
        ..Job::new(
            JobId(number),
            state,
            Repository::new("octo-org/storefront"),
            ["linux", "docker"].into_iter().collect(),
            ago(age),
        )
    }
}

fn ours(number: u128) -> RunnerId {
    RunnerId::from_random(number)
}

#[test]
fn reads_come_at_growing_intervals() {
    use JobState::{InProgress, Queued, Waiting};
    let few = "two minutes, then twice its age, fifteen minutes at most";
    for (state, passed_over, minutes, why) in [
        (Queued, 0, &[2, 4, 8, 16, 31, 46][..], few),
        (Queued, 1, &[2, 4, 8, 15, 22, 29], "a runner was counted out for it: seven minutes at most"),
        (Waiting, 0, &[1, 2, 4, 8, 16, 31], "one minute, then the same"),
        (InProgress, 0, &[60, 120, 240, 480, 840], "a stranger's: an hour, then the same up to six"),
    ] {
        let mut job = Job { passed_over, ..job(1, state, 0) };
        for &minute in minutes {
            let due = job.changed_at + SignedDuration::from_mins(minute);
            assert_eq!(due_at(&job), Some(due), "{state:?}, {minute}: {why}");
            job.read_at = Some(due);
        }
    }
    let unknown = Job { seen_at: ago(0), ..job(1, Waiting, 0) };
    assert_eq!(due_at(&unknown), Some(NOW), "nobody knew it: GitHub is asked at once");
    for (known_for, due) in [(10 * MINUTE, HOUR), (3 * HOUR, 3 * HOUR)] {
        let unserved = Job { seen_at: ago(known_for), ..job(1, JobState::Unserved, 0) };
        assert_eq!(due_at(&unserved), Some(ago(-due)), "for as long as it was known, an hour at least");
    }
    let of_ours = Job { runner: Some(ours(1)), ..job(1, InProgress, 0) };
    assert_eq!(due_at(&of_ours), Some(NOW), "its runner says when");
    assert_eq!(due_at(&job(1, JobState::Completed, 9 * DAY)), None);
}

#[test]
fn the_longest_due_come_first_and_in_a_full_pool_one_in_ten() {
    let ids = |jobs: &[Job], full: &[&str]| {
        let full: BTreeSet<PoolName> = full.iter().map(|name| PoolName::new(*name).unwrap()).collect();
        due(jobs, &full, NOW).iter().map(|job| job.id.0).collect::<Vec<_>>()
    };
    let few = [
        job(1, JobState::Queued, 2 * MINUTE),
        job(2, JobState::Queued, 90),
        job(3, JobState::Queued, HOUR),
        Job { read_at: Some(ago(14 * MINUTE)), ..job(4, JobState::Queued, DAY) },
        Job { read_at: Some(ago(15 * MINUTE)), ..job(5, JobState::Queued, DAY) },
        job(6, JobState::Waiting, 10 * MINUTE),
    ];
    assert_eq!(ids(&few, &[]), [3, 6, 1, 5]);
    assert_eq!(ids(&few, &["ec2-x64"]), [3, 6], "the first of those Queued, and who waits for an approval");
    assert_eq!(ids(&few, &["ec2-arm64"]), [3, 6, 1, 5], "another pool is full");
    let many: Vec<Job> =
        (0_u32..25).map(|it| job(it.into(), JobState::Queued, 9000 - i64::from(it))).collect();
    assert_eq!(ids(&many, &["ec2-x64"]), [0, 10, 20]);
}

#[test]
fn a_job_is_left_in_progress_once_no_runner_of_ours_has_it() {
    let runner = |state, age| Runner {
        state,
        changed_at: ago(age),
        ..Runner::reserved(ours(1), PoolName::new("p").unwrap(), PoolName::new("p").unwrap(), ago(age))
    };
    for (state, runner, is_left, why) in [
        (JobState::InProgress, None, true, "a stranger's, or its runner is forgotten"),
        (JobState::InProgress, Some(runner(RunnerState::Busy, DAY)), true, "its runner is at it for an hour"),
        (JobState::InProgress, Some(runner(RunnerState::Stopped, 599)), false, "its end is on its way"),
        (JobState::InProgress, Some(runner(RunnerState::Stopped, 600)), true, "its end was lost"),
        (JobState::Queued, None, false, "it waits"),
    ] {
        let job = job(1, state, HOUR);
        assert_eq!(is_left_in_progress(&job, runner.as_ref(), NOW), is_left, "{why}");
    }
}

#[test]
fn a_job_that_its_runner_still_has_is_read_after_an_hour_and_then_at_twice_its_age() {
    let pool = || PoolName::new("p").unwrap();
    let reserved = Runner::reserved(ours(1), pool(), pool(), ago(3 * DAY));
    let busy = Runner { state: RunnerState::Busy, ..reserved };
    for (age, read, is_due, why) in [
        (HOUR - 1, None, false, "most jobs end within an hour"),
        (HOUR, None, true, "its end may not have been heard of"),
        (2 * HOUR - 1, Some(HOUR), false, "it was read after an hour"),
        (2 * HOUR, Some(HOUR), true, "and is again after two"),
        (4 * HOUR - 1, Some(2 * HOUR), false, "then after four"),
        (4 * HOUR, Some(2 * HOUR), true, "the same"),
        (DAY + 6 * HOUR - 1, Some(DAY), false, "in the end every six hours"),
        (DAY + 6 * HOUR, Some(DAY), true, "the same"),
    ] {
        let read_at = read.map(|read| ago(age - read));
        let job = Job { read_at, ..job(1, JobState::InProgress, age) };
        assert_eq!(is_left_in_progress(&job, Some(&busy), NOW), is_due, "{why}");
        let its_own = Job { runner: Some(ours(1)), ..job };
        assert!(!is_due || due(&[its_own], &BTreeSet::new(), NOW).len() == 1, "{why}: it is read then");
    }
}

fn seen(status: JobStatus, runner: Option<&str>, began: i64) -> Said {
    let runner = runner.map(|name| SeenRunner { id: GithubRunnerId(21), name: name.to_owned() });
    let started_at = Some(ago(began));
    Said::Job(SeenJob { run: RunId(7), status, runner, started_at, may_not_have_run: true })
}

/// A meaning in a few words: what is reported of the job, with the runner, or what is asked next.
fn meaning_text(job: &Job, said: &Said) -> String {
    match meaning(job, said, NOW) {
        Meaning::AsKnown => "as known".to_owned(),
        Meaning::AskRun(run) => format!("ask run {run}"),
        Meaning::AskRunners => "ask runners".to_owned(),
        Meaning::Tell(found, Event::FoundWaiting { job: id, version }) => {
            assert_eq!((id, version), (job.id, job.version), "the version that was read before");
            format!("{found}: waits")
        }
        Meaning::Tell(found, Event::Job(event)) => {
            assert_eq!((event.job, &event.pool), (job.id, &job.pool));
            assert_eq!((&event.repository, &event.labels), (&job.repository, &job.labels));
            let at = event.runner.map_or(String::new(), |it| format!(" at {}", it.runner));
            if event.action == JobAction::Completed {
                assert!(event.may_not_have_run, "nothing shows that it ran");
            }
            format!("{found}: {:?}{at}", event.action)
        }
        Meaning::Tell(found, other) => panic!("{found}: {other:?}"),
    }
}

#[test]
fn each_answer_has_one_meaning_for_a_job_as_the_ledger_has_it() {
    use JobState::{InProgress, Queued, Unserved, Waiting};
    let name = ours(5).github_name(&PoolName::new("ec2-x64").unwrap());
    let at_ours = format!("at {}", ours(5));
    for (status, runner, began, state, age, expected, why) in [
        (JobStatus::Queued, None, 0, Queued, 120, "as known".to_owned(), "it waits for a runner"),
        (JobStatus::Queued, None, 0, Queued, 10 * MINUTE, "ask run 7".to_owned(), "for long"),
        (JobStatus::Queued, None, 0, Waiting, DAY, "Demand: Queued".to_owned(), "its queued was lost"),
        (JobStatus::Queued, None, 0, InProgress, DAY, "as known".to_owned(), "an answer of long ago"),
        (JobStatus::Waiting, None, 0, Queued, 120, "Gated: waits".to_owned(), "for an approval"),
        (JobStatus::Waiting, None, 0, Waiting, 120, "as known".to_owned(), "it is not approved"),
        (JobStatus::Waiting, None, 0, Waiting, DAY, "ask run 7".to_owned(), "rejected, perhaps"),
        (JobStatus::Queued, None, 0, Unserved, DAY, "ask run 7".to_owned(), "it may be tried again"),
        (JobStatus::Waiting, None, 0, Unserved, DAY, "as known".to_owned(), "it waits for an approval now"),
        (
            JobStatus::InProgress,
            Some(name.as_str()),
            0,
            Queued,
            120,
            format!("InProgress: InProgress {at_ours}"),
            "ours",
        ),
        (
            JobStatus::InProgress,
            Some("build-box"),
            0,
            Queued,
            120,
            "InProgress: InProgress".to_owned(),
            "a stranger's",
        ),
        (
            JobStatus::InProgress,
            None,
            119,
            Queued,
            HOUR,
            "as known".to_owned(),
            "who is busy is not known yet",
        ),
        (JobStatus::InProgress, None, 120, Queued, HOUR, "ask runners".to_owned(), "it names nobody"),
        (JobStatus::InProgress, None, DAY, InProgress, DAY, "as known".to_owned(), "it runs"),
        (
            JobStatus::Completed,
            Some(name.as_str()),
            0,
            Queued,
            120,
            format!("Completed: Completed {at_ours}"),
            "both were lost",
        ),
        (JobStatus::Completed, None, 0, Waiting, DAY, "Completed: Completed".to_owned(), "rejected"),
        (
            JobStatus::Completed,
            None,
            0,
            InProgress,
            DAY,
            "Completed: Completed".to_owned(),
            "its end was lost",
        ),
    ] {
        let job = job(1, state, age);
        assert_eq!(
            meaning_text(&job, &seen(status, runner, began)),
            expected,
            "{status:?}, {state:?}: {why}"
        );
    }
}

#[test]
fn an_unserved_job_whose_run_goes_on_is_tried_again() {
    for (state, is_tried) in
        [(JobState::Unserved, true), (JobState::Queued, false), (JobState::Waiting, false)]
    {
        let job = job(1, state, DAY);
        let again = Event::TriedAgain { job: job.id, version: job.version };
        let expected = if is_tried { Meaning::Tell(Found::Unserved, again) } else { Meaning::AsKnown };
        assert_eq!(of_run_that_goes_on(&job), expected, "{state:?}");
    }
}

#[test]
fn a_job_that_waits_for_five_minutes_is_strange_and_its_third_runner_is_the_last() {
    use JobState::{InProgress, Queued, Waiting};
    for (state, age, is_strange) in [
        (Queued, 5 * MINUTE - 1, false),
        (Queued, 5 * MINUTE, true),
        (Waiting, DAY, false),
        (InProgress, DAY, false),
    ] {
        assert_eq!(waits_strangely_long(&job(1, state, age), NOW), is_strange, "{state:?} for {age} s");
    }
    for (passed_over, expected) in
        [(0, Beside::Replace), (1, Beside::Replace), (2, Beside::Unserved), (3, Beside::Unserved)]
    {
        assert_eq!(beside(&Job { passed_over, ..job(1, Queued, HOUR) }), expected, "{passed_over}");
    }
}

#[test]
fn only_a_job_that_github_has_queued_too_waits_strangely_long() {
    for (said, is_queued) in [
        (seen(JobStatus::Queued, None, 0), true),
        (seen(JobStatus::Waiting, None, 0), false),
        (seen(JobStatus::InProgress, None, 0), false),
        (Said::Gone, false),
        (Said::Nothing, false),
    ] {
        assert_eq!(said.is_queued(), is_queued, "{said:?}");
    }
}

#[test]
fn age_alone_ends_no_job_and_neither_does_silence_before_its_time() {
    use JobState::{InProgress, Queued, Waiting};
    for (said, state, age, expected) in [
        (Said::Gone, Queued, 120, "Gone: Completed"),
        (Said::Gone, Waiting, 120, "Gone: Completed"),
        (Said::Gone, InProgress, DAY, "Gone: Completed"),
        (Said::Nothing, Queued, DAY - 1, "as known"),
        (Said::Nothing, Queued, DAY, "Unread: waits"),
        (Said::Nothing, Waiting, 35 * DAY - 1, "as known"),
        (Said::Nothing, Waiting, 35 * DAY, "Unread: Completed"),
        (Said::Nothing, InProgress, 99 * DAY, "as known"),
        (seen(JobStatus::Queued, None, 0), Queued, 99 * DAY, "ask run 7"),
    ] {
        assert_eq!(meaning_text(&job(1, state, age), &said), expected, "{said:?}, {state:?} for {age} s");
    }
}

#[test]
fn the_idle_runner_that_listened_last_is_asked_for_first() {
    let pools = PoolMap::from_toml(DEFAULT_POOLS).unwrap();
    let idle = |number: u128, pool: &str, age| Runner {
        state: RunnerState::Idle,
        github_id: Some(GithubRunnerId(u64::try_from(number).unwrap())),
        listened: true,
        changed_at: ago(age),
        ..Runner::reserved(ours(number), PoolName::new(pool).unwrap(), PoolName::new(pool).unwrap(), ago(age))
    };
    let runners = [
        idle(1, "ec2-x64", 300),
        idle(2, "ec2-x64-spot", 100),
        Runner { listened: false, ..idle(3, "ec2-x64", 10) },
        idle(4, "fargate-x64", 1),
        Runner { github_id: None, ..idle(5, "ec2-x64", 1) },
        Runner { state: RunnerState::Busy, ..idle(6, "ec2-x64", 1) },
    ];
    let named = |number: u128| JobRunner {
        github_id: GithubRunnerId(u64::try_from(number).unwrap()),
        runner: ours(number),
    };
    let found = may_be_at(&job(1, JobState::Queued, HOUR), &runners, &pools);
    assert_eq!(found, [named(2), named(1), named(3)], "4 has no docker, 5 no registration, 6 a job");
}
