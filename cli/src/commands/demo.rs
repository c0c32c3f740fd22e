//! `mayfly demo`

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use mayfly::{DEVELOPMENT_SECRET, demo, evening};

use super::{MapArg, ended};

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// The folder of sample events, each with its TOML file
    #[arg(default_value = "events/github")]
    folder: PathBuf,
    #[command(flatten)]
    map: MapArg,
}

pub(crate) fn run(args: &DemoArgs, out: &mut impl Write) -> Result<ExitCode> {
    let secret = DEVELOPMENT_SECRET.into();
    let mut wrong = demo::run(&args.folder, &args.map.read()?, &secret, out)?;
    wrong.extend(evening::run(&secret, out)?);
    if wrong.is_empty() {
        writeln!(out, "Every event ended as the file beside it says.")?;
        writeln!(out, "In the evening no job was cut short, and EC2 keeps what the night's runners need.")?;
    }
    ended(&wrong)
}
