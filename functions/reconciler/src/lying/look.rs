//! What a look reads. The ledger comes last, so that no task and no registration is younger than what it
//! says of its runner.

use std::collections::{BTreeMap, BTreeSet};

use control::Steps;
use fleet::ledger::{Item, Key, Listing, Runner};
use fleet::ports::{Clock, Ledger, ListItems, Random, Registration, SendMessage, TaskFilter};
use fleet::repair::lying::{Evidence, OurTask};
use fleet::{GithubRunnerId, JobId, RunnerId, TaskArn};
use futures_util::future::join_all;
use tracing::info;

use crate::snapshot::LedgerSnapshot;
use crate::{Pass, PassStepError, Reconciler, ReconcilerEcs, ReconcilerGithub};

/// Tasks that one call of `DescribeTasks` takes.
const DESCRIBED_AT_ONCE: usize = 100;

impl<L: Ledger + ListItems, C: Clock + Random, G: ReconcilerGithub, T: ReconcilerEcs, Q: SendMessage>
    Reconciler<L, C, G, T, Q>
{
    /// Everything that the rules look at. What cannot be read is not in it, and is a step that failed.
    pub(super) async fn see(
        &self,
        pass: &mut Pass<'_>,
        snapshot: &LedgerSnapshot,
        steps: &mut Steps,
    ) -> Evidence {
        let mut seen = Evidence { now: pass.began, ..Evidence::default() };
        seen.jobs = snapshot.in_progress.iter().map(|job| (job.id, job.clone())).collect();
        seen.saw_all_tasks = self.see_tasks(pass, &TaskFilter::Running, &mut seen.tasks, steps).await;
        seen.registrations = self.see_registrations(pass, steps).await;
        self.see_runners(&mut seen, steps).await;
        // A runner whose capacity is out of the map may have its task in a cluster that is, too.
        let is_placed =
            |runner: &Runner| pass.settings.pools.with_retiring().any(|it| it.name == runner.capacity);
        seen.saw_all_tasks &=
            seen.runners.values().all(|runner| !runner.state.is_live() || is_placed(runner));
        let runs: BTreeSet<RunnerId> = seen.tasks.iter().map(|task| task.runner.clone()).collect();
        let is_missing = |runner: &Runner| runner.state.is_live() && !runs.contains(&runner.id);
        if seen.runners.values().any(is_missing) {
            // What it tells is how tasks have stopped: nothing follows from one that it does not show.
            self.see_tasks(pass, &TaskFilter::Stopped, &mut seen.tasks, steps).await;
        }
        seen
    }

    /// The tasks of the stack that fit. Gives whether those are all.
    async fn see_tasks(
        &self,
        pass: &Pass<'_>,
        filter: &TaskFilter,
        tasks: &mut Vec<OurTask>,
        steps: &mut Steps,
    ) -> bool {
        let mut all = true;
        for cluster in pass.settings.clusters() {
            let listed = self.ecs.list_tasks(&cluster, filter).await.map_err(PassStepError::from);
            let listed: Option<Vec<TaskArn>> = steps.note_common(&format!("tasks of {cluster}"), listed);
            all &= listed.is_some();
            for chunk in listed.unwrap_or_default().chunks(DESCRIBED_AT_ONCE) {
                if pass.is_over(self.books.system.now()) {
                    info!(cluster, "there are more tasks than a look has time for");
                    return false;
                }
                let described = self.ecs.describe_tasks(&cluster, chunk).await.map_err(PassStepError::from);
                let described = steps.note_common(&format!("tasks of {cluster}"), described);
                all &= described.is_some();
                let stack = &pass.settings.stack;
                let described = described.into_iter().flatten();
                tasks.extend(described.filter_map(|task| OurTask::of(&cluster, stack, task)));
            }
        }
        all
    }

    /// The organisation's registrations, if all of them could be listed. Where the list moves between two
    /// pages, one may be missing, and the next look sees it.
    async fn see_registrations(
        &self,
        pass: &mut Pass<'_>,
        steps: &mut Steps,
    ) -> Option<BTreeMap<GithubRunnerId, Registration>> {
        let mut all = BTreeMap::new();
        for page in 1.. {
            let listed = self.ask_github(pass, self.github.list_runners(page)).await;
            let listed = match listed {
                Err(problem) if problem.ends_calls() => {
                    info!(reason = %problem, page, "GitHub's list of runners is left to the next look");
                    return None;
                }
                listed => steps.note_common("GitHub's list of runners", listed)?,
            };
            let is_empty = listed.registrations.is_empty();
            all.extend(listed.registrations.into_iter().map(|it| (it.id, it)));
            if all.len() >= listed.total {
                return Some(all);
            }
            if is_empty {
                break;
            }
        }
        None
    }

    /// The books, the runners that are not Stopped, those that tasks and registrations name, and the jobs that they
    /// have, where the snapshot has not read them as in progress.
    async fn see_runners(&self, seen: &mut Evidence, steps: &mut Steps) {
        let books = steps.note_common("books", self.items(&Listing::Books).await);
        seen.has_all_runners = books.is_some();
        let books = books.unwrap_or_default();
        seen.books = books.iter().filter_map(Item::book).map(|it| (it.pool.clone(), it.clone())).collect();
        let looks_earlier = self.memory.earlier.are_due(seen.now);
        let mut listings: Vec<Listing> = seen.books.keys().flat_map(Listing::live_runners).collect();
        if looks_earlier {
            listings.extend(seen.books.keys().flat_map(Listing::earlier));
        }
        let mut found_earlier = false;
        let listed = join_all(listings.iter().map(|listing| self.items(listing))).await;
        for (listing, items) in listings.iter().zip(listed) {
            let items = steps.note_common(&format!("list {listing}"), items);
            seen.has_all_runners &= items.is_some();
            let items = items.unwrap_or_default();
            found_earlier |= matches!(listing, Listing::Earlier(..)) && !items.is_empty();
            add(seen, &items);
        }
        if looks_earlier {
            self.memory.earlier.looked_through(found_earlier, seen.now);
        }
        let named = seen.tasks.iter().map(|task| task.runner.clone());
        let registered = seen.registrations.iter().flat_map(BTreeMap::values);
        let registered = registered.filter_map(|it| RunnerId::from_github_name(&it.name));
        let mut named: BTreeSet<RunnerId> = named.chain(registered).collect();
        named.retain(|id| !seen.runners.contains_key(id));
        let keys: Vec<Key> = named.into_iter().map(Key::Runner).collect();
        if let Some(items) = steps.note_common("runners of tasks and registrations", self.read(&keys).await) {
            add(seen, &items);
        } else {
            // Nobody knows whose they are.
            let known = &seen.runners;
            seen.tasks.retain(|task| known.contains_key(&task.runner));
            seen.has_all_runners = false;
        }
        let mut jobs: BTreeSet<JobId> = seen.runners.values().filter_map(|runner| runner.job).collect();
        jobs.retain(|job| !seen.jobs.contains_key(job));
        let jobs: Vec<Key> = jobs.into_iter().map(Key::Job).collect();
        let jobs = steps.note_common("jobs of runners", self.read(&jobs).await).unwrap_or_default();
        seen.jobs.extend(jobs.iter().filter_map(Item::job).map(|job| (job.id, job.clone())));
    }
}

fn add(seen: &mut Evidence, items: &[Item]) {
    let runners = items.iter().filter_map(Item::runner);
    seen.runners.extend(runners.map(|runner| (runner.id.clone(), runner.clone())));
}
