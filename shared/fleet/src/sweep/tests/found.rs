//! What is reported of a job that GitHub lists.

use super::*;
use crate::ids::{GithubRunnerId, RunnerId};
use crate::label::Labels;
use crate::pools::{DEFAULT_POOLS, PoolMap};
use crate::ports::{JobStatus, ListedJob, SeenRunner};

fn listed(status: JobStatus, labels: &[&str], runner: Option<&str>) -> ListedJob {
    ListedJob {
        id: JobId(1),
        status,
        labels: labels.iter().collect::<Labels>(),
        runner: runner.map(|name| SeenRunner { id: GithubRunnerId(5), name: name.to_owned() }),
        since: Some(at(0)),
    }
}

/// A pool may have jobs of public repositories if the map says so, whoever tells of them.
#[test]
fn a_job_of_a_public_repository_comes_by_no_back_door() {
    let closed = PoolMap::from_toml(DEFAULT_POOLS).unwrap();
    let open = DEFAULT_POOLS
        .replace("runner_group = \"fargate\"", "runner_group = \"fargate\"\npublic_repositories = true");
    let open = PoolMap::from_toml(&open).unwrap();
    for (is_public, pools, known, is_told, why) in [
        (true, &closed, None, false, "no pool takes it"),
        (true, &closed, Some(JobState::Waiting), false, "nor once it is approved"),
        (true, &open, None, true, "the pool takes it"),
        (false, &closed, None, true, "it is private"),
    ] {
        let known = known.map(|state| job(1, state, at(0)));
        let listed = listed(JobStatus::Queued, &["linux"], None);
        let told = untold(&repository(0), is_public, &listed, known.as_ref(), pools);
        assert_eq!(told.as_ref().map(|(_, event)| event.is_public), is_told.then_some(is_public), "{why}");
    }
}

#[test]
fn what_is_told_depends_on_what_the_ledger_has() {
    let pools = PoolMap::from_toml(DEFAULT_POOLS).unwrap();
    let ours = RunnerId::from_random(7).github_name(&PoolName::new("fargate-x64").unwrap());
    let (ours, linux) = (Some(ours.as_str()), &["linux"][..]);
    for (status, labels, runner, known, told, why) in [
        (JobStatus::Queued, linux, None, None, Some(Untold::Demand), "nobody knows it"),
        (JobStatus::Queued, linux, None, Some(JobState::Queued), None, "it is known"),
        (JobStatus::Queued, linux, None, Some(JobState::Waiting), Some(Untold::Approval), "it was approved"),
        (JobStatus::Queued, linux, None, Some(JobState::InProgress), None, "GitHub's list is old"),
        (JobStatus::Queued, linux, None, Some(JobState::Completed), None, "GitHub's list is old"),
        (JobStatus::Queued, linux, None, Some(JobState::Unserved), None, "nothing of ours serves it"),
        (JobStatus::Queued, &["linux", "gpu"], None, None, None, "no pool serves it"),
        (JobStatus::Queued, &[], None, None, None, "its group is not known"),
        (JobStatus::InProgress, linux, ours, None, Some(Untold::AtRunner), "a runner of ours has it"),
        (JobStatus::InProgress, linux, ours, Some(JobState::Queued), Some(Untold::AtRunner), "the same"),
        (JobStatus::InProgress, linux, ours, Some(JobState::Waiting), Some(Untold::AtRunner), "the same"),
        (JobStatus::InProgress, &["gpu"], ours, None, Some(Untold::AtRunner), "the pool has left the map"),
        (JobStatus::InProgress, linux, ours, Some(JobState::InProgress), None, "it is known"),
        (JobStatus::InProgress, linux, ours, Some(JobState::Completed), None, "it is over"),
        (JobStatus::InProgress, linux, Some("build-box"), None, None, "at somebody else's runner"),
        (
            JobStatus::InProgress,
            linux,
            None,
            Some(JobState::Queued),
            None,
            "at nobody: another rule reads it",
        ),
        (JobStatus::Waiting, linux, None, None, None, "it waits for an approval"),
        (JobStatus::Completed, linux, ours, Some(JobState::InProgress), None, "another rule reads it"),
    ] {
        let known = known.map(|state| job(1, state, at(0)));
        let found = untold(&repository(0), false, &listed(status, labels, runner), known.as_ref(), &pools);
        assert_eq!(found.as_ref().map(|(what, _)| *what), told, "{why}");
        let Some((_, event)) = found else { continue };
        let action = if status == JobStatus::Queued { JobAction::Queued } else { JobAction::InProgress };
        assert_eq!((event.action, event.runner.is_some()), (action, runner.is_some()), "{why}");
        assert!(event.pool.is_some() == (labels == linux) && event.created_at.is_none(), "{why}");
    }
}

#[test]
fn a_job_is_told_for_good_once_the_ledger_has_that_it_began() {
    let ours = RunnerId::from_random(7).github_name(&PoolName::new("fargate-x64").unwrap());
    for (status, runner, known, is_for_good, why) in [
        (JobStatus::Queued, None, Some(JobState::Queued), false, "unread for a day it would be Waiting"),
        (JobStatus::Queued, None, None, false, "a new pool may serve it"),
        (JobStatus::Waiting, None, None, true, "its approval is another list"),
        (JobStatus::Completed, None, None, true, "it is over"),
        (JobStatus::InProgress, Some(ours.as_str()), Some(JobState::InProgress), true, "it is known"),
        (JobStatus::InProgress, Some(ours.as_str()), Some(JobState::Completed), true, "it is over"),
        (JobStatus::InProgress, Some(ours.as_str()), Some(JobState::Queued), false, "it is on its way"),
        (JobStatus::InProgress, Some(ours.as_str()), None, false, "what was sent on may be lost"),
        (JobStatus::InProgress, Some("build-box"), None, true, "it is somebody else's"),
        (JobStatus::InProgress, None, Some(JobState::Queued), true, "a name is another list"),
    ] {
        let known = known.map(|state| job(1, state, at(0)));
        assert_eq!(
            is_told_for_good(&listed(status, &["linux"], runner), known.as_ref()),
            is_for_good,
            "{why}"
        );
    }
}
