//! One job of a world, and all that is done to it.

use std::time::Duration;

use fleet::{JobId, Repository};
use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use sandbox::github::JobPlan;

use super::{Act, START, after};

/// A re-run's job id is this much higher than the job's.
const RERUN: u64 = 1_000_000;

/// The repository that the runner group is not for.
pub const REFUSED: &str = "octo-org/vault";

/// Label sets of jobs: exact pools, sets that several pools serve, and some that none does.
const LABELS: [&[&str]; 16] = [
    &["self-hosted", "fargate-x64"],
    &["self-hosted", "fargate-x64-spot"],
    &["self-hosted", "fargate-arm64"],
    &["self-hosted", "ec2-x64"],
    &["self-hosted", "ec2-x64-spot"],
    &["self-hosted", "ec2-arm64"],
    &["self-hosted", "ec2-arm64-spot"],
    &["self-hosted"],
    &["linux", "X64"],
    &["linux", "ARM64"],
    &["docker"],
    &["x64", "spot"],
    &["arm64", "docker", "spot"],
    &["linux", "on-demand"],
    &["linux", "gpu"],
    &["ubuntu-latest"],
];

/// Everything that is done to one job. It depends on the seed and the job's number alone, so that a
/// smaller world has the same jobs.
pub(super) fn job(
    seed: u64,
    number: usize,
    bursts: &[Timestamp],
    is_short: bool,
    (is_wide, is_refused): (bool, bool),
) -> Vec<(Timestamp, Act)> {
    let mut random = StdRng::seed_from_u64(seed ^ (number as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let id = JobId(number as u64 + 1);
    let labels = LABELS.choose(&mut random).copied().unwrap_or_default();
    let plan = JobPlan {
        repository: if is_refused { Repository::new(REFUSED) } else { repository(seed, id, is_wide) },
        labels: labels.iter().collect(),
        work: if is_short { Duration::from_secs(random.random_range(0..=3)) } else { work(&mut random) },
    };
    let burst = bursts.choose(&mut random).copied().unwrap_or(START);
    let at = after(burst, random.random_range(0..10));
    let mut acts = Vec::new();
    if random.random_ratio(1, 20) {
        acts.push((at, Act::Gate(id, plan.clone())));
        let approved = after(at, random.random_range(1..30 * 60));
        acts.push((approved, Act::Approve(id, random.random_bool(0.5))));
    } else {
        acts.push((at, Act::Queue(id, plan.clone())));
    }
    if random.random_ratio(1, 10) || is_short && random.random_ratio(2, 5) {
        let within = if is_short { 60 } else { 10 * 60 };
        acts.push((after(at, random.random_range(0..within)), Act::Cancel(id)));
    }
    if random.random_ratio(1, 20) {
        acts.push((after(at, random.random_range(60..60 * 60)), Act::Rerun(id, JobId(id.0 + RERUN), plan)));
    }
    acts
}

/// Repositories that have jobs, in a world of many.
pub(super) const REPOSITORIES: u64 = 100;

/// One of up to eight repositories, or of many. Jobs of one run are of one.
fn repository(seed: u64, job: JobId, is_wide: bool) -> Repository {
    let (count, run) = (if is_wide { REPOSITORIES } else { seed % 8 + 1 }, job.0 / 2);
    Repository::new(format!("octo-org/r{}", run.wrapping_mul(0x9E37_79B9_7F4A_7C15) % count))
}

/// A few seconds, some minutes or some hours.
fn work(random: &mut StdRng) -> Duration {
    let seconds = match random.random_range(0..10) {
        0..=2 => random.random_range(1..=10),
        3..=8 => random.random_range(60..=600),
        _ => random.random_range(3600..=5 * 3600),
    };
    Duration::from_secs(seconds)
}
