//! `mayfly why`

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use super::asking::AskArgs;

#[derive(Debug, Args)]
pub(crate) struct WhyArgs {
    #[command(flatten)]
    ask: AskArgs,
    /// Write the answer as one HTML page that loads nothing else, for people without access
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

#[cfg(feature = "why")]
pub(crate) fn run(args: &WhyArgs, out: &mut impl Write) -> Result<ExitCode> {
    use anyhow::Context as _;
    use mayfly::status::{fields, page, text};

    let seen = args.ask.look()?;
    if args.ask.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&fields::why(&seen))?)?;
    } else {
        write!(out, "{}", text::why(&seen))?;
    }
    if let Some(file) = &args.html {
        let written = std::fs::write(file, page::page(&seen));
        written.with_context(|| format!("--html: {} cannot be written", file.display()))?;
    }
    args.ask.saved(&seen)
}

#[cfg(not(feature = "why"))]
pub(crate) fn run(_: &WhyArgs, _: &mut impl Write) -> Result<ExitCode> {
    super::not_built("why", "cargo run -q -p mayfly --features why -- why JOB")
}
