//! Reads everything that a job waits for: the ledger, then GitHub, then ECS. It writes nothing. The picture
//! marks what could not be read.

use std::collections::{BTreeMap, BTreeSet};

use fleet::launch::Placement;
use fleet::ledger::{Item, Job, JobState, Key, Meter, Runner};
use fleet::ports::{
    Clock, DescribeTasks, GithubError, Ledger, LedgerError, ListItems, ListTasks, Listing, LookAtJob,
    TaskDescription, TaskFilter,
};
use fleet::status::{Lookup, Picture};
use fleet::{JobId, PoolMap, PoolName, Repository, RunnerId};

/// The most jobs of a pool that are read to find a job's place in the queue.
const MOST_JOBS: usize = 1000;

/// What the question is about.
#[derive(Debug, Clone)]
pub struct JobQuery {
    /// The job.
    pub job: JobId,
    /// Its repository, if the asker named it.
    pub repository: Option<Repository>,
    /// The organisation whose jobs get runners, if known.
    pub organisation: Option<String>,
    /// The map of pools.
    pub pools: PoolMap,
    /// The stack, whose name is the prefix of its clusters' names.
    pub stack: String,
}

/// The sources to read. A source that cannot be asked is replaced by the reason.
#[derive(Debug)]
pub struct Sources<'a, L, G, E> {
    /// The ledger.
    pub ledger: Result<&'a L, String>,
    /// GitHub.
    pub github: Result<&'a G, String>,
    /// ECS.
    pub ecs: Result<&'a E, String>,
}

impl<L: Ledger + ListItems, G: LookAtJob, E: ListTasks + DescribeTasks> Sources<'_, L, G, E> {
    /// Reads the picture of a job.
    pub async fn look(&self, asked: &JobQuery, clock: &impl Clock) -> Picture {
        let mut picture = Picture::of(asked.job, asked.pools.clone(), clock.now());
        picture.repository.clone_from(&asked.repository);
        picture.organisation.clone_from(&asked.organisation);
        picture.job = match self.ledger {
            Ok(ledger) => found(self.read_job(ledger, &mut picture).await.map_err(|error| error.to_string())),
            Err(ref why) => Lookup::Unread(why.clone()),
        };
        picture.github = self.at_github(&picture).await;
        if let Ok(ledger) = self.ledger
            && let Err(error) = read_pools(ledger, &mut picture).await
        {
            picture.job = Lookup::Unread(error.to_string());
        }
        picture.tasks = self.tasks(asked, &picture).await;
        picture
    }

    /// Reads the job, and the meters of the limits that all pools share.
    async fn read_job(&self, ledger: &L, picture: &mut Picture) -> Result<Option<Job>, LedgerError> {
        let (limits, now) = (picture.pools.limits(), picture.now);
        let up_at = picture.pools.iter().filter_map(|pool| now.checked_add(pool.capacity.comes_up_in()).ok());
        let mut meters: BTreeSet<Meter> = up_at.map(|at| limits.spend_registrations(1, at).meter).collect();
        meters.extend([Meter::RunTasks, limits.spend_github_calls(1, now).meter]);
        let meters = meters.into_iter().map(Key::Meter);
        let keys: Vec<Key> = meters.chain([Key::Job(picture.id), Key::Budget]).collect();
        let mut job = None;
        for item in ledger.read(&keys).await? {
            match item {
                Item::Job(read) => job = Some(read),
                Item::Budget(read) => picture.budget = Some(read),
                Item::Meter(read) => picture.meters.push(read),
                _ => {}
            }
        }
        Ok(job)
    }

    async fn at_github(&self, picture: &Picture) -> Lookup<fleet::status::GithubJob> {
        let github = match self.github {
            Ok(github) => github,
            Err(ref why) => return Lookup::Unread(why.clone()),
        };
        let Some(repository) = picture.repository_known() else {
            return Lookup::Unread("its repository is not known: give the job's URL".to_owned());
        };
        match github.look_at_job(repository, picture.id).await {
            Ok(job) => Lookup::Read(job),
            Err(GithubError::NotFound(_)) => Lookup::Absent,
            Err(error) => Lookup::Unread(error.to_string()),
        }
    }

    /// Reads the tasks of the picture's runners, in the clusters where they may be.
    async fn tasks(
        &self,
        asked: &JobQuery,
        picture: &Picture,
    ) -> Lookup<BTreeMap<RunnerId, TaskDescription>> {
        let ecs = match self.ecs {
            Ok(ecs) => ecs,
            Err(ref why) => return Lookup::Unread(why.clone()),
        };
        let mut tasks = BTreeMap::new();
        for cluster in clusters(asked, picture) {
            let described = async {
                let listed = ecs.list_tasks(&cluster, &TaskFilter::Running).await?;
                if listed.is_empty() { Ok(Vec::new()) } else { ecs.describe_tasks(&cluster, &listed).await }
            };
            match described.await {
                Ok(described) => tasks.extend(described.into_iter().filter_map(|task| {
                    let runner = task.runner.clone().filter(|id| picture.runners.contains_key(id))?;
                    Some((runner, task))
                })),
                Err(error) => return Lookup::Unread(error.to_string()),
            }
        }
        Lookup::Read(tasks)
    }
}

/// The jobs Queued in a pool, oldest first. The index is only a hint; the table has their state.
async fn waiting_in<L: Ledger + ListItems>(ledger: &L, pool: &PoolName) -> Result<Vec<JobId>, LedgerError> {
    let mut listed = ledger.list(&Listing::OpenJobs(pool.clone())).await?;
    listed.truncate(MOST_JOBS);
    let items = if listed.is_empty() { Vec::new() } else { ledger.read(&listed).await? };
    let queued: BTreeSet<Key> = items
        .iter()
        .filter(|item| item.job().is_some_and(|job| job.state == JobState::Queued))
        .map(Item::key)
        .collect();
    let jobs = listed.into_iter().filter(|key| queued.contains(key));
    Ok(jobs.filter_map(|key| if let Key::Job(job) = key { Some(job) } else { None }).collect())
}

/// Reads the books of the pools in question, the jobs that wait there, and the runners on their capacity.
async fn read_pools<L: Ledger + ListItems>(ledger: &L, picture: &mut Picture) -> Result<(), LedgerError> {
    let mut keys: BTreeSet<Key> = BTreeSet::new();
    if let Some(pool) = picture.pool().cloned() {
        let own = BTreeSet::from([pool.clone()]);
        keys.extend(picture.pools.with_capacities(&own).into_iter().map(Key::Book));
        picture.waiting = waiting_in(ledger, &pool).await?;
        for pool in Picture::pools_in_question(&picture.pools, &pool) {
            // This look knows of no earlier one, so it also reads the runners that the previous version
            // listed.
            for listing in Listing::live_runners(&pool).into_iter().chain(Listing::earlier(&pool)) {
                keys.extend(ledger.list(&listing).await?);
            }
        }
    }
    let named = picture.github.read().and_then(|job| RunnerId::from_github_name(&job.runner.as_ref()?.name));
    let of_job = picture.job.read().and_then(|job| job.runner.clone());
    keys.extend(named.into_iter().chain(of_job).map(Key::Runner));
    if keys.is_empty() {
        return Ok(());
    }
    for item in ledger.read(&keys.into_iter().collect::<Vec<_>>()).await? {
        match item {
            Item::Book(book) => drop(picture.books.insert(book.pool.clone(), book)),
            Item::Runner(runner) => drop(picture.runners.insert(runner.id.clone(), runner)),
            _ => {}
        }
    }
    Ok(())
}

/// The clusters of the runners whose tasks are of interest: those on their way, and the one that took the
/// job.
fn clusters(asked: &JobQuery, picture: &Picture) -> BTreeSet<String> {
    let is_its = |runner: &Runner| picture.its_runner().is_some_and(|its| its.id == runner.id);
    let in_question = picture
        .runners
        .values()
        .filter(|runner| runner.state.is_live() && (is_its(runner) || runner.state.is_on_its_way()));
    let capacities: BTreeSet<&PoolName> = in_question.map(|runner| &runner.capacity).collect();
    let pools = asked.pools.with_retiring().filter(|pool| capacities.contains(&pool.name));
    pools.map(|pool| Placement::in_stack(&asked.stack, pool, None).cluster).collect()
}

fn found<T>(read: Result<Option<T>, String>) -> Lookup<T> {
    match read {
        Ok(Some(found)) => Lookup::Read(found),
        Ok(None) => Lookup::Absent,
        Err(why) => Lookup::Unread(why),
    }
}
