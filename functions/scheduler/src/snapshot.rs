//! What a tick reads before it decides anything: the index tells which keys, the table what they
//! hold, ECS how the tasks are that a rule looks at.

use std::collections::BTreeMap;

use control::{LaunchContext, Steps};
use fleet::ledger::{Item, JobState, Key, Listing};
use fleet::ports::{Clock, Ledger, ListItems, Random, SendSettle, TaskDescription, TaskFilter};
use fleet::repair::{Snapshot, clusters_in_question, may_have_runners, stranded};
use fleet::schedule::GroupSizes;
use fleet::{Pool, PoolName, TaskArn};
use futures_util::future::{join, join_all};
use jiff::Timestamp;
use metrics::gauge;
use tracing::warn;

use crate::metrics::JOBS_WITHOUT_POOL;
use crate::{Scaling, Scheduler, SchedulerEcs, SchedulerSettings, TickBooks, TickStepError};

impl<L: Ledger + ListItems, C: Clock + Random, T: SchedulerEcs, S: Scaling, Q: SendSettle>
    Scheduler<L, C, T, S, Q>
{
    /// Every book, of one read: those of the map's pools, and those of pools that are out of it, of which the index tells.
    /// They may be a moment old, as they are anyway by the time that a rule acts on them: each act is a transaction that
    /// reads again what it changes.
    pub(crate) async fn books(&self, settings: &SchedulerSettings, steps: &mut Steps) -> Option<TickBooks> {
        let listed = self.launchpad.books.ledger.list(&Listing::Books).await.map_err(TickStepError::from);
        let retired = steps.note_common("pools out of the map", listed).map(|mut keys| {
            keys.retain(|key| matches!(key, Key::Book(pool) if settings.pools.get(pool).is_none()));
            keys
        });
        let of_map = settings.pools.iter().map(|pool| Key::Book(pool.name.clone()));
        let keys: Vec<Key> = of_map.chain(retired.iter().flatten().cloned()).collect();
        let read = self.launchpad.books.ledger.read_eventual(&keys).await.map_err(TickStepError::from);
        let items = steps.note_common("books", read)?;
        let books = items.iter().filter_map(Item::book).map(|book| (book.pool.clone(), book.clone()));
        let (of_map, others) = books.partition(|(pool, _)| settings.pools.get(pool).is_some());
        Some(TickBooks { of_map, retired: retired.map(|_| others) })
    }

    /// Everything that the rules look at. What cannot be read is not in it, and is a step that failed.
    pub(crate) async fn snapshot<'a>(
        &self,
        invocation: &LaunchContext<'a>,
        books: TickBooks,
        now: Timestamp,
    ) -> (Snapshot<'a>, Steps) {
        let (settings, mut steps) = (invocation.settings, Steps::default());
        let mut snapshot = Snapshot::new(now, &settings.pools, &settings.placements);
        snapshot.books = books.of_map;
        snapshot.books.extend(books.retired.clone().unwrap_or_default());
        let retired = books.retired.as_ref();
        let names =
            settings.pools.iter().map(|pool| &pool.name).chain(retired.into_iter().flat_map(BTreeMap::keys));
        // If it is not known which pools have left the map, their capacity may run runners of any of them.
        let lists =
            |pool: &PoolName| retired.is_none() || may_have_runners(&snapshot.books, pool, &settings.pools);
        let waiting = retired.into_iter().flatten().filter(|(_, book)| book.queued != 0);
        let waiting = waiting.map(|(pool, _)| (pool, Listing::OpenJobs(pool.clone())));
        let looks_earlier = self.earlier.are_due(now);
        let runners = names.filter(|pool| lists(pool)).flat_map(|pool| runners(pool, looks_earlier));
        let listings: Vec<_> = runners.chain(waiting).collect();
        let listed = listings.into_iter().map(async |(pool, listing)| {
            let items = self.items(&listing).await;
            (pool, matches!(listing, Listing::Earlier(..)), items)
        });
        let groups = settings.pools.iter().map(|pool| self.group(invocation, pool));
        let (listed, groups) = join(join_all(listed), join_all(groups)).await;

        let found_earlier = listed
            .iter()
            .any(|(_, is_earlier, items)| *is_earlier && items.as_ref().is_ok_and(|it| !it.is_empty()));
        if looks_earlier {
            self.earlier.looked_through(found_earlier, now);
        }
        for (pool, _, items) in listed {
            for item in steps.note(pool, "read", items).into_iter().flatten() {
                match item {
                    Item::Runner(runner) => drop(snapshot.runners.insert(runner.id.clone(), runner)),
                    Item::Job(job) if job.state == JobState::Queued => snapshot.waiting.push(job),
                    Item::Job(_)
                    | Item::Book(_)
                    | Item::Budget(_)
                    | Item::Meter(_)
                    | Item::Deliveries(_)
                    | Item::Suspicions(_)
                    | Item::Sweep(_) => {}
                }
            }
        }
        for (pool, group) in settings.pools.iter().zip(groups) {
            let group = steps.note(&pool.name, "capacity", group).flatten();
            snapshot.groups.extend(group.map(|group| (pool.name.clone(), group)));
        }
        if retired.is_some() {
            tell_stranded(&snapshot);
        }
        self.look_at_tasks(&mut snapshot, &mut steps).await;
        (snapshot, steps)
    }

    /// What ECS says of tasks that shall run, of each cluster that a rule looks at: once a tick.
    async fn look_at_tasks(&self, snapshot: &mut Snapshot<'_>, steps: &mut Steps) {
        let clusters = clusters_in_question(snapshot).into_iter().map(str::to_owned);
        let seen = clusters.map(async |cluster| {
            let tasks = self.tasks_of(&cluster).await;
            (cluster, tasks)
        });
        for (cluster, tasks) in join_all(seen).await {
            if let Some(tasks) = steps.note_common(&format!("tasks of {cluster}"), tasks) {
                snapshot.see(&cluster, tasks);
            }
        }
    }

    async fn tasks_of(&self, cluster: &str) -> Result<Vec<TaskDescription>, TickStepError> {
        let tasks = self.launchpad.ecs.list_tasks(cluster, &TaskFilter::Running).await?;
        self.describe_in(cluster, &tasks).await
    }

    /// How these tasks are, by cluster.
    pub(crate) async fn describe(
        &self,
        found: BTreeMap<String, Vec<TaskArn>>,
        steps: &mut Steps,
    ) -> Vec<(String, Vec<TaskDescription>)> {
        let described = found.into_iter().map(async |(cluster, tasks)| {
            let described = self.describe_in(&cluster, &tasks).await;
            (cluster, described)
        });
        let described = join_all(described).await.into_iter().filter_map(|(cluster, tasks)| {
            let tasks = steps.note_common(&format!("tasks of {cluster}"), tasks)?;
            Some((cluster, tasks))
        });
        described.collect()
    }

    /// How these tasks are. No tasks are no call.
    async fn describe_in(
        &self,
        cluster: &str,
        tasks: &[TaskArn],
    ) -> Result<Vec<TaskDescription>, TickStepError> {
        if tasks.is_empty() {
            return Ok(Vec::new());
        }
        Ok(self.launchpad.ecs.describe_tasks(cluster, tasks).await?)
    }

    /// The sizes of a pool's Auto Scaling group, if it has one.
    async fn group(
        &self,
        invocation: &LaunchContext<'_>,
        pool: &Pool,
    ) -> Result<Option<GroupSizes>, TickStepError> {
        let placement = invocation.settings.placements.get(&pool.name);
        let group = placement.and_then(|placement| placement.auto_scaling_group.as_ref());
        let Some(name) = group else { return Ok(None) };
        Ok(Some(self.scaling.describe_auto_scaling_group(name).await?))
    }

    /// The items of a listing, which may be a moment old, as the listing is: some may have left it since.
    async fn items(&self, listing: &Listing) -> Result<Vec<Item>, TickStepError> {
        let ledger = &self.launchpad.books.ledger;
        let keys = ledger.list(listing).await?;
        Ok(if keys.is_empty() { Vec::new() } else { ledger.read_eventual(&keys).await? })
    }

    /// What these keys hold. No keys are no call.
    pub(crate) async fn read(&self, keys: &[Key]) -> Result<Vec<Item>, TickStepError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        Ok(self.launchpad.books.ledger.read(keys).await?)
    }
}

/// The listings of the runners of a pool that a rule looks at.
fn runners(pool: &PoolName, looks_earlier: bool) -> impl Iterator<Item = (&PoolName, Listing)> {
    let earlier = if looks_earlier { Listing::earlier(pool).to_vec() } else { Vec::new() };
    [Listing::Moving(pool.clone())].into_iter().chain(earlier).map(move |listing| (pool, listing))
}

/// Counts the waiting jobs that no pool serves, at every tick.
fn tell_stranded(snapshot: &Snapshot<'_>) {
    let mut without_pool = 0;
    for (pool, stranded) in stranded(snapshot) {
        let (jobs, why) = (stranded.jobs, stranded.why);
        warn!(%pool, jobs, why, "jobs wait in a pool that is out of the map, and no pool serves them");
        without_pool += jobs;
    }
    gauge!(JOBS_WITHOUT_POOL.name).set(f64::from(without_pool));
}
