//! What was read of a job and of everything that it may wait for.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{JobId, PoolName, Repository, RunnerId};
use crate::label::Labels;
use crate::launch::TaskTimes;
use crate::ledger::{Book, Budget, Job, Meter, Reading, Runner};
use crate::pools::PoolMap;
use crate::ports::{RunId, SeenRunner, TaskDescription};

/// What came of reading something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup<T> {
    /// This.
    Read(T),
    /// It was asked for, and is not there.
    Absent,
    /// It was not asked for, or nobody answered: why.
    Unread(String),
}

impl<T> Lookup<T> {
    /// What was read, if it was.
    pub fn read(&self) -> Option<&T> {
        if let Self::Read(read) = self { Some(read) } else { None }
    }

    /// Why it was not read, if it was not.
    pub fn unread(&self) -> Option<&str> {
        if let Self::Unread(why) = self { Some(why) } else { None }
    }
}

/// How far a job is, as GitHub says (GitHub's REST API, "Get a job for a workflow run", `status`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GithubStatus {
    /// It waits for a runner.
    Queued,
    /// A runner is at it.
    InProgress,
    /// It has ended.
    Completed,
    /// It waits for a deployment protection rule: an approval, or a timer.
    Waiting,
    /// It waits for a concurrency group.
    Pending,
    /// What is new, or comes before all of these.
    #[serde(other)]
    Other,
}

/// A job as GitHub describes it, as far as a picture needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GithubJob {
    /// Its repository.
    pub repository: Repository,
    /// Its run.
    pub run: RunId,
    /// How far it is.
    pub status: GithubStatus,
    /// How it ended.
    pub conclusion: Option<String>,
    /// What it asks for.
    pub labels: Labels,
    /// Whether everybody may read its repository, where that was read.
    pub is_public: Option<bool>,
    /// The runner that took it.
    pub runner: Option<SeenRunner>,
    /// The environments of its run that wait for an approval, where that was read.
    pub environments: Vec<String>,
    /// When it was created: it is queued from then on, unless something else holds it.
    pub created_at: Option<Timestamp>,
    /// When a runner took it.
    pub started_at: Option<Timestamp>,
    /// When its first step began, which is GitHub's own "Set up job".
    pub first_step_at: Option<Timestamp>,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
}

/// What was read, at one time.
#[derive(Debug, Clone)]
pub struct Picture {
    /// When.
    pub now: Timestamp,
    /// The job that is asked about.
    pub id: JobId,
    /// Its repository, where whoever asks has named it.
    pub repository: Option<Repository>,
    /// The organisation whose jobs get runners, where that is known.
    pub organisation: Option<String>,
    /// The map of pools.
    pub pools: PoolMap,
    /// What the ledger has of the job.
    pub job: Lookup<Job>,
    /// What GitHub has of it.
    pub github: Lookup<GithubJob>,
    /// The books of its pool, and of those whose capacity may run its runner.
    pub books: BTreeMap<PoolName, Book>,
    /// The jobs that wait in its pool, the oldest first, as the index lists them.
    pub waiting: Vec<JobId>,
    /// The live runners on the capacity of those pools, and the one that took the job.
    pub runners: BTreeMap<RunnerId, Runner>,
    /// The tasks of these runners that ECS lists.
    pub tasks: Lookup<BTreeMap<RunnerId, TaskDescription>>,
    /// Until when GitHub wants to be left alone.
    pub budget: Option<Budget>,
    /// The meters of this minute and the next.
    pub meters: Vec<Reading>,
}

impl Picture {
    /// A picture in which nothing is known.
    pub fn of(id: JobId, pools: PoolMap, now: Timestamp) -> Self {
        Self {
            now,
            id,
            repository: None,
            organisation: None,
            pools,
            job: Lookup::Unread("the ledger was not read".to_owned()),
            github: Lookup::Unread("GitHub was not asked".to_owned()),
            books: BTreeMap::new(),
            waiting: Vec::new(),
            runners: BTreeMap::new(),
            tasks: Lookup::Unread("ECS was not asked".to_owned()),
            budget: None,
            meters: Vec::new(),
        }
    }

    /// Its repository, as far as anybody says.
    pub fn repository_known(&self) -> Option<&Repository> {
        let of_ledger = self.job.read().map(|job| &job.repository);
        of_ledger.or(self.github.read().map(|job| &job.repository)).or(self.repository.as_ref())
    }

    /// The pool that it waits in.
    pub fn pool(&self) -> Option<&PoolName> {
        self.job.read()?.pool.as_ref()
    }

    /// The runner of ours that took it: the ledger's word, or the name that GitHub has.
    pub fn its_runner(&self) -> Option<&Runner> {
        let of_ledger = self.job.read().and_then(|job| job.runner.clone());
        let named = || {
            let named = self.github.read()?.runner.as_ref()?;
            let id = RunnerId::from_github_name(&named.name)?;
            // Anybody may register a runner with our name: GitHub's id tells.
            let is_its = self.runners.get(&id).is_some_and(|runner| runner.github_id == Some(named.id));
            is_its.then_some(id)
        };
        self.runners.get(&of_ledger.or_else(named)?)
    }

    /// How far a meter has come.
    pub(super) fn spent(&self, meter: Meter) -> Option<i64> {
        self.meters.iter().find(|reading| reading.meter == meter).map(|reading| reading.spent)
    }

    /// A runner's task, if ECS lists it.
    pub(super) fn task(&self, runner: &Runner) -> Option<&TaskDescription> {
        self.tasks.read()?.get(&runner.id)
    }

    /// ECS's times of a runner's task, if ECS lists it.
    pub(super) fn task_times(&self, runner: &Runner) -> Option<TaskTimes> {
        self.task(runner).map(|task| task.times)
    }

    /// The pools whose runners, books and tasks this job may wait for: its own, its fallbacks, and those which
    /// fall back to any of them.
    pub fn pools_in_question(pools: &PoolMap, pool: &PoolName) -> BTreeSet<PoolName> {
        let chain = pools.with_capacities(&BTreeSet::from([pool.clone()]));
        let shares = |other: &PoolName| pools.capacity_chain(other).any(|it| chain.contains(&it.name));
        let others = pools.iter().map(|other| &other.name).filter(|other| shares(other)).cloned();
        others.chain(chain.iter().cloned()).collect()
    }
}
