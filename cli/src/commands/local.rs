//! `mayfly local`

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Args;
use mayfly::local::{self, Ground, TaskMode};

use super::MapArg;

#[derive(Debug, Args)]
pub(crate) struct LocalArgs {
    #[command(flatten)]
    map: MapArg,
    /// The port of AWS; GitHub's is the next one
    #[arg(long, default_value_t = 4566)]
    port: u16,
    /// The folder of the functions' binaries [default: where this program is]
    #[arg(long, value_name = "FOLDER")]
    functions: Option<PathBuf>,
    /// The folder of the functions' logs, a file each, which begin anew [default: mayfly-local-logs, beside them]
    #[arg(long, value_name = "FOLDER")]
    logs: Option<PathBuf>,
    /// What runs a task
    #[arg(long, value_enum, default_value = "play")]
    tasks: TaskMode,
}

pub(crate) fn run(args: &LocalArgs, out: &mut impl Write) -> Result<ExitCode> {
    let program = std::env::current_exe().context("where this program is")?;
    let here = || program.parent().map(PathBuf::from).unwrap_or_default();
    let binaries = args.functions.clone().unwrap_or_else(here);
    let logs = args.logs.clone().unwrap_or_else(|| binaries.join("mayfly-local-logs"));
    let ground = Ground { program: &program, binaries: &binaries, port: args.port, logs: &logs };
    local::run(&args.map.text()?, ground, args.tasks, out)?;
    Ok(ExitCode::SUCCESS)
}
