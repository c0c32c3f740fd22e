//! `mayfly schedule`

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use mayfly::prices;
use mayfly::schedule::{self, Week};

use super::{MapArg, now};

#[derive(Debug, Args)]
pub(crate) struct ScheduleArgs {
    #[command(flatten)]
    map: MapArg,
    /// The week, in ISO 8601 form [default: the current one]
    #[arg(long, value_name = "2026-W13")]
    week: Option<String>,
    /// A file of prices, in the form of `shared/platform/prices.toml` [default: the prices that Mayfly ships]
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &ScheduleArgs, out: &mut impl Write) -> Result<ExitCode> {
    let pools = args.map.read()?;
    let prices = prices::read(args.prices.as_deref())?;
    let week = match &args.week {
        Some(week) => Week::parse(week)?,
        None => Week::of(now(), pools.schedule().zone()),
    };
    let map = args.map.origin();
    if args.json {
        let json = schedule::json(&pools, &map, week, &prices)?;
        writeln!(out, "{}", serde_json::to_string_pretty(&json)?)?;
    } else {
        writeln!(out, "{}\nThe map of pools: {map}", schedule::report(&pools, week, &prices)?)?;
    }
    Ok(ExitCode::SUCCESS)
}
