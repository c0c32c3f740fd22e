//! Histories of a few jobs and runners, and how their events arrive.

use std::collections::BTreeMap;

use fleet::launch::{Ending, FailureClass, StopClass, TaskTimes};
use fleet::ledger::{Event, JobAction, JobEvent, JobRunner, JobState, RunnerEvent, UnservedReason};
use fleet::question::Listener;
use fleet::{GithubRunnerId, JobId, Repository};
use kit::ledger::{asked, registered};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::{POOLS, pool, runner_id};

/// The runners that live when a history begins: their pool and their capacity.
pub(super) const RUNNERS: [(&str, &str); 5] = [
    (POOLS[0], POOLS[0]),
    (POOLS[0], POOLS[0]),
    (POOLS[0], POOLS[1]),
    (POOLS[1], POOLS[1]),
    (POOLS[1], POOLS[1]),
];

/// An event, and the step of the history at which it happens.
type TimedEvent = (u32, Event);

/// Some jobs, all the runners, a change of hours, and a pool that may be taken out of the map.
pub(super) fn history() -> impl Strategy<Value = Vec<TimedEvent>> {
    let jobs: Vec<_> = (1..=5).map(job).collect();
    let runners: Vec<_> = (0..RUNNERS.len()).map(runner).collect();
    let reroutes: Vec<_> = (1..=5).map(reroute).collect();
    let gates: Vec<_> = (1..=5).map(gate).collect();
    let parts = (jobs, runners, hours(), closing(), reroutes, gates);
    parts.prop_map(|(jobs, runners, hours, closing, reroutes, gates)| {
        let told = jobs.into_iter().chain(runners).flatten().chain([hours]);
        told.chain(closing).chain(reroutes.into_iter().chain(gates).flatten()).collect()
    })
}

/// What GitHub reports about one job: some of its three events, each with the pool to which its labels were
/// routed then, and the runner that took it, under its own or another registration.
fn job(number: u64) -> impl Strategy<Value = Vec<TimedEvent>> {
    let actions = [(0, JobAction::Queued), (4, JobAction::InProgress), (6, JobAction::Completed)];
    let told = subsequence(actions.to_vec(), 1..=3);
    let runner = proptest::option::weighted(0.9, (0..RUNNERS.len(), proptest::bool::weighted(0.8)));
    (told, runner, [select(&POOLS[..]), select(&POOLS[..]), select(&POOLS[..])]).prop_map(
        move |(told, runner, pools)| {
            let event = |((step, action), routed)| {
                let named = runner.filter(|_| action != JobAction::Queued);
                let event = JobEvent {
                    action,
                    job: JobId(number),
                    pool: Some(pool(routed)),
                    repository: Repository::new("octo-org/example"),
                    is_public: false,
                    labels: ["linux"].into_iter().collect(),
                    runner: named.map(|(runner, ours)| JobRunner {
                        github_id: GithubRunnerId(if ours { runner as u64 } else { 999 }),
                        runner: runner_id(runner),
                    }),
                    may_not_have_run: false,
                    created_at: None,
                    accepted_at: None,
                    names: fleet::ledger::JobNames::default(),
                };
                (step, Event::Job(event))
            };
            told.into_iter().zip(pools).map(event).collect()
        },
    )
}

/// What happens to one runner: most of an ordinary life, and some disturbances.
fn runner(number: usize) -> impl Strategy<Value = Vec<TimedEvent>> {
    let boot = format!("boot of {number}");
    let asks = |listener| asked(&boot, listener);
    let life = vec![
        (1, asks(Listener::None)),
        (2, registered(&boot, number as u64)),
        (3, asks(Listener::Starting)),
        (4, asks(Listener::Up)),
        (8, asks(Listener::Up)),
    ];
    let reason = || "in ECS's words".to_owned();
    let disturbances = vec![
        (1, RunnerEvent::Fenced),
        (1, RunnerEvent::LaunchFailed(FailureClass::Elsewhere, reason())),
        (1, RunnerEvent::FoundNoCapacity(reason())),
        (1, RunnerEvent::LaunchTried(Some(reason()))),
        (3, RunnerEvent::NotLaunched(reason())),
        (2, asked("somebody else's", Listener::None)),
        (4, asked("somebody else's", Listener::Up)),
        (4, registered(&boot, 100 + number as u64)),
        (5, RunnerEvent::CountedOut),
        (8, RunnerEvent::FoundOffline(GithubRunnerId(number as u64))),
        (9, RunnerEvent::FoundNotAsking),
        (5, RunnerEvent::FoundBusy),
        (6, asks(Listener::None)),
        (7, RunnerEvent::FailedToBoot(reason())),
        (9, RunnerEvent::TaskStopped(StopClass::NoCapacity, reason(), TaskTimes::default())),
        (9, RunnerEvent::TaskStopped(StopClass::InstanceGone, reason(), TaskTimes::default())),
        (9, RunnerEvent::TaskStopped(StopClass::Ended(Ending::Removed), reason(), TaskTimes::default())),
        (9, RunnerEvent::TaskStopped(StopClass::Ended(Ending::Failed), reason(), TaskTimes::default())),
    ];
    let slow = proptest::option::weighted(0.7, (0_u32..8).prop_map(|step| (step, RunnerEvent::Overdue)));
    let told = (subsequence(life, 2..=5), subsequence(disturbances, 0..=4), slow);
    told.prop_map(move |(life, disturbances, slow)| {
        let event = |(step, event)| (step, Event::Runner(runner_id(number), event));
        life.into_iter().chain(disturbances).chain(slow).map(event).collect()
    })
}

fn hours() -> impl Strategy<Value = TimedEvent> {
    (0_u32..10, select(&POOLS[..]), 0_u32..4, 1_u32..9).prop_map(|(step, name, minimum, maximum)| {
        (step, Event::Bounds { pool: pool(name), minimum, maximum, task_definition: None })
    })
}

/// A pool that is out of the map from some moment on.
fn closing() -> impl Strategy<Value = Option<TimedEvent>> {
    let closed = |(step, name)| {
        (step, Event::Bounds { pool: pool(name), minimum: 0, maximum: 0, task_definition: None })
    };
    proptest::option::weighted(0.3, (0_u32..10, select(&POOLS[..])).prop_map(closed))
}

/// A job that is routed again, from either pool to either.
fn reroute(number: u64) -> impl Strategy<Value = Option<TimedEvent>> {
    let between = (0_u32..6, select(&POOLS[..]), select(&POOLS[..]));
    let rerouted = move |(step, from, to)| {
        (step, Event::Rerouted { job: JobId(number), from: pool(from), to: pool(to) })
    };
    proptest::option::of(between.prop_map(rerouted))
}

/// A read of GitHub. It finds that a job waits for an approval, as of some version, or waits as the ledger says, or
/// was passed over, is unserved, or is tried again.
fn gate(number: u64) -> impl Strategy<Value = Option<TimedEvent>> {
    let job = JobId(number);
    let reason = UnservedReason::RunnerGroup;
    let found = move |version| {
        prop_oneof![
            4 => Just(Event::FoundWaiting { job, version }),
            1 => Just(Event::JobRead { job, state: JobState::Queued }),
            1 => Just(Event::PassedOver { job }),
            2 => Just(Event::FoundUnserved { job, version, reason }),
            1 => Just(Event::TriedAgain { job, version }),
        ]
    };
    proptest::option::of((1_u32..6, (1_u64..4).prop_flat_map(found)))
}

/// How many steps late each delivery of each event is: mostly few, sometimes a whole life.
pub(super) fn lateness() -> impl Strategy<Value = Vec<Vec<u32>>> {
    let late = prop_oneof![4 => Just(0_u32), 2 => 0_u32..3, 1 => 0_u32..12];
    // There are at most 5 · (3 + 2) events of jobs, 5 · (5 + 5) of runners, and two of bounds.
    proptest::collection::vec(proptest::collection::vec(late, 1..=3), 77)
}

/// The events as they arrive: each once or more, in the order of their arrival.
pub(super) fn delivered(history: &[TimedEvent], lateness: &[Vec<u32>]) -> Vec<Event> {
    assert!(history.len() <= lateness.len(), "no event is lost");
    let deliveries = history.iter().zip(lateness);
    let mut arrivals: Vec<(u32, &Event)> = deliveries
        .flat_map(|((step, event), late)| late.iter().map(move |late| (step + late, event)))
        .collect();
    arrivals.sort_by_key(|(arrives, _)| *arrives);
    arrivals.into_iter().map(|(_, event)| event.clone()).collect()
}

/// Where each job ends: in the latest state that was ever reported of it.
pub(super) fn ends(history: &[TimedEvent]) -> BTreeMap<JobId, JobState> {
    let mut ends = BTreeMap::new();
    for (_, event) in history {
        let Event::Job(event) = event else { continue };
        let state = match event.action {
            JobAction::Queued => JobState::Queued,
            JobAction::InProgress => JobState::InProgress,
            JobAction::Completed => JobState::Completed,
        };
        let end = ends.entry(event.job).or_insert(state);
        *end = state.max(*end);
    }
    ends
}
