//! Where the time of a job went that has just begun, as far as the ledger knows by then: for a log line, and decides
//! nothing. `status::waterfall` has more, from GitHub and ECS, for one job that somebody asks about.

use jiff::Timestamp;

use super::times::milliseconds;
use super::{Job, Runner};
use crate::ids::PoolName;

/// The stages from a job's demand to its begin, each in milliseconds. Each begins where the one before it ends, so that
/// all of them are the whole; one that was over before the job came took none of its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobBegun {
    /// The pool whose labels its runner carries.
    pub pool: PoolName,
    /// The pool whose capacity it runs on.
    pub capacity: PoolName,
    /// Until its runner was reserved.
    pub to_reserved: i64,
    /// Until PID 1 asked for the first time: RunTask, an instance, the image.
    pub to_asked: i64,
    /// Until its registration was stored.
    pub to_registered: i64,
    /// Until its listener was up.
    pub to_listening: i64,
    /// Until the ledger heard that it had begun.
    pub to_begun: i64,
}

impl JobBegun {
    /// Of a job that began now, and the runner that took it.
    pub fn of(job: &Job, runner: &Runner, now: Timestamp) -> Self {
        let mut since = job.times.created_at.unwrap_or(job.seen_at).min(now);
        let mut stage = |end: Option<Timestamp>| {
            let end = end.unwrap_or(since).clamp(since, now);
            let length = end.duration_since(since);
            since = end;
            milliseconds(length)
        };
        let times = &runner.times;
        Self {
            pool: runner.pool.clone(),
            capacity: runner.capacity.clone(),
            to_reserved: stage(Some(runner.reserved_at)),
            to_asked: stage(runner.moment(times.asked)),
            to_registered: stage(runner.moment(times.registered)),
            to_listening: stage(runner.moment(times.listened)),
            to_begun: stage(Some(now)),
        }
    }

    /// All of it.
    pub fn milliseconds(&self) -> i64 {
        self.to_reserved + self.to_asked + self.to_registered + self.to_listening + self.to_begun
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::ids::{JobId, Repository, RunnerId};
    use crate::label::Labels;
    use crate::ledger::{JobState, JobTimes, StartTimes};

    const QUEUED_AT: Timestamp = Timestamp::constant(1_791_190_800, 0);

    fn at(seconds: i64) -> Timestamp {
        QUEUED_AT + SignedDuration::from_secs(seconds)
    }

    fn stages(reserved: i64, times: StartTimes, now: i64) -> [i64; 5] {
        let pool = PoolName::new("ec2-x64").unwrap();
        let job = Job {
            id: JobId(1),
            state: JobState::InProgress,
            pool: Some(pool.clone()),
            repository: Repository::new("octo-org/storefront"),
            is_public: false,
            labels: Labels::default(),
            runner: None,
            seen_at: at(1),
            changed_at: at(now),
            heard_at: None,
            read_at: None,
            passed_over: 0,
            unserved: None,
            times: JobTimes { created_at: Some(QUEUED_AT), ..JobTimes::default() },
            version: 1,
        };
        let id: RunnerId = RunnerId::from_random(7);
        let runner = Runner { times, ..Runner::reserved(id, pool.clone(), pool, at(reserved)) };
        let begun = JobBegun::of(&job, &runner, at(now));
        let stages =
            [begun.to_reserved, begun.to_asked, begun.to_registered, begun.to_listening, begun.to_begun];
        assert_eq!(begun.milliseconds(), now * 1000, "the stages are the whole");
        stages
    }

    #[test]
    fn the_stages_are_the_whole_wait() {
        let times = |asked, registered, listened| StartTimes {
            asked: Some(asked),
            registered: Some(registered),
            listened: Some(listened),
            ..StartTimes::default()
        };
        for (reserved, times, now, expected, why) in [
            (2, times(30_000, 31_000, 35_000), 40, [2000, 30_000, 1000, 4000, 3000], "a runner of its own"),
            (-600, times(30_000, 31_000, 35_000), 3, [0, 0, 0, 0, 3000], "one that waited already"),
            (-20, times(30_000, 31_000, 35_000), 18, [0, 10_000, 1000, 4000, 3000], "one on its way"),
            (2, times(30_000, 31_000, 90_000), 40, [2000, 30_000, 1000, 7000, 0], "heard of late"),
            (2, StartTimes::default(), 40, [2000, 0, 0, 0, 38_000], "nobody knows when it started"),
        ] {
            assert_eq!(stages(reserved, times, now), expected, "{why}");
        }
    }
}
