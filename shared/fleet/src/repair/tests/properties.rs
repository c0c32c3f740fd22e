//! What holds for whatever a pass may see.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::stage::*;
use crate::ids::{PoolName, RunnerId};
use crate::launch::FailureClass;
use crate::ledger::{Entries, Event, Item, Job, Runner, RunnerEvent, RunnerState, recount};
use crate::ports::TaskDescription;
use crate::repair::{RULES, Repair, Snapshot, clusters_in_question, repairs};
use crate::schedule::Group;

const NAMES: [&str; 3] = ["small", "plain", "old"];

const STATES: [RunnerState; 4] =
    [RunnerState::Starting, RunnerState::Idle, RunnerState::Busy, RunnerState::Leaving];

const STATUSES: [&str; 4] = ["PROVISIONING", "PENDING", "RUNNING", "STOPPED"];

/// A runner in any state, with its task where ECS lists one.
#[derive(Debug, Clone)]
struct Seen {
    runner: Runner,
    status: Option<&'static str>,
}

/// A platform in any condition.
#[derive(Debug, Clone)]
struct Condition {
    seen: Vec<Seen>,
    jobs: Vec<Job>,
    minimums: Vec<i64>,
    min_size: u32,
    silent: BTreeSet<&'static str>,
}

prop_compose! {
    fn seen(number: u128)(
        of in 0_usize..3,
        capacity in 0_usize..3,
        state in 0_usize..4,
        has_claimed in any::<bool>(),
        age in 0_i64..2 * 60 * 60,
        rested in 0.0..1.0_f64,
        status in proptest::option::of(0_usize..4),
    ) -> Seen {
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "some part of it")]
        let since = (age as f64 * rested) as i64;
        let unclaimed = Runner {
            capacity: pool(NAMES[capacity]),
            changed_at: ago(since),
            ..runner(number, NAMES[of], STATES[state], age)
        };
        // Idle and Busy runners have claimed.
        let has_claimed = has_claimed || matches!(unclaimed.state, RunnerState::Idle | RunnerState::Busy);
        let runner = if has_claimed { claimed(unclaimed) } else { unclaimed };
        Seen { runner, status: status.map(|at| STATUSES[at]) }
    }
}

fn condition() -> impl Strategy<Value = Condition> {
    let seen = (0_usize..8).prop_flat_map(|count| (0..count as u128).map(seen).collect::<Vec<_>>());
    let jobs = proptest::collection::vec((0_usize..3, 0_usize..3), 0..5).prop_map(|jobs| {
        let job = |(at, (of, label)): (usize, (usize, usize))| {
            job(at as u64, NAMES[of], ["x", "docker", "gpu"][label])
        };
        jobs.into_iter().enumerate().map(job).collect::<Vec<_>>()
    });
    let minimums = proptest::collection::vec(0_i64..4, 3);
    let silent = proptest::sample::subsequence(vec!["ecs", "fargate"], 0..=2);
    (seen, jobs, minimums, 0_u32..6, silent).prop_map(|(seen, jobs, minimums, min_size, silent)| Condition {
        seen,
        jobs,
        minimums,
        min_size,
        silent: silent.into_iter().collect(),
    })
}

/// The snapshot of a condition, as a pass takes it.
fn snapshot<'a>(stage: &'a Stage, condition: &Condition) -> Snapshot<'a> {
    let mut snapshot = stage.snapshot();
    add(&mut snapshot, condition.seen.iter().map(|seen| seen.runner.clone()));
    snapshot.waiting = condition.jobs.iter().filter(|job| job.pool == pool("old")).cloned().collect();
    snapshot.groups.insert(pool("small"), Group { min_size: condition.min_size, max_size: 5 });
    let runners = condition.seen.iter().map(|seen| Item::Runner(seen.runner.clone()));
    let items: Vec<Item> = runners.chain(condition.jobs.iter().cloned().map(Item::Job)).collect();
    for (name, totals) in recount(&items) {
        let book = snapshot.books.get_mut(&name).unwrap();
        (book.queued, book.supply, book.live) = (totals.queued, totals.supply, totals.live);
    }
    for (name, minimum) in NAMES.into_iter().zip(&condition.minimums) {
        snapshot.books.get_mut(&pool(name)).unwrap().minimum = *minimum;
    }
    look(&mut snapshot, condition, &BTreeSet::new());
    snapshot
}

/// What ECS lists of the clusters that answer: not the tasks that were asked to stop meanwhile.
fn look(snapshot: &mut Snapshot<'_>, condition: &Condition, stopped: &BTreeSet<RunnerId>) {
    let clusters: BTreeSet<String> = clusters_in_question(snapshot).into_iter().map(str::to_owned).collect();
    for cluster in clusters.iter().filter(|cluster| !condition.silent.contains(cluster.as_str())) {
        let tasks = condition.seen.iter().enumerate().filter_map(|(at, seen)| {
            let capacity = seen.runner.capacity.as_str();
            let is_here = (if capacity == "plain" { "fargate" } else { "ecs" }) == cluster;
            let goes_on = is_here && !stopped.contains(&seen.runner.id);
            seen.status.filter(|_| goes_on).map(|status| task(at as u128, status))
        });
        let tasks: Vec<TaskDescription> = tasks.collect();
        snapshot.see(cluster, tasks);
    }
}

/// The snapshot that a pass takes once the repairs of another one are performed.
fn after<'a>(
    stage: &'a Stage,
    condition: &Condition,
    before: &Snapshot<'a>,
    done: &[Repair],
) -> Snapshot<'a> {
    let mut entries = Entries::default();
    entries.extend(before.books.values().cloned().map(Item::Book));
    entries.extend(before.runners.values().cloned().map(Item::Runner));
    entries.extend(condition.jobs.iter().cloned().map(Item::Job));
    let mut condition = condition.clone();
    let mut stopped = BTreeSet::new();
    let mut groups = before.groups.clone();
    for repair in done {
        if let Some(event) = repair.event() {
            entries.apply(&event, before.now);
        }
        match repair {
            Repair::SetMinSize { pool, to, .. } => groups.get_mut(pool).unwrap().min_size = *to,
            Repair::Fence { runner, task: Some(_), .. } | Repair::Stop { runner, .. } => {
                stopped.insert(runner.id.clone());
            }
            Repair::RunAgain { runner } if stage.placements.contains_key(&runner.capacity) => {
                let seen = condition.seen.iter_mut().find(|seen| seen.runner.id == runner.id).unwrap();
                seen.status.get_or_insert("PROVISIONING");
            }
            Repair::RunAgain { runner } => {
                let failed = RunnerEvent::LaunchFailed(FailureClass::Never, "no placement".to_owned());
                entries.apply(&Event::Runner(runner.id.clone(), failed), before.now);
            }
            Repair::Close { .. }
            | Repair::Reroute { .. }
            | Repair::Fence { .. }
            | Repair::NoteStopped { .. } => {}
        }
    }
    let moved: Vec<Job> = entries
        .puts()
        .into_iter()
        .filter_map(|put| match put.0 {
            Item::Job(job) => Some(job),
            Item::Runner(_) | Item::Book(_) | Item::Budget(_) => None,
        })
        .collect();
    let mut after = stage.snapshot();
    let stays = |job: &&Job| !moved.iter().any(|moved| moved.id == job.id);
    after.waiting = before.waiting.iter().filter(stays).cloned().collect();
    let is_read = |runner: &&Runner| matches!(runner.state, RunnerState::Starting | RunnerState::Leaving);
    let runners = before.runners.keys().filter_map(|id| entries.runner(id));
    add(&mut after, runners.filter(is_read).cloned().collect::<Vec<_>>());
    for name in NAMES.map(pool) {
        after.books.insert(name.clone(), entries.book(&name).unwrap().clone());
    }
    after.groups = groups;
    look(&mut after, &condition, &stopped);
    after
}

/// What a repair does to whom.
fn key(repair: &Repair) -> (&'static str, PoolName, Option<RunnerId>, Option<u64>) {
    let job = if let Repair::Reroute { job, .. } = repair { Some(job.0) } else { None };
    (repair.name(), repair.pool().clone(), repair.runner().map(|runner| runner.id.clone()), job)
}

proptest! {
    #[test]
    fn no_repair_names_a_runner_that_has_claimed_and_each_runner_has_one_at_most(condition in condition()) {
        let stage = Stage::new();
        let found = repairs(&snapshot(&stage, &condition));
        let named: Vec<&Runner> = found.iter().filter_map(Repair::runner).collect();
        for runner in &named {
            prop_assert!(runner.boot.is_none(), "{:?}", found);
            prop_assert!(matches!(runner.state, RunnerState::Starting | RunnerState::Leaving), "{:?}", found);
        }
        let ids: BTreeSet<&RunnerId> = named.iter().map(|runner| &runner.id).collect();
        prop_assert_eq!(ids.len(), named.len());
    }

    #[test]
    fn the_same_snapshot_gives_the_same_list(condition in condition()) {
        let stage = Stage::new();
        let (once, again) = (snapshot(&stage, &condition), snapshot(&stage, &condition));
        prop_assert_eq!(repairs(&once), repairs(&again));
    }

    #[test]
    fn what_was_performed_is_not_found_again(condition in condition()) {
        let stage = Stage::new();
        let before = snapshot(&stage, &condition);
        let done = repairs(&before);
        let found = repairs(&after(&stage, &condition, &before, &done));
        let done: BTreeSet<_> = done.iter().map(key).collect();
        let again: Vec<_> = found.iter().filter(|repair| done.contains(&key(repair))).collect();
        prop_assert!(again.is_empty(), "{:?}", again);
    }

    #[test]
    fn whose_task_is_stopped_is_known_to_ecs_and_asked_about(condition in condition()) {
        let stage = Stage::new();
        let snapshot = snapshot(&stage, &condition);
        let asked = clusters_in_question(&snapshot);
        for repair in repairs(&snapshot) {
            if let Repair::Fence { task: Some(task), .. } | Repair::Stop { task, .. } = &repair {
                prop_assert!(asked.contains(task.cluster.as_str()), "{:?}", repair);
            }
        }
    }
}

#[test]
fn each_rule_says_what_it_mends() {
    let names: BTreeSet<&str> = RULES.iter().map(|rule| rule.name).collect();
    assert_eq!(names.len(), RULES.len());
    assert!(RULES.iter().all(|rule| !rule.mends.is_empty()));
}
