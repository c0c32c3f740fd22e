//! `make bench-scale`: prints a table for each shape of load.
#![allow(clippy::print_stdout, reason = "a tool says what it found")]

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Parser, ValueEnum};
use scale::{Data, Shape, report};

/// Runs bursts in virtual time, with Mayfly's real functions and AWS-like latencies and limits.
#[derive(Debug, Parser)]
struct ScaleArgs {
    /// Run only this shape of load
    #[arg(long)]
    shape: Option<Shape>,
    /// Run only this size: jobs; for `steady`, webhook events a second; for `scheduler`, runners
    #[arg(long, requires = "shape", value_parser = clap::value_parser!(u64).range(1..=100_000))]
    jobs: Option<u64>,
    /// A folder with latencies.toml, limits.toml or times.toml, to use instead of the built-in ones
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
}

fn main() -> Result<()> {
    let ScaleArgs { shape, jobs, data } = ScaleArgs::parse();
    let data = Data::read(data.as_deref())?;
    let shapes = shape.map_or_else(|| Shape::value_variants().to_vec(), |shape| vec![shape]);
    for shape in shapes {
        let name = shape.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
        let loads = jobs.map_or_else(|| shape.loads(), |size| shape.load(size));
        let outcomes =
            loads.into_iter().map(|load| load.run(&data).with_context(|| format!("{name} of {}", load.size)));
        let outcomes = outcomes.collect::<Result<Vec<_>>>()?;
        println!("{name}\n{}\n", report(shape, &outcomes));
    }
    Ok(())
}
