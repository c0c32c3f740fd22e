//! Measures the functions beside an empty one.
//!
//! Each function is a process of its own on the Lambda Runtime API. AWS is a stand-in that answers at
//! once, over TLS. After the init phase, which Lambda gives a whole CPU or two, the process gets only
//! the share of the CPU that its memory buys. The functions take turns, so that a disturbance of the
//! machine affects all of them, and the figures are medians over the rounds.

mod deployed;
mod measure;
mod report;
mod stand_in;
mod subject;
mod throttle;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use wire::stack::Secrets;

pub use self::deployed::map_with;
use self::measure::BenchRound;
pub use self::report::{FunctionRow, table};
use self::stand_in::StandIn;

/// The functions' secrets.
pub const SECRETS: [&str; 2] = ["the-bench's-webhook-secret", "the-bench's-ticket-key"];

/// How to measure.
#[derive(Debug, Clone)]
pub struct BenchPlan {
    /// The folder of the binaries.
    pub binaries: PathBuf,
    /// The map of pools, in the form of `pools.toml`.
    pub map: String,
    /// Processes of each function.
    pub rounds: u32,
    /// Events of each process after its first one.
    pub events: u64,
    /// The time between two events.
    pub gap: Duration,
    /// The functions' memory, in MB.
    pub memory: u32,
    /// Whether to throttle the CPU to the share of that memory; needs root.
    pub throttled: bool,
    /// How hard to zip a binary: 9 as deployed, less to finish sooner.
    pub zip: u32,
    /// The file of a function's output, by its name.
    pub log: fn(&str) -> PathBuf,
}

/// What the functions are measured with.
struct BenchSetup {
    secrets: Secrets,
    stand_in: StandIn,
    subjects: [subject::BenchSubject; 6],
}

impl BenchSetup {
    async fn set(plan: &BenchPlan) -> Result<Self> {
        let [webhook, ticket_key] = SECRETS.map(Into::into);
        let secrets = Secrets::with_new_app(webhook, ticket_key)?;
        let map = platform::pools::map_text(&plan.map)?;
        let stand_in = StandIn::start(deployed::parameters(&secrets), &map).await?;
        let placements = deployed::placements(&plan.map)?;
        let subjects = subject::all(&plan.binaries, plan.memory, plan.gap, &placements);
        Ok(Self { secrets, stand_in, subjects })
    }
}

/// How often each function reads the Parameter Store in its init phase.
pub async fn reads_at_start(plan: &BenchPlan) -> Result<Vec<(&'static str, u64)>> {
    let BenchSetup { stand_in, subjects, .. } = BenchSetup::set(plan).await?;
    let mut reads = Vec::new();
    for subject in subjects {
        let name = subject.kind.name();
        let (_process, _, found) = measure::start(&subject, (plan.log)(name), &stand_in).await?;
        reads.push((name, found));
    }
    Ok(reads)
}

/// Measures every function. A wrong answer, or a call to AWS too few or too many, is an error.
pub async fn run(plan: &BenchPlan) -> Result<Vec<FunctionRow>> {
    let BenchSetup { secrets, stand_in, subjects } = BenchSetup::set(plan).await?;
    let mut samples: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for _ in 0..plan.rounds {
        for subject in &subjects {
            let name = subject.kind.name();
            let round = BenchRound { events: plan.events, throttled: plan.throttled, log: (plan.log)(name) };
            let sample = measure::measure(subject, &round, &stand_in, &secrets).await;
            samples.entry(name).or_default().push(sample.with_context(|| name.to_owned())?);
        }
    }
    let row = |subject: &subject::BenchSubject| {
        FunctionRow::new(subject, samples.get(subject.kind.name()).map_or(&[], Vec::as_slice), plan.zip)
    };
    subjects.iter().map(row).collect()
}
