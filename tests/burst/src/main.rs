//! `make burst`: prints what came of it, and exits with 1 if a job or a task is not accounted for.
#![allow(clippy::print_stdout, reason = "a tool says what it found")]

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};
use burst::burst;
use clap::Parser;

/// Queues many jobs at once and follows each to its end, through the functions' own binaries.
#[derive(Debug, Parser)]
struct BurstArgs {
    /// Jobs
    #[arg(long, default_value_t = 1000)]
    jobs: u64,
    /// Launchers that are killed with a batch in hand
    #[arg(long, default_value_t = 2)]
    kills: u64,
    /// The folder of the functions' binaries
    #[arg(long, value_name = "FOLDER")]
    binaries: PathBuf,
    /// Longest wait for the last job's end, in seconds
    #[arg(long, default_value_t = 1200)]
    patience: u64,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = BurstArgs::parse();
    logs::capture(&burst::SECRETS);
    let figures = burst(args.jobs, args.kills, &args.binaries, Duration::from_secs(args.patience)).await?;
    println!("{figures}");
    ensure!(figures.in_time, "not all was over after {} seconds", args.patience);
    ensure!(figures.books.0 == figures.books.1, "books and items differ: {:?}", figures.books);
    ensure!(figures.dead_letters == "0 + 0", "dead letters: {}", figures.dead_letters);
    let completed = u64::try_from(figures.completed)?;
    ensure!(completed == args.jobs, "{completed} of {} jobs completed", args.jobs);
    ensure!(u64::try_from(figures.tasks)? == args.jobs, "{} tasks for {} jobs", figures.tasks, args.jobs);
    Ok(())
}
