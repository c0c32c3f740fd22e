//! Runners that lie: what one look suspects, and what is done about suspicions that two looks share.

use std::collections::BTreeMap;

use super::stage::*;
use crate::ids::{GithubRunnerId, JobId};
use crate::ledger::{Book, Job, JobState, Runner, RunnerState};
use crate::ports::{JobStatus, Registration, RunId, SeenJob, TaskDescription};
use crate::repair::lying::{Evidence, Mend, OurTask, StopCause, is_at_job, look, mends};
use crate::repair::suspicion::{Suspicion, SystemOfRecord};
use crate::repair::waiting::Said;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;

/// A look at everything, where nothing exists.
fn empty() -> Evidence {
    Evidence {
        now: NOON,
        has_all_runners: true,
        saw_all_tasks: true,
        registrations: Some(BTreeMap::new()),
        ..Evidence::default()
    }
}

fn with_runner(runner: Runner) -> Evidence {
    Evidence { runners: BTreeMap::from([(runner.id.clone(), runner)]), ..empty() }
}

fn with_task(mut seen: Evidence, described: TaskDescription) -> Evidence {
    seen.tasks.extend(OurTask::of("mayfly_ec2", "mayfly", described));
    seen
}

/// The registration of runner 1, as GitHub lists it.
fn with_registration(mut seen: Evidence, is_online: bool, is_busy: bool) -> Evidence {
    let name = id(1).github_name(&pool("small"));
    let listed = Registration { id: GithubRunnerId(7), name, is_online, is_busy };
    seen.registrations.get_or_insert_default().insert(listed.id, listed);
    seen
}

/// What one look suspects, in words.
fn suspected(seen: &Evidence) -> String {
    let suspects = look(seen).suspects;
    let told = suspects.iter().map(|what| match what {
        Suspicion::NotOnline(_) => "not online".to_owned(),
        Suspicion::NotRegistered(_) => "not registered".to_owned(),
        Suspicion::TaskGone(_) => "task gone".to_owned(),
        Suspicion::StrayTask(task) => format!("stray {task}"),
        Suspicion::Surplus(pool) => format!("surplus of {pool}"),
        Suspicion::Drift { .. } => "drift".to_owned(),
    });
    told.collect::<Vec<_>>().join(", ")
}

/// What is done once another look agrees with this one.
fn agreed(seen: &Evidence) -> String {
    mends_text(&mends(seen, &look(seen).suspects))
}

/// What the first look does.
fn at_once(seen: &Evidence) -> String {
    mends_text(&mends(seen, &std::collections::BTreeSet::new()))
}

fn mends_text(mends: &[Mend]) -> String {
    let told = mends.iter().map(|mend| match mend {
        Mend::NoteStopped { stop, .. } => format!("stopped: {}", stop.reason),
        Mend::Stop { task, cause, .. } => format!("stop {}: {}", task.task, cause.why()),
        Mend::StopUnlessAtJob { job, .. } => format!("read job {}", job.id),
        Mend::CountOut { cause, .. } => format!("count out: {cause:?}"),
        Mend::Deregister { registration, .. } => format!("delete {}", registration.id),
    });
    told.collect::<Vec<_>>().join(", ")
}

/// A runner in this state for this many seconds, with a registration and a listener.
fn had_config(state: RunnerState, since: i64) -> Runner {
    Runner { changed_at: ago(since), ..listening(runner(1, "small", state, 20 * HOUR)) }
}

#[test]
fn a_runner_ends_only_if_ecs_reports_its_task_as_stopped() {
    use RunnerState::{Busy, Idle, Leaving, Overdue, Starting, Stopped};
    let stopped =
        |tasks: &[&str]| tasks.iter().fold(empty(), |seen, status| with_task(seen, task(1, status)));
    for state in [Starting, Idle, Overdue, Busy, Leaving] {
        for (tasks, expected, why) in [
            (&["STOPPED"][..], "task gone", "its stop event was lost"),
            (&["RUNNING"], "", "it runs"),
            (&["DEPROVISIONING"], "", "its stop has begun, and its event is to come"),
            (&["STOPPED", "RUNNING"], "", "it has another one"),
            (&[], "", "that ECS lists none proves nothing"),
        ] {
            let its_own = runner(1, "small", state, HOUR);
            let runners = BTreeMap::from([(id(1), its_own)]);
            // By ECS's word alone: GitHub was not read.
            let seen = Evidence { runners, registrations: None, ..stopped(tasks) };
            assert_eq!(suspected(&seen), expected, "{state:?}: {why}");
            let noted =
                if expected.is_empty() { "" } else { "stopped: found stopped, and ECS no longer knows why" };
            assert_eq!(
                (agreed(&seen), at_once(&seen)),
                (noted.to_owned(), String::new()),
                "{state:?}: {why}"
            );
        }
    }
    let over = with_task(with_runner(had_config(Stopped, HOUR)), task(1, "STOPPED"));
    assert_eq!(suspected(&over), "", "the ledger knows");
}

#[test]
fn a_task_without_a_runner_is_stopped_unless_its_runner_had_a_config() {
    let runs = |seen: Evidence| with_task(seen, task(1, "RUNNING"));
    let given_back = || runner(1, "small", RunnerState::Stopped, HOUR);
    let (unknown, unneeded) = (
        "stop task-1: no runner of the ledger is it",
        "stop task-1: its runner has stopped and never had a JIT config",
    );
    for (seen, expected, why) in [
        (runs(empty()), unknown, "the ledger does not know it: it is written before RunTask"),
        (with_task(empty(), task(1, "STOPPED")), "", "it has stopped"),
        (runs(with_registration(empty(), true, true)), "", "it had a config, and its item was deleted since"),
        (runs(Evidence { registrations: None, ..empty() }), "", "GitHub was not seen"),
        (runs(with_runner(given_back())), unneeded, "its launch was given back"),
        (runs(with_runner(registered(given_back(), HOUR))), "", "it had a config: a job may be with it"),
        (runs(with_runner(runner(1, "small", RunnerState::Starting, HOUR))), "", "it boots"),
        (runs(with_runner(runner(1, "small", RunnerState::Leaving, HOUR))), "", "the scheduler stops it"),
        (with_task(empty(), TaskDescription { runner: None, ..task(1, "RUNNING") }), "", "somebody else's"),
        (
            with_task(empty(), TaskDescription { stack: None, ..task(1, "RUNNING") }),
            "",
            "its definition is not a stack's",
        ),
        (
            with_task(empty(), TaskDescription { stack: Some("other".to_owned()), ..task(1, "RUNNING") }),
            "",
            "another stack's",
        ),
    ] {
        assert_eq!(suspected(&seen), if expected.is_empty() { "" } else { "stray task-1" }, "{why}");
        assert_eq!((agreed(&seen), at_once(&seen)), (expected.to_owned(), String::new()), "{why}");
    }
}

#[test]
fn github_is_asked_once_more_before_a_runner_that_had_a_config_is_stopped() {
    for (cause, is_asked) in [
        (StopCause::UnknownRunner, false),
        (StopCause::LaunchGivenBack, false),
        (StopCause::ToldToLeave, true),
        (StopCause::JobOver, true),
        (StopCause::NoJob, true),
    ] {
        assert_eq!(cause.had_config(), is_asked, "{}", cause.why());
    }
}

#[test]
fn a_runner_that_is_not_online_is_counted_out_only_with_an_id_and_after_its_time() {
    use RunnerState::{Busy, Idle, Leaving, Overdue, Starting};
    let idle = || had_config(Idle, HOUR);
    let told = |silence| Runner { listened: false, ..registered(runner(1, "small", Idle, HOUR), silence) };
    let overdue =
        || Runner { overdue_at: Some(ago(60)), ..registered(runner(1, "small", Overdue, HOUR), 300) };
    let offline = |runner| with_registration(with_runner(runner), false, false);
    for (seen, expected, why) in [
        (offline(idle()), true, "its listener is gone"),
        (with_runner(idle()), true, "GitHub has removed it"),
        (with_registration(with_runner(idle()), true, false), false, "it listens"),
        (with_registration(with_runner(idle()), true, true), false, "it has a job, and its event is to come"),
        (offline(told(179)), false, "its listener may still come up"),
        (offline(told(180)), true, "it never came up"),
        (offline(overdue()), true, "the same, and a job waits beside it"),
        (offline(called(runner(1, "small", Idle, HOUR), HOUR)), false, "without an id none is online"),
        (with_runner(called(runner(1, "small", Idle, HOUR), HOUR)), false, "the same"),
        (offline(runner(1, "small", Starting, HOUR)), false, "the same"),
        (offline(had_config(Busy, MINUTE)), false, "it works"),
        (offline(had_config(Leaving, MINUTE)), false, "it leaves already"),
        (Evidence { registrations: None, ..with_runner(idle()) }, false, "GitHub was not seen"),
    ] {
        let (suspicion, done) = if expected { ("not online", "count out: Offline") } else { ("", "") };
        assert_eq!(suspected(&seen), suspicion, "{why}");
        assert_eq!((agreed(&seen).as_str(), at_once(&seen).as_str()), (done, ""), "{why}");
    }
}

#[test]
fn only_registrations_of_stopped_runners_are_deleted() {
    use RunnerState::{Idle, Stopped};
    let dead = |since| had_config(Stopped, since);
    for is_online in [true, false] {
        for (runner, expected, why) in [
            (Some(dead(60)), "delete 7", "it stopped without a word"),
            (Some(dead(59)), "", "GitHub ends it by itself after a job"),
            (None, "", "a name that our ledger does not know is another stack's"),
            (Some(had_config(Idle, HOUR)), "", "it lives"),
        ] {
            let runners = runner.into_iter().map(|it| (it.id.clone(), it)).collect();
            let seen = with_registration(Evidence { runners, ..empty() }, is_online, false);
            assert_eq!(at_once(&seen), expected, "online: {is_online}, {why}");
        }
    }
}

#[test]
fn githubs_list_judges_a_runner_that_should_leave_and_does_not() {
    let leaving = |since| with_runner(had_config(RunnerState::Leaving, since));
    let runs = |seen| with_task(seen, task(1, "RUNNING"));
    let (quarter, half) = (15 * MINUTE, 30 * MINUTE);
    let with_job = |mut seen: Evidence| {
        seen.runners.values_mut().for_each(|runner| runner.job = Some(JobId(9)));
        let over = Job { state: JobState::Completed, changed_at: ago(quarter), ..job(9, "small", "docker") };
        seen.jobs.insert(over.id, over);
        seen
    };
    let stop = "stop task-1: told to leave long ago, and not registered at GitHub";
    let unknown = "stopped: found stopped, and ECS no longer knows why";
    for (seen, first, second, why) in [
        (runs(with_registration(leaving(quarter - 1), true, false)), "", "", "it may be on its way out"),
        (
            runs(with_registration(leaving(quarter), true, false)),
            "delete 7",
            "delete 7",
            "GitHub says if it is busy",
        ),
        (runs(with_registration(leaving(quarter), true, true)), "delete 7", "delete 7", "the same"),
        (runs(leaving(half - 1)), "", "", "it has no registration, and a little more time"),
        (runs(with_job(leaving(half - 1))), "", "", "the same, whatever it has run"),
        (runs(leaving(half)), "", stop, "it hangs"),
        (runs(with_job(leaving(half))), "", stop, "it hangs, whatever it has run"),
        (leaving(half), "", unknown, "ECS runs none either"),
        (Evidence { saw_all_tasks: false, ..leaving(half) }, "", "", "ECS was not seen"),
        (Evidence { registrations: None, ..runs(leaving(half)) }, "", "", "GitHub was not seen"),
        (
            runs(with_runner(runner(1, "small", RunnerState::Leaving, HOUR))),
            "",
            "",
            "the scheduler's: it had no config",
        ),
    ] {
        assert_eq!((at_once(&seen).as_str(), agreed(&seen).as_str()), (first, second), "{why}");
    }
}

#[test]
fn a_busy_runner_is_stopped_only_if_github_has_neither_it_nor_its_job() {
    let (quarter, half) = (15 * MINUTE, 30 * MINUTE);
    let busy = |since, job_is: Option<(JobState, i64)>| {
        let mut seen =
            with_runner(Runner { job: job_is.map(|_| JobId(9)), ..had_config(RunnerState::Busy, since) });
        let known =
            job_is.map(|(state, since)| Job { state, changed_at: ago(since), ..job(9, "small", "docker") });
        seen.jobs = known.into_iter().map(|job| (job.id, job)).collect();
        with_task(seen, task(1, "RUNNING"))
    };
    let without_id = |mut seen: Evidence| {
        seen.runners.values_mut().for_each(|runner| runner.github_id = None);
        seen
    };
    let of_another = |mut seen: Evidence| {
        let all = seen.registrations.iter_mut().flat_map(BTreeMap::values_mut);
        all.for_each(|listed| listed.name = id(2).github_name(&pool("small")));
        seen
    };
    let (at_work, over) =
        (|since| Some((JobState::InProgress, since)), |since| Some((JobState::Completed, since)));
    let (job_over, no_job) = (
        "stop task-1: its job is over, and it is not registered at GitHub",
        "stop task-1: GitHub has no job of it, and no registration",
    );
    for (seen, first, second, why) in [
        (with_registration(busy(20 * HOUR, at_work(20 * HOUR)), true, true), "", "", "it works"),
        (busy(half - 1, at_work(half)), "", "", "lists lag"),
        (busy(half, at_work(half)), "", "read job 9", "GitHub says whether its job is in progress"),
        (busy(half, over(quarter - 1)), "", "", "it cleans up after its job"),
        (busy(half, over(quarter)), "", job_over, "it hangs after its job"),
        (
            with_registration(busy(half, over(quarter)), false, false),
            "delete 7",
            "delete 7",
            "GitHub keeps it",
        ),
        (with_registration(busy(half, over(quarter - 1)), false, false), "", "", "it may end by itself"),
        (busy(half - 1, None), "", "", "nobody said with what it is busy"),
        (with_registration(busy(quarter, None), true, true), "", "", "it is at a job that nobody told of"),
        (
            with_registration(busy(quarter, None), true, false),
            "delete 7",
            "delete 7",
            "it was called busy, and is not",
        ),
        (with_registration(busy(quarter - 1, None), true, false), "", "", "GitHub may not know yet"),
        (busy(half, None), "", no_job, "and nobody will"),
        (without_id(busy(half, None)), "", no_job, "its id was never stored, and GitHub has no such name"),
        (without_id(busy(half - 1, None)), "", "", "lists lag"),
        (
            without_id(with_registration(busy(20 * HOUR, None), true, true)),
            "",
            "",
            "its id was never stored, and GitHub has it by its name, at a job",
        ),
        (
            without_id(of_another(with_registration(busy(half, None), true, true))),
            "",
            no_job,
            "it is another one that GitHub has",
        ),
        (
            Evidence { jobs: BTreeMap::new(), ..busy(half, at_work(half)) },
            "",
            "",
            "its job could not be read",
        ),
    ] {
        assert_eq!((at_once(&seen).as_str(), agreed(&seen).as_str()), (first, second), "{why}");
    }
}

#[test]
fn a_job_that_is_in_progress_or_unknown_at_github_protects_its_runner() {
    let seen = |status| {
        Said::Job(SeenJob { run: RunId(1), status, runner: None, started_at: None, may_not_have_run: false })
    };
    for (said, is_at_it) in [
        (seen(JobStatus::InProgress), true),
        // It is recorded, and its runner gets a quarter of an hour from then on.
        (seen(JobStatus::Completed), true),
        (seen(JobStatus::Queued), false),
        (seen(JobStatus::Waiting), false),
        (Said::Gone, false),
        (Said::Nothing, true),
    ] {
        assert_eq!(is_at_job(&said), is_at_it, "{said:?}");
    }
}

#[test]
fn of_a_listening_surplus_the_runner_that_has_waited_longest_is_counted_out() {
    let waits = |number: u128, since| Runner {
        changed_at: ago(since),
        github_id: Some(GithubRunnerId(u64::try_from(number).unwrap())),
        ..listening(runner(number, "small", RunnerState::Idle, HOUR))
    };
    let seen = |runners: Vec<Runner>, supply, minimum| {
        let idle = i64::try_from(runners.len()).unwrap();
        let book = Book { supply, idle, minimum, ..Book::open(pool("small"), 10) };
        let listed = runners.iter().map(|runner| {
            let (id, name) = (runner.github_id.unwrap(), runner.id.github_name(&runner.pool));
            (id, Registration { id, name, is_online: true, is_busy: false })
        });
        Evidence {
            registrations: Some(listed.collect()),
            runners: runners.into_iter().map(|runner| (runner.id.clone(), runner)).collect(),
            books: BTreeMap::from([(pool("small"), book)]),
            ..empty()
        }
    };
    let crowded = seen(vec![waits(1, 60), waits(2, 90), waits(3, 30)], 3, 1);
    assert_eq!(suspected(&crowded), "surplus of small");
    assert_eq!((at_once(&crowded).as_str(), agreed(&crowded).as_str()), ("", "count out: DoesNotAsk"));
    let [Mend::CountOut { runner, .. }] = &mends(&crowded, &look(&crowded).suspects)[..] else {
        panic!("one")
    };
    assert_eq!(runner.id, id(2), "one at a time, the oldest first");
    for (seen, why) in [
        (seen(vec![waits(1, 60)], 1, 1), "no surplus"),
        (seen(vec![waits(1, 60)], 2, 1), "the other one boots: the scheduler's matter"),
        (seen(vec![Runner { listened: false, ..waits(1, 60) }], 1, 0), "it does not listen"),
    ] {
        assert_eq!(suspected(&seen), "", "{why}");
    }
}

#[test]
fn a_source_that_was_read_in_part_proves_no_absence() {
    let all = look(&empty()).saw;
    assert_eq!(
        all,
        [SystemOfRecord::Github, SystemOfRecord::Ecs, SystemOfRecord::Supply].into(),
        "the books' items are not counted here"
    );
    let of = |seen: &Evidence| look(seen).saw;
    assert_eq!(
        of(&Evidence { saw_all_tasks: false, ..empty() }),
        [SystemOfRecord::Github, SystemOfRecord::Supply].into()
    );
    assert_eq!(
        of(&Evidence { registrations: None, ..empty() }),
        [SystemOfRecord::Ecs, SystemOfRecord::Supply].into()
    );
    assert_eq!(of(&Evidence { has_all_runners: false, ..empty() }), [].into(), "a runner may be missing");
}
