//! What a run assumes: latencies, times and limits, from the files beside this crate.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use sandbox::ecs::{EcsLimits, Rate};
use sandbox::github::{GithubLimits, LimitWindow};
use sandbox::{Delays, FunctionName, Latencies, Operation, Span, Starts};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The built-in files.
const LATENCIES: &str = include_str!("../latencies.toml");
const LIMITS: &str = include_str!("../limits.toml");
const TIMES: &str = include_str!("../times.toml");

/// What a run assumes.
#[derive(Debug, Clone)]
pub struct Data {
    /// How long calls and everything else take.
    pub delays: Delays,
    /// How many deliveries GitHub makes in a second.
    pub deliveries_a_second: u32,
    /// ECS's limits.
    pub ecs: EcsLimits,
    /// GitHub's limits.
    pub github: GithubLimits,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Latency {
    p50_ms: u64,
    spread_ms: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitsFile {
    #[serde(default)]
    ecs: EcsFile,
    #[serde(default)]
    github: GithubFile,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct EcsFile {
    run_task_a_second: Option<u32>,
    run_task_burst: Option<u32>,
    provisioning_a_cluster: Option<u32>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct GithubFile {
    points_a_minute: Option<u32>,
    calls_an_hour: Option<u32>,
    #[serde(default)]
    counted: CountedFile,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum CountedFile {
    #[default]
    ByTheClock,
    Sliding,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TimesFile {
    fargate: StartsFile,
    ec2: StartsFile,
    runner: RunnerFile,
    github: DeliveriesFile,
    functions: FunctionsFile,
}

/// Seconds, from the one to the other.
type Seconds = (u64, u64);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StartsFile {
    provisioning: Seconds,
    pending: Seconds,
    boot: Seconds,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RunnerFile {
    listener: Seconds,
    pick_up: Seconds,
    worker: Seconds,
    stopping: Seconds,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeliveriesFile {
    webhook: Seconds,
    deliveries_a_second: u32,
}

/// The functions' timeouts, in seconds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FunctionsFile {
    webhook: u64,
    launcher: u64,
    scheduler: u64,
    reconciler: u64,
}

impl Data {
    /// The built-in data, except for files that this folder has.
    pub fn read(folder: Option<&Path>) -> Result<Self> {
        let calls = latencies(&parse(folder, "latencies.toml", LATENCIES)?)?;
        let LimitsFile { ecs, github } = parse(folder, "limits.toml", LIMITS)?;
        let times: TimesFile = parse(folder, "times.toml", TIMES)?;
        let TimesFile { fargate, ec2, runner, github: deliveries, functions } = times;
        let (fargate, ec2) = (fargate.starts("fargate")?, ec2.starts("ec2")?);
        if deliveries.deliveries_a_second == 0 {
            bail!("times.toml: github.deliveries_a_second is 0: it takes at least 1");
        }
        let delays = Delays {
            webhook: span("github.webhook", deliveries.webhook)?,
            provisioning: fargate.provisioning,
            pending: fargate.pending,
            boot: fargate.boot,
            on_instances: Some(ec2),
            listener: span("runner.listener", runner.listener)?,
            pick_up: span("runner.pick_up", runner.pick_up)?,
            worker: span("runner.worker", runner.worker)?,
            stopping: span("runner.stopping", runner.stopping)?,
            calls: Latencies::Each(calls),
            time_limits: functions.time_limits(),
        };
        Ok(Self {
            delays,
            deliveries_a_second: deliveries.deliveries_a_second,
            ecs: EcsLimits { run_task: rate(&ecs)?, provisioning: ecs.provisioning_a_cluster },
            github: GithubLimits {
                points_a_minute: github.points_a_minute,
                calls_an_hour: github.calls_an_hour,
                counted: match github.counted {
                    CountedFile::ByTheClock => LimitWindow::ByTheClock,
                    CountedFile::Sliding => LimitWindow::Sliding,
                },
            },
        })
    }
}

impl FunctionsFile {
    fn time_limits(&self) -> BTreeMap<FunctionName, Duration> {
        let limits = [
            (FunctionName::Webhook, self.webhook),
            (FunctionName::Launcher, self.launcher),
            (FunctionName::Scheduler, self.scheduler),
            (FunctionName::Reconciler, self.reconciler),
        ];
        limits.into_iter().map(|(function, seconds)| (function, Duration::from_secs(seconds))).collect()
    }
}

impl StartsFile {
    fn starts(&self, of: &str) -> Result<Starts> {
        Ok(Starts {
            provisioning: span(&format!("{of}.provisioning"), self.provisioning)?,
            pending: span(&format!("{of}.pending"), self.pending)?,
            boot: span(&format!("{of}.boot"), self.boot)?,
        })
    }
}

fn parse<T: DeserializeOwned>(folder: Option<&Path>, name: &str, shipped: &str) -> Result<T> {
    let file = folder.map(|folder| folder.join(name)).filter(|file| file.exists());
    let text = file.map(|file| fs::read_to_string(&file).with_context(|| file.display().to_string()));
    let text = text.transpose()?;
    toml::from_str(text.as_deref().unwrap_or(shipped)).with_context(|| format!("{name} does not read"))
}

/// Each operation's time. Every operation has one.
fn latencies(named: &BTreeMap<String, Latency>) -> Result<BTreeMap<Operation, Span>> {
    if let Some(unknown) = named.keys().find(|name| Operation::of_name(name).is_none()) {
        bail!("latencies.toml: {unknown} is no operation that a function calls");
    }
    let of = |&operation: &Operation| {
        let Some(Latency { p50_ms, spread_ms }) = named.get(operation.name()) else {
            bail!(
                "latencies.toml: {operation} is missing: add `{operation} = {{ p50_ms = …, spread_ms = … }}`"
            );
        };
        let Some(shortest) = p50_ms.checked_sub(*spread_ms) else {
            bail!("latencies.toml: {operation}: spread_ms is over p50_ms");
        };
        let span = Duration::from_millis(shortest)..=Duration::from_millis(p50_ms + spread_ms);
        Ok((operation, Span(span)))
    };
    Operation::ALL.iter().map(of).collect()
}

fn span(field: &str, (from, to): Seconds) -> Result<Span> {
    if from > to {
        bail!("times.toml: {field} is [{from}, {to}]: the shorter time comes first");
    }
    Ok(Span::seconds(from, to))
}

fn rate(file: &EcsFile) -> Result<Option<Rate>> {
    match (file.run_task_a_second, file.run_task_burst) {
        (Some(a_second), Some(burst)) => Ok(Some(Rate { a_second, burst })),
        (None, None) => Ok(None),
        _ => bail!("limits.toml: ecs.run_task_a_second and ecs.run_task_burst stand together"),
    }
}

#[cfg(test)]
mod tests;
