//! `mayfly local`

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, ValueEnum};

use super::MapArg;

#[derive(Debug, Args)]
pub(crate) struct LocalArgs {
    #[command(flatten)]
    map: MapArg,
    /// The port of AWS, 0 for any free one; GitHub gets the next port
    #[arg(long, default_value = "4566", value_parser = port)]
    port: u16,
    /// The folder of the functions' binaries [default: this program's folder]
    #[arg(long, value_name = "FOLDER")]
    functions: Option<PathBuf>,
    /// The folder for the functions' logs, one file each; older logs are deleted [default: mayfly-local-logs, beside
    /// the binaries]
    #[arg(long, value_name = "FOLDER")]
    logs: Option<PathBuf>,
    /// What runs a task
    #[arg(long, value_enum, default_value = "play")]
    tasks: TaskMode,
}

/// What runs a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TaskMode {
    /// The sandbox plays it
    Play,
    /// `runner-init` is started as a process, with a stub for GitHub's runner program
    Process,
}

/// A port with another one after it.
fn port(text: &str) -> Result<u16, String> {
    let port = text.parse().ok().filter(|port| *port < u16::MAX);
    port.ok_or_else(|| "it takes a port from 0 to 65534".to_owned())
}

#[cfg(not(feature = "local"))]
pub(crate) fn run(_: &LocalArgs, _: &mut impl Write) -> Result<ExitCode> {
    super::not_built("local", "make local")
}

#[cfg(feature = "local")]
pub(crate) fn run(args: &LocalArgs, out: &mut impl Write) -> Result<ExitCode> {
    use anyhow::Context as _;
    use mayfly::local::{self, Ground};

    let program = std::env::current_exe().context("where this program is")?;
    let here = || program.parent().map(PathBuf::from).unwrap_or_default();
    let binaries = args.functions.clone().unwrap_or_else(here);
    let logs = args.logs.clone().unwrap_or_else(|| binaries.join("mayfly-local-logs"));
    let ground = Ground { program: &program, binaries: &binaries, port: args.port, logs: &logs };
    let tasks = match args.tasks {
        TaskMode::Play => local::TaskMode::Play,
        TaskMode::Process => local::TaskMode::Process,
    };
    local::run(&args.map.text()?, ground, tasks, out)?;
    Ok(ExitCode::SUCCESS)
}
