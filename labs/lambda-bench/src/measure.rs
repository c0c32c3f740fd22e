//! One process of a function, from its start to its last event.
#![allow(clippy::disallowed_methods, reason = "what is measured is the machine's time")]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use procfs::process::Process;
use wire::lambda::ExecutionEnvironment;
use wire::stack::Secrets;

use crate::stand_in::StandIn;
use crate::subject::BenchSubject;
use crate::throttle::Throttle;

/// Reads of the Parameter Store that a start may make, whatever the map's size: it answers 40 a second.
const MOST_READS: u64 = 2;

/// The operation of a read.
const READ: &str = "GetParametersByPath";

/// The settings of one round.
#[derive(Debug, Clone)]
pub(crate) struct BenchRound {
    /// Events after the first one.
    pub(crate) events: u64,
    /// Whether the CPU is throttled after the init phase.
    pub(crate) throttled: bool,
    /// The file that the function's output goes to.
    pub(crate) log: PathBuf,
}

/// The result of one round.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    /// The init phase: from the process's start until it asks for an event.
    pub(crate) init: Duration,
    /// The init phase and the first event.
    pub(crate) init_and_first: Duration,
    /// Each event after the first one.
    pub(crate) warm: Vec<Duration>,
    /// CPU time of an event after the first one, on average.
    pub(crate) cpu: Duration,
    /// Calls to the Parameter Store in the init phase.
    pub(crate) reads: u64,
    /// Largest resident memory up to the first answer, in KiB.
    pub(crate) resident: u64,
}

/// Starts a process and gives it its events, one at a time.
pub(crate) async fn measure(
    subject: &BenchSubject,
    round: &BenchRound,
    stand_in: &StandIn,
    secrets: &Secrets,
) -> Result<Sample> {
    let (mut environment, init, reads) = start(subject, round.log.clone(), stand_in).await?;
    let pid = environment.pid().context("the process is gone")?;
    let _throttle = if round.throttled { Some(Throttle::apply(pid, subject.memory)?) } else { None };
    let process = Process::new(i32::try_from(pid)?)?;

    let first = one(subject, &mut environment, 0, secrets).await?;
    let resident = process.status()?.vmhwm.context("the kernel tells no VmHWM")?;
    let before = cpu(&process)?;
    let mut warm = Vec::new();
    for number in 1..=round.events {
        tokio::time::sleep(subject.gap).await;
        warm.push(one(subject, &mut environment, number, secrets).await?);
    }
    let cpu = cpu(&process)?.saturating_sub(before) / u32::try_from(round.events.max(1))?;
    if let Some((call, times)) = subject.kind.call() {
        let calls = stand_in.take_calls(call);
        let events = round.events + 1;
        ensure!(calls == events * times, "{}: {calls} of {call} for {events} events", subject.kind.name());
    }
    Ok(Sample { init, init_and_first: init + first, warm, cpu, reads, resident })
}

/// Starts a process; returns how long its init phase was, and how often it read the Parameter Store.
pub(crate) async fn start(
    subject: &BenchSubject,
    log: PathBuf,
    stand_in: &StandIn,
) -> Result<(ExecutionEnvironment, Duration, u64)> {
    stand_in.take_calls(READ);
    let mut environment = ExecutionEnvironment::start(&subject.config(stand_in, log)).await?;
    let init = environment.initialised().await?;
    let reads = stand_in.take_calls(READ);
    ensure!(
        reads <= MOST_READS,
        "{}: {reads} reads of the Parameter Store at its start",
        subject.kind.name()
    );
    Ok((environment, init, reads))
}

async fn one(
    subject: &BenchSubject,
    environment: &mut ExecutionEnvironment,
    number: u64,
    secrets: &Secrets,
) -> Result<Duration> {
    let event = subject.kind.event(number, secrets)?;
    let sent = Instant::now();
    let answer = environment.invoke(event.into()).await?;
    let took = sent.elapsed();
    subject.kind.check(&answer)?;
    Ok(took)
}

/// CPU time of a process so far, its own and the kernel's for it.
fn cpu(process: &Process) -> Result<Duration> {
    let stat = process.stat()?;
    let ticks = u32::try_from(stat.utime + stat.stime)?;
    Ok(Duration::from_secs(1) * ticks / u32::try_from(procfs::ticks_per_second())?)
}
