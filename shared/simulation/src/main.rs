//! `make soak`: many seeds, or one again.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use jiff::{SignedDuration, Timestamp};
use sandbox::{Fault, Line, Race, Subject};
use simulation::demand::{self, Webhooks};
use simulation::shrink::shrink;
use simulation::{SeededWorld, WorldOutcome, run, week};

/// Lets seeded worlds happen and checks what must always hold. Exits with 1 at the first seed that
/// breaks a rule, with a world as small as was found that breaks the same one.
#[derive(Debug, Parser)]
struct SimulationArgs {
    /// How many seeds
    #[arg(long, default_value_t = 1)]
    seeds: u64,
    /// Weeks of office hours, one a seed
    #[arg(long, default_value_t = 0)]
    weeks: u64,
    /// Worlds in which the time from a job's demand to its launch is measured, one a seed
    #[arg(long, default_value_t = 0)]
    demands: u64,
    /// The first seed
    #[arg(long, default_value_t = 1)]
    first: u64,
    /// At most this many of each world's jobs
    #[arg(long)]
    jobs: Option<usize>,
    /// Without these faults, separated by commas
    #[arg(long, value_delimiter = ',')]
    without: Vec<String>,
    /// Name the seed that breaks a rule, and do not look for a smaller world
    #[arg(long)]
    no_shrink: bool,
    /// Print the timeline even if nothing is wrong
    #[arg(long)]
    timeline: bool,
}

/// Seeds from which on every fault has to strike, and every race to be run, somewhere.
const LONG_RUN: u64 = 1000;

/// How long a smaller world is looked for.
const SHRINKING: SignedDuration = SignedDuration::from_mins(2);

fn main() -> anyhow::Result<ExitCode> {
    let args = SimulationArgs::parse();
    let mut out = io::stdout().lock();
    let without: BTreeSet<Fault> =
        Fault::all().filter(|fault| args.without.contains(&fault.to_string())).collect();
    let began = now();
    let (mut jobs, mut tasks) = (0, 0);
    let mut struck: BTreeMap<Fault, u64> = BTreeMap::new();
    let mut races: BTreeMap<Race, u64> = BTreeMap::new();
    let mut waited = Vec::new();
    for seed in args.first..args.first.saturating_add(args.seeds) {
        let world = SeededWorld { seed, jobs: args.jobs, without: without.clone() };
        let outcome = run(&world, args.timeline)?;
        if args.timeline {
            print_timeline(&outcome.timeline, &mut out)?;
        }
        if !outcome.violations.is_empty() {
            report(&world, &outcome, !args.no_shrink, &mut out)?;
            return Ok(ExitCode::FAILURE);
        }
        jobs += outcome.jobs;
        tasks += outcome.tasks;
        for (fault, times) in outcome.struck {
            *struck.entry(fault).or_default() += u64::from(times);
        }
        for (race, times) in outcome.races {
            *races.entry(race).or_default() += u64::from(times);
        }
        waited.extend(outcome.waited);
    }
    let took = now().duration_since(began).as_secs_f64();
    let faults: u64 = struck.values().sum();
    writeln!(out, "{} seeds clean in {took:.1} s: {jobs} jobs, {tasks} tasks, {faults} faults", args.seeds)?;
    writeln!(out, "each came to rest with every job served, and nothing left over")?;
    waited.sort();
    let [half, most] = [50, 99].map(|percent| percentile(&waited, percent));
    writeln!(out, "{} jobs ran, and had waited for their runner: p50 {half} s, p99 {most} s", waited.len())?;
    for (race, times) in &races {
        writeln!(out, "{times:>8} times {race}")?;
    }
    let all = Fault::all().filter(|fault| !without.contains(fault));
    let no_faults = all.filter(|it| !struck.contains_key(it)).map(|it| it.to_string());
    let no_races = Race::ALL.iter().filter(|race| !races.contains_key(race)).map(Race::to_string);
    let never: Vec<String> = no_faults.chain(no_races).collect();
    if args.seeds >= LONG_RUN && !never.is_empty() {
        writeln!(out, "a run as long as this has every fault and every race, but not: {}", never.join(", "))?;
        return Ok(ExitCode::FAILURE);
    }
    if !demands(args.first, args.demands, &mut out)? {
        return Ok(ExitCode::FAILURE);
    }
    weeks(args.first, args.weeks, &mut out)
}

/// How long jobs wait for their launch, with webhooks and without any. `false` if that is over the goal.
fn demands(first: u64, count: u64, out: &mut impl Write) -> anyhow::Result<bool> {
    if count == 0 {
        return Ok(true);
    }
    for (webhooks, what) in [(Webhooks::Come, "with webhooks"), (Webhooks::Never, "without any webhook")] {
        let mut took = Vec::new();
        for seed in first..first.saturating_add(count) {
            took.extend(demand::run(seed, webhooks)?);
        }
        took.sort();
        let [half, most, longest] = [50, 99, 100].map(|percent| percentile(&took, percent));
        writeln!(
            out,
            "{} jobs of {} repositories, from demand to launch {what}: p50 {half} s, p99 {most} s, at most {longest} s",
            took.len(),
            demand::REPOSITORIES
        )?;
        if most > demand::GOAL.as_secs() {
            writeln!(out, "that is over the goal of {} s", demand::GOAL.as_secs())?;
            return Ok(false);
        }
    }
    Ok(true)
}

/// The longest wait of this percentage of the jobs, in seconds.
fn percentile(sorted: &[SignedDuration], percent: usize) -> i64 {
    sorted
        .get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1)))
        .map_or(0, SignedDuration::as_secs)
}

/// Weeks of office hours, up to the first that breaks a rule.
fn weeks(first: u64, count: u64, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let began = now();
    let (mut jobs, mut tasks, mut struck) = (0, 0, 0);
    for seed in first..first.saturating_add(count) {
        let outcome = week::run(seed)?;
        for violation in &outcome.violations {
            writeln!(out, "week {seed}: {}: {}", violation.rule, violation.found)?;
        }
        if !outcome.violations.is_empty() {
            return Ok(ExitCode::FAILURE);
        }
        jobs += outcome.jobs;
        tasks += outcome.tasks;
        struck += outcome.struck;
    }
    let took = now().duration_since(began).as_secs_f64();
    writeln!(out, "{count} weeks clean in {took:.1} s: {jobs} jobs, {tasks} tasks, {struck} faults")?;
    Ok(ExitCode::SUCCESS)
}

/// The time that a soak takes is measured; nothing in a world depends on it.
#[expect(clippy::disallowed_methods, reason = "the time that a soak takes")]
fn now() -> Timestamp {
    Timestamp::now()
}

fn report(
    world: &SeededWorld,
    outcome: &WorldOutcome,
    small: bool,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    for violation in &outcome.violations {
        writeln!(out, "seed {}: {}: {}", world.seed, violation.rule, violation.found)?;
    }
    if !small {
        return Ok(());
    }
    let began = now();
    let small = shrink(world, outcome, || now().duration_since(began) > SHRINKING)?;
    let again = run(&small, true)?;
    writeln!(out, "\nthe smallest world found that breaks the same rule:")?;
    print_timeline(&again.timeline, out)?;
    for violation in &again.violations {
        writeln!(out, "{}: {}", violation.rule, violation.found)?;
    }
    let without: Vec<String> = small.without.iter().map(Fault::to_string).collect();
    let jobs = small.jobs.unwrap_or(again.jobs);
    let only = if without.is_empty() { String::new() } else { format!(" --without {}", without.join(",")) };
    writeln!(
        out,
        "\nagain: cargo run --release -p simulation -- --timeline --first {} --jobs {jobs}{only}",
        small.seed
    )?;
    Ok(())
}

fn print_timeline(lines: &[Line], out: &mut impl Write) -> anyhow::Result<()> {
    for line in lines {
        let at = line.at.strftime("%d %H:%M:%S%.3f");
        match &line.subject {
            Subject::Delivery(id) => writeln!(out, "{at}  delivery {id} {}", line.text)?,
            Subject::Job(id) => writeln!(out, "{at}  job {id} {}", line.text)?,
            Subject::Runner(id) => writeln!(out, "{at}  runner {id} {}", line.text)?,
            Subject::Fault(_) => writeln!(out, "{at}  fault: {}", line.text)?,
        }
    }
    Ok(())
}
