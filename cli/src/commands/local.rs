//! `mayfly local`

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use mayfly::local::{self, TaskMode};

use super::MapArg;

#[derive(Debug, Args)]
pub(crate) struct LocalArgs {
    #[command(flatten)]
    map: MapArg,
    /// The port of AWS; GitHub's is the next one
    #[arg(long, default_value_t = 4566)]
    port: u16,
    /// The folder of the functions' binaries
    #[arg(long, value_name = "FOLDER", default_value = "target/debug")]
    functions: PathBuf,
    /// Who runs a task
    #[arg(long, value_enum, default_value = "play")]
    tasks: TaskMode,
}

pub(crate) fn run(args: &LocalArgs, out: &mut impl Write) -> Result<ExitCode> {
    local::run(&args.map.text()?, &args.functions, args.port, args.tasks, out)?;
    Ok(ExitCode::SUCCESS)
}
