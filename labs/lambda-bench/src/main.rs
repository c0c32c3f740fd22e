//! `make bench-lambda`: prints the table.
#![allow(clippy::print_stdout, reason = "a tool says what it found")]

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::Parser;
use lambda_bench::{BenchPlan, map_with, run, table};

/// Measures the functions beside an empty one, as close to Lambda as one machine can come.
#[derive(Debug, Parser)]
struct LambdaBenchArgs {
    /// The folder of the functions' binaries
    #[arg(long, value_name = "FOLDER")]
    binaries: PathBuf,
    /// Processes to start for each function
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// Events for each process after its first one
    #[arg(long, default_value_t = 100)]
    events: u64,
    /// Milliseconds between two events
    #[arg(long, default_value_t = 60)]
    gap_ms: u64,
    /// The functions' memory in MB, which sets their share of the CPU
    #[arg(long, default_value_t = 256)]
    memory: u32,
    /// Pools to add to Mayfly's own map
    #[arg(long, default_value_t = 0)]
    more_pools: u32,
    /// Do not throttle the CPU; throttling needs root
    #[arg(long)]
    unthrottled: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    let LambdaBenchArgs { binaries, rounds, events, gap_ms, memory, more_pools, unthrottled } =
        LambdaBenchArgs::parse();
    let gap = Duration::from_millis(gap_ms);
    let log = |name: &str| std::env::temp_dir().join(format!("mayfly-bench-{name}.log"));
    let map = map_with(more_pools);
    let plan = BenchPlan { binaries, map, rounds, events, gap, memory, throttled: !unthrottled, zip: 9, log };
    println!("{}", table(&run(&plan).await?));
    let share = if unthrottled { "the whole CPU".to_owned() } else { format!("the CPU of {memory} MB") };
    println!("{rounds} rounds of {events} events, {gap_ms} ms apart, with {share}");
    Ok(())
}
