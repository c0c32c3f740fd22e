//! `mayfly replay`

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use mayfly::replay::Replay;
use mayfly::source::Source;
use mayfly::{demo, remote, report};

use super::{MapArg, SecretArg, now};

#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// The deliveries, in their order [default: events/github/*.json]
    files: Vec<PathBuf>,
    #[command(flatten)]
    map: MapArg,
    /// The organisation whose jobs get runners [default: that of the sample events]
    #[arg(long, value_name = "NAME", default_value = platform::ORGANISATION, hide_default_value = true)]
    organisation: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Post the deliveries to a deployed Function URL instead
    #[arg(long, value_name = "https://…", conflicts_with_all = ["pools", "organisation"])]
    url: Option<String>,
    #[command(flatten)]
    secret: SecretArg,
}

pub(crate) fn run(args: &ReplayArgs, out: &mut impl Write) -> Result<ExitCode> {
    let files =
        if args.files.is_empty() { demo::files("events/github".as_ref())? } else { args.files.clone() };
    let sources: Vec<Source> = files.iter().map(|file| Source::read(file)).collect::<Result<_>>()?;
    match &args.url {
        Some(url) => post(url, sources, args, out),
        None => replay(&sources, args, out),
    }
}

/// Posts to a deployed function.
fn post(url: &str, sources: Vec<Source>, args: &ReplayArgs, out: &mut impl Write) -> Result<ExitCode> {
    let now = now();
    let sources: Vec<Source> = sources.into_iter().map(|source| source.created(now)).collect();
    let posted = remote::post(url, &sources, &args.secret.read()?)?;
    if args.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&posted)?)?;
    } else {
        writeln!(out, "{}", report::posted(&posted))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Replays on the sandbox.
fn replay(sources: &[Source], args: &ReplayArgs, out: &mut impl Write) -> Result<ExitCode> {
    let mut replay = Replay::new(&args.organisation, &args.map.read()?, &args.secret.read()?);
    let delivered = sources.iter().map(|source| replay.deliver(source)).collect::<Result<Vec<_>>>()?;
    let at_rest = replay.rest();
    let books = replay.books();
    if args.json {
        let whole = serde_json::json!({"deliveries": delivered, "books": books, "at_rest": at_rest});
        writeln!(out, "{}", serde_json::to_string_pretty(&whole)?)?;
    } else {
        writeln!(out, "{}\n\n{}", report::deliveries(&delivered), report::books(&books, replay.now()))?;
    }
    Ok(if at_rest { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
