//! `mayfly trace`

use std::io::Write;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use super::asking::AskArgs;

#[derive(Debug, Args)]
pub(crate) struct TraceArgs {
    #[command(flatten)]
    ask: AskArgs,
}

#[cfg(feature = "why")]
pub(crate) fn run(args: &TraceArgs, out: &mut impl Write) -> Result<ExitCode> {
    use mayfly::status::{fields, text};

    let seen = args.ask.look()?;
    if args.ask.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&fields::trace(&seen))?)?;
    } else {
        write!(out, "{}", text::trace(&seen))?;
    }
    args.ask.saved(&seen)
}

#[cfg(not(feature = "why"))]
pub(crate) fn run(_: &TraceArgs, _: &mut impl Write) -> Result<ExitCode> {
    super::not_built("trace", "cargo run -q -p mayfly --features why -- trace JOB")
}
