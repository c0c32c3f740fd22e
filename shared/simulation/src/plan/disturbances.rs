//! What is done to a world from outside, beside its jobs.

use std::collections::BTreeMap;

use fleet::ledger::Totals;
use jiff::{SignedDuration, Timestamp};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use sandbox::{Fault, FunctionName};

use super::{Act, Map, START, after, moment};

/// A pool leaves the map and comes back. Each function learns of it within five minutes.
pub(super) fn map_changes(random: &mut StdRng) -> Vec<(Timestamp, Act)> {
    let leaves = random.random_range(0..3 * 60 * 60);
    let comes_back = leaves + random.random_range(10 * 60..60 * 60);
    let mut acts = Vec::new();
    for (when, map) in [(leaves, Map::Smaller), (comes_back, Map::Whole)] {
        for function in [
            FunctionName::Webhook,
            FunctionName::Launcher,
            FunctionName::Registrar,
            FunctionName::Scheduler,
            FunctionName::Reconciler,
        ] {
            acts.push((after(START, when + random.random_range(0..5 * 60)), Act::ReadMap(function, map)));
        }
    }
    acts
}

/// Up to two minutes, either way.
pub(super) fn skews(random: &mut StdRng) -> BTreeMap<FunctionName, SignedDuration> {
    let functions =
        [FunctionName::Launcher, FunctionName::Registrar, FunctionName::Scheduler, FunctionName::Reconciler];
    functions.map(|it| (it, SignedDuration::from_secs(random.random_range(-120..=120)))).into()
}

/// What may be broken for hours: images, runners, what tells of them.
pub(super) const BREAKABLE: [Fault; 13] = [
    Fault::ImageEnds,
    Fault::RunnerOutdated,
    Fault::RunnerFails,
    Fault::PreparationFails,
    Fault::RestoreHangs,
    Fault::TaskFailsToStart,
    Fault::TaskNeverStarts,
    Fault::TaskNeverAsks,
    Fault::HangsWithoutConfig,
    Fault::RunnerReaped,
    Fault::GithubSlow,
    Fault::StopEventLate,
    Fault::StopEventLost,
];

/// One fault strikes always, from a moment on, for hours or a day.
pub(super) fn breakage(random: &mut StdRng) -> Vec<(Timestamp, Act)> {
    let fault = BREAKABLE.choose(random).copied().unwrap_or(Fault::RunnerFails);
    let from = random.random_range(0..4 * 60 * 60);
    let hours = *[1, 3, 8, 24].choose(random).unwrap_or(&1);
    vec![(after(START, from), Act::Break(fault)), (after(START, from + hours * 60 * 60), Act::Mend(fault))]
}

/// In one world of three EC2 takes some spot instances back.
pub(super) fn interruptions(random: &mut StdRng) -> Vec<(Timestamp, Act)> {
    if random.random_ratio(2, 3) {
        return Vec::new();
    }
    let count = random.random_range(1..=6);
    (0..count).map(|_| (moment(random), Act::Interrupt(random.random_range(0..100)))).collect()
}

/// In one world of four some tickets are stolen.
pub(super) fn thefts(random: &mut StdRng) -> Vec<(Timestamp, Act)> {
    if random.random_ratio(3, 4) {
        return Vec::new();
    }
    let count = random.random_range(1..=20);
    (0..count).map(|_| (moment(random), Act::Steal(random.random_range(0..100)))).collect()
}

/// In one world of six GitHub's API is out of order for an hour.
pub(super) fn outage(random: &mut StdRng) -> Option<(Timestamp, Act)> {
    random.random_ratio(1, 6).then(|| (moment(random), Act::Outage))
}

/// In one world of twenty there are more repositories than a sweep can read.
pub(super) fn is_wide(seed: u64) -> bool {
    StdRng::seed_from_u64(seed ^ 0x9045_7E5E_5EED_0001).random_ratio(1, 20)
}

/// When the repositories without jobs are pushed to: those that have some were listed by then, whatever goes
/// wrong.
const QUIET_ONES: i64 = 125 * 60;

/// The pushes of such a world: to those that have jobs, and much later to as many that have none. GitHub
/// lists a hundred.
pub(super) fn pushes(repositories: u64) -> [(Timestamp, Act); 2] {
    [
        (START, Act::Push("octo-org/r", 0..repositories)),
        (after(START, QUIET_ONES), Act::Push("octo-org/quiet-", 0..repositories)),
    ]
}

/// What ECS says of every launch while something is changed, and for how many seconds at most: later, for
/// longer than a launch is tried; later, until IAM knows a role; never.
const CHANGES: [(&str, &str, i64); 3] = [
    ("InvalidParameterException", "TaskDefinition is inactive", 25 * 60),
    ("ClientException", "ECS was unable to assume the role that was provided for this task.", 2 * 60),
    ("AccessDeniedException", "not authorized to perform: ecs:RunTask", 10 * 60),
];

/// Up to four deploys, each with launches that it lets fail: all that there are, and so whole batches.
pub(super) fn deploys(random: &mut StdRng) -> Vec<(Timestamp, Act)> {
    let count = random.random_range(1..=4);
    let deploy = |_| {
        let from = random.random_range(0..4 * 60 * 60);
        let (code, message, most) = CHANGES.choose(random).copied().unwrap_or(("ServerException", "", 60));
        let until = from + random.random_range(10..=most);
        [(after(START, from), Act::Deploy(code, message)), (after(START, until), Act::Deployed)]
    };
    (0..count).flat_map(deploy).collect()
}

/// Up to four books are written by hand, each by up to two of each of its totals.
pub(super) fn miscounts(random: &mut StdRng) -> Vec<(Timestamp, Act)> {
    let count = random.random_range(1..=4);
    let miscount = |_| {
        let mut by = || random.random_range(-2..=2);
        let by = Totals { queued: by(), supply: by(), idle: by(), live: by() };
        (moment(random), Act::Miscount(random.random_range(0..100), by))
    };
    (0..count).map(miscount).collect()
}

/// In one world of three there are some tasks and registrations that nobody needs, and listeners that GitHub
/// forgets. Their numbers are their own: a world stays as it is beside them.
pub(super) fn lies(seed: u64) -> Vec<(Timestamp, Act)> {
    let mut random = StdRng::seed_from_u64(seed ^ 0x6c69_6573);
    if random.random_ratio(2, 3) {
        return Vec::new();
    }
    let count = random.random_range(1..=4_u128);
    let lie = |number| {
        let place = random.random_range(0..100);
        let act = match random.random_range(0..4) {
            0 => Act::PlantTask(number),
            1 => Act::PlantRegistration(place, random.random_bool(0.5)),
            _ => Act::LoseRegistration(place),
        };
        (moment(&mut random), act)
    };
    (0..count).map(lie).collect()
}
