//! Jobs that wait while a runner that could serve them listens and gets no job.
//!
//! GitHub gives a queued job to a runner within seconds. If it does not, the runner has lost its assignment
//! (actions/runner#4617), or GitHub does not allow the job on it: runner groups refuse public repositories by
//! default, and may be limited to some repositories. So the runner is counted out, and another one takes its
//! place. A job that two runners were counted out for, and that waits while a third listens, becomes
//! Unserved: more runners would not help it.

use jiff::{SignedDuration, Timestamp};

use crate::ids::GithubRunnerId;
use crate::ledger::{Job, JobState, Runner, RunnerState, UnservedReason};

/// How long a job must wait, and a runner listen, before it is strange that they do not meet.
const STRANGE: SignedDuration = SignedDuration::from_mins(5);

/// After this many runners have been counted out for a job, the next one makes it Unserved.
const REPLACEMENTS: u32 = 2;

/// What happens to a job for which a runner listens in vain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beside {
    /// That runner is counted out, and another one takes its place.
    Replace,
    /// It no longer counts.
    Unserved,
}

/// Whether a job has waited so long that a listening runner is strange.
pub fn waits_strangely_long(job: &Job, now: Timestamp) -> bool {
    job.state == JobState::Queued && now.duration_since(job.changed_at) >= STRANGE
}

/// What happens to such a job.
pub fn beside(job: &Job) -> Beside {
    if job.passed_over < REPLACEMENTS { Beside::Replace } else { Beside::Unserved }
}

/// The runners that have been idle for so long, the longest idle first, each with GitHub's id: only GitHub
/// knows whether they listen.
pub fn idle_for_long<'a>(
    runners: impl IntoIterator<Item = &'a Runner>,
    now: Timestamp,
) -> Vec<(&'a Runner, GithubRunnerId)> {
    let is_strange = |runner: &&Runner| {
        runner.state == RunnerState::Idle && now.duration_since(runner.changed_at) >= STRANGE
    };
    let listening = runners.into_iter().filter(is_strange);
    let mut listening: Vec<_> = listening.filter_map(|it| Some((it, it.github_id?))).collect();
    listening.sort_by_key(|(runner, _)| (runner.changed_at, runner.id.clone()));
    listening
}

/// The most likely reason why a job is Unserved.
pub fn likely_reason(repository_is_public: bool) -> UnservedReason {
    if repository_is_public { UnservedReason::PublicRepository } else { UnservedReason::RunnerGroup }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{PoolName, RunnerId};

    const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

    fn idle(number: u128, minutes: i64) -> Runner {
        let pool = PoolName::new("ec2-x64").unwrap();
        let since = NOW - SignedDuration::from_mins(minutes);
        Runner {
            state: RunnerState::Idle,
            listened: true,
            github_id: Some(GithubRunnerId(u64::try_from(number).unwrap())),
            changed_at: since,
            ..Runner::reserved(RunnerId::from_random(number), pool.clone(), pool, since)
        }
    }

    #[test]
    fn runners_that_may_listen_in_vain_have_been_idle_for_five_minutes() {
        let runners = [
            idle(1, 5),
            idle(2, 4),
            idle(3, 60),
            Runner { state: RunnerState::Busy, ..idle(4, 60) },
            Runner { listened: false, ..idle(5, 50) },
            Runner { github_id: None, ..idle(6, 60) },
        ];
        let found: Vec<u64> = idle_for_long(&runners, NOW).iter().map(|(_, id)| id.0).collect();
        assert_eq!(found, [3, 5, 1], "the longest idle first");
    }
}
