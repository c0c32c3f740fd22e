//! `mayfly wrap`

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use super::SecretArg;

#[derive(Debug, Args)]
pub(crate) struct WrapArgs {
    /// The payloads: files, or folders of them
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The folder to write to
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    #[command(flatten)]
    secret: SecretArg,
}

pub(crate) fn run(args: &WrapArgs, out: &mut impl Write) -> Result<ExitCode> {
    let written = mayfly::wrap::wrap(&args.files, &args.out, &args.secret.read()?)?;
    let events = if written.len() == 1 { "event" } else { "events" };
    writeln!(out, "{} {events} in {}", written.len(), args.out.display())?;
    Ok(ExitCode::SUCCESS)
}
