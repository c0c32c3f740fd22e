//! What the world sees of the ledger's jobs from outside: how long one is something else at GitHub.

use std::collections::BTreeMap;

use fleet::JobId;
use fleet::ledger::JobState;
use jiff::{SignedDuration, Timestamp};

use super::World;
use crate::github::Phase;

/// How long a job may count as Queued that is something else at GitHub, or as Waiting that is approved: the
/// longest distance of two reads, the passes in which one in ten of a full pool is read, and a few that are
/// cut short.
const KNOWN_WITHIN: SignedDuration = SignedDuration::from_mins(40);

/// Beyond that, a minute more for every this many waiting jobs: half of what a pass has calls for.
const JOBS_A_MINUTE: i64 = 9;

/// Since when each job is known wrongly.
pub(super) type KnownWrongly = BTreeMap<JobId, Timestamp>;

impl<F> World<F> {
    /// Looks at the jobs that wait, as the ledger has it. While anything else goes wrong, nothing is
    /// promised.
    pub(super) fn watch_jobs(&mut self) {
        let now = self.sandbox.manual_clock().now();
        let known: Vec<(JobId, JobState)> = {
            let table = self.sandbox.table().borrow();
            table.jobs_that_wait().map(|job| (job.id, job.state)).collect()
        };
        let is_fair = self.sandbox.fair_since().is_some() && !self.sandbox.github().borrow().is_out(now);
        if !is_fair {
            self.known_wrongly.clear();
            return;
        }
        let github = self.sandbox.github().borrow();
        let is_wrong = |&(id, state): &(JobId, JobState)| {
            !github.cannot_be_known(id)
                && github.job(id).is_some_and(|job| {
                    !matches!(
                        (state, job.phase),
                        (JobState::Queued, Phase::Queued | Phase::Assigned { .. })
                            | (JobState::Waiting, Phase::Gated)
                    )
                })
        };
        let wrong: Vec<(JobId, JobState)> = known.iter().copied().filter(is_wrong).collect();
        let waiting = i64::try_from(known.len()).unwrap_or(i64::MAX);
        let within = KNOWN_WITHIN + SignedDuration::from_mins(waiting / JOBS_A_MINUTE);
        let since = |id| self.known_wrongly.get(&id).copied().unwrap_or(now);
        let wrong: BTreeMap<JobId, (Timestamp, JobState)> =
            wrong.into_iter().map(|(id, state)| (id, (since(id), state))).collect();
        let late = wrong.iter().filter(|(_, (since, _))| now.duration_since(*since) > within);
        let late: Vec<String> = late
            .map(|(id, (since, state))| {
                let phase = github.job(*id).map(|job| job.phase);
                format!("job {id} is {state:?} in the ledger and {phase:?} at GitHub, since {since}")
            })
            .collect();
        drop(github);
        self.known_wrongly = wrong.into_iter().map(|(id, (since, _))| (id, since)).collect();
        for found in late {
            self.violate("no job waits in the ledger that GitHub knows differently", found);
        }
    }
}
