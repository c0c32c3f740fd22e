//! `mayfly demo`

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use mayfly::samples::Samples;
use mayfly::{DEVELOPMENT_SECRET, demo, demo_office_hours};

use super::{MapArg, ended};

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// A folder of events, each with its TOML file [default: the sample events that Mayfly ships]
    folder: Option<PathBuf>,
    #[command(flatten)]
    map: MapArg,
}

pub(crate) fn run(args: &DemoArgs, out: &mut impl Write) -> Result<ExitCode> {
    writeln!(out, "The map of pools: {}\n", args.map.origin())?;
    let secret = DEVELOPMENT_SECRET.into();
    let pools = args.map.read()?;
    let mut wrong = match &args.folder {
        Some(folder) => demo::run(folder, &pools, &secret, out)?,
        None => demo::run(Samples::find()?.folder(), &pools, &secret, out)?,
    };
    wrong.extend(demo_office_hours::run(&secret, out)?);
    if wrong.is_empty() {
        writeln!(out, "Every event ended as the file beside it says.")?;
        writeln!(out, "In the evening no job was cut short, and EC2 keeps what the night's runners need.")?;
    }
    ended(&wrong)
}
