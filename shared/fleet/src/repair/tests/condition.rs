//! A platform in any condition, before and after its repairs.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::stage::*;
use crate::ids::RunnerId;
use crate::launch::{FailureClass, TaskTimes};
use crate::ledger::{Entries, Event, Item, Job, Runner, RunnerEvent, RunnerState, recount};
use crate::ports::TaskDescription;
use crate::repair::{Repair, Snapshot, clusters_in_question};
use crate::schedule::GroupSizes;

const NAMES: [&str; 4] = ["small", "plain", "cheap", "old"];

const STATUSES: [&str; 4] = ["PROVISIONING", "PENDING", "RUNNING", "STOPPED"];

/// A runner in any state, with its task if ECS lists one.
#[derive(Debug, Clone)]
struct RunnerAndTask {
    runner: Runner,
    status: Option<&'static str>,
    /// How many seconds ago it left PROVISIONING, if it has.
    pulled: i64,
}

/// A platform in any condition.
#[derive(Debug, Clone)]
pub(super) struct Condition {
    seen: Vec<RunnerAndTask>,
    jobs: Vec<Job>,
    minimums: Vec<i64>,
    min_size: u32,
    silent: BTreeSet<&'static str>,
}

/// A runner's state as the ledger may have it, with the least and the most that it has done (asked, got a JIT
/// config, listened).
const LIVES: [(RunnerState, usize, usize); 5] = [
    (RunnerState::Starting, 0, 0),
    (RunnerState::Idle, 1, 3),
    (RunnerState::Overdue, 0, 2),
    (RunnerState::Busy, 2, 3),
    (RunnerState::Leaving, 0, 3),
];

prop_compose! {
    fn seen(number: u128)(
        of in 0_usize..4,
        capacity in 0_usize..4,
        life in 0_usize..5,
        done in 0_usize..4,
        age in 0_i64..2 * 60 * 60,
        (rested, silent, pulled) in (0.0..1.0_f64, 0.0..1.0_f64, 0.0..1.0_f64),
        (was_overdue, was_put_off) in any::<(bool, bool)>(),
        status in proptest::option::of(0_usize..4),
    ) -> RunnerAndTask {
        let (state, least, most) = LIVES[life];
        let done = done.clamp(least, most);
        let reserved = runner(number, NAMES[of], state, age);
        let runner = match done {
            0 => reserved,
            1 => called(reserved, part(age, silent)),
            2 => registered(reserved, part(age, silent)),
            _ => listening(reserved),
        };
        let is_overdue = state == RunnerState::Overdue || (done > 0 && was_overdue);
        let runner = Runner {
            capacity: pool(NAMES[capacity]),
            changed_at: ago(part(age, rested)),
            overdue_at: is_overdue.then(|| ago(part(age, rested))),
            put_off: was_put_off.then(|| "AGENT".to_owned()),
            ..runner
        };
        RunnerAndTask { runner, status: status.map(|at| STATUSES[at]), pulled: part(age, pulled) }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "some part of it")]
fn part(age: i64, of_it: f64) -> i64 {
    (age as f64 * of_it) as i64
}

pub(super) fn condition() -> impl Strategy<Value = Condition> {
    let seen = (0_usize..8).prop_flat_map(|count| (0..count as u128).map(seen).collect::<Vec<_>>());
    let jobs = proptest::collection::vec((0_usize..4, 0_usize..3), 0..8).prop_map(|jobs| {
        let job = |(at, (of, label)): (usize, (usize, usize))| {
            job(at as u64, NAMES[of], ["x", "docker", "gpu"][label])
        };
        jobs.into_iter().enumerate().map(job).collect::<Vec<_>>()
    });
    let minimums = proptest::collection::vec(0_i64..4, 4);
    let silent = proptest::sample::subsequence(vec!["mayfly_ec2", "mayfly_fargate"], 0..=2);
    (seen, jobs, minimums, 0_u32..6, silent).prop_map(|(seen, jobs, minimums, min_size, silent)| Condition {
        seen,
        jobs,
        minimums,
        min_size,
        silent: silent.into_iter().collect(),
    })
}

/// The snapshot of a condition, as a pass takes it.
pub(super) fn snapshot<'a>(stage: &'a BorrowedParts, condition: &Condition) -> Snapshot<'a> {
    let mut snapshot = stage.snapshot();
    add(&mut snapshot, condition.seen.iter().map(|seen| seen.runner.clone()));
    snapshot.waiting = condition.jobs.iter().filter(|job| job.pool == Some(pool("old"))).cloned().collect();
    snapshot.groups.insert(pool("small"), GroupSizes { min_size: condition.min_size, max_size: 5 });
    let runners = condition.seen.iter().map(|seen| Item::Runner(seen.runner.clone()));
    let items: Vec<Item> = runners.chain(condition.jobs.iter().cloned().map(Item::Job)).collect();
    for (name, totals) in recount(&items) {
        let book = snapshot.books.get_mut(&name).unwrap();
        (book.queued, book.supply, book.idle) = (totals.queued, totals.supply, totals.idle);
        book.live = totals.live;
    }
    for (name, minimum) in NAMES.into_iter().zip(&condition.minimums) {
        snapshot.books.get_mut(&pool(name)).unwrap().minimum = *minimum;
    }
    look(&mut snapshot, condition, &BTreeSet::new());
    snapshot
}

/// What ECS lists of the clusters that answer, without tasks that were asked to stop in the meantime.
fn look(snapshot: &mut Snapshot<'_>, condition: &Condition, stopped: &BTreeSet<RunnerId>) {
    let clusters: BTreeSet<String> = clusters_in_question(snapshot).into_iter().map(str::to_owned).collect();
    for cluster in clusters.iter().filter(|cluster| !condition.silent.contains(cluster.as_str())) {
        let tasks = condition.seen.iter().enumerate().filter_map(|(at, seen)| {
            let capacity = seen.runner.capacity.as_str();
            let is_here =
                (if ["plain", "cheap"].contains(&capacity) { "mayfly_fargate" } else { "mayfly_ec2" })
                    == cluster;
            let goes_on = is_here && !stopped.contains(&seen.runner.id);
            let status = seen.status.filter(|_| goes_on)?;
            let pull_started_at = (status != "PROVISIONING").then(|| ago(seen.pulled));
            Some(TaskDescription {
                times: TaskTimes { pull_started_at, ..TaskTimes::default() },
                ..task(at as u128, status)
            })
        });
        let tasks: Vec<TaskDescription> = tasks.collect();
        snapshot.see(cluster, tasks);
    }
}

/// The snapshot that a pass takes after another pass's repairs.
pub(super) fn after<'a>(
    stage: &'a BorrowedParts,
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
            | Repair::CallOverdue { .. }
            | Repair::Fence { .. }
            | Repair::NoteStopped { .. } => {}
        }
    }
    let moved: Vec<Job> = entries
        .puts()
        .into_iter()
        .filter_map(|put| match put.0 {
            Item::Job(job) => Some(job),
            Item::Runner(_)
            | Item::Book(_)
            | Item::Budget(_)
            | Item::Meter(_)
            | Item::Deliveries(_)
            | Item::Suspicions(_)
            | Item::Sweep(_) => None,
        })
        .collect();
    let mut after = stage.snapshot();
    let stays = |job: &&Job| !moved.iter().any(|moved| moved.id == job.id);
    after.waiting = before.waiting.iter().filter(stays).cloned().collect();
    let is_read = |runner: &&Runner| runner.state.is_on_its_way() || runner.state == RunnerState::Leaving;
    let runners = before.runners.keys().filter_map(|id| entries.runner(id));
    add(&mut after, runners.filter(is_read).cloned().collect::<Vec<_>>());
    for name in NAMES.map(pool) {
        after.books.insert(name.clone(), entries.book(&name).unwrap().clone());
    }
    after.groups = groups;
    look(&mut after, &condition, &stopped);
    after
}
