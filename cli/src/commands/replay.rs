//! `mayfly replay`

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use fleet::ledger::Book;
use jiff::Timestamp;
use mayfly::delivered::Delivered;
use mayfly::delivery_file::DeliveryFile;
use mayfly::expected::{self, Expected};
use mayfly::replay::Replay;
use mayfly::samples::Samples;
use mayfly::{remote, report};
use secrecy::SecretString;
use serde::Serialize;

use super::{MapArg, SecretArg, ended, now};

#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// The deliveries, in this order: files, folders, or - for standard input [default: the sample events that
    /// Mayfly ships]
    deliveries: Vec<PathBuf>,
    #[command(flatten)]
    map: MapArg,
    /// The organisation whose jobs get runners [default: the sample events']
    #[arg(
        long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new(),
        default_value = platform::ORGANISATION, hide_default_value = true,
    )]
    organisation: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Post the deliveries to a deployed Function URL instead
    #[arg(long, value_name = "https://…", value_parser = url, conflicts_with_all = ["pools", "organisation"])]
    url: Option<String>,
    /// What every answer must be: accepted (202), served (202, from a pool), or a status [default: anything but a
    /// refusal, unless the TOML file beside the payload expects it]
    #[arg(long, value_name = "EXPECTED")]
    expect: Option<Expected>,
    #[command(flatten)]
    secret: SecretArg,
}

/// A URL to post to.
fn url(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let is_url = rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(char::is_whitespace));
    is_url
        .then(|| text.to_owned())
        .ok_or_else(|| "it takes a URL that begins with https:// or http://".to_owned())
}

/// Exits with 1 if an answer is not what was expected, or the platform does not come to rest.
pub(crate) fn run(args: &ReplayArgs, out: &mut impl Write) -> Result<ExitCode> {
    let sources = match args.deliveries.as_slice() {
        [] => DeliveryFile::read_all(&[Samples::find()?.folder().to_owned()])?,
        named => DeliveryFile::read_all(named)?,
    };
    let replayed = match &args.url {
        Some(url) => post(url, &sources, &args.secret.read()?)?,
        None => replay(&sources, args)?,
    };
    if args.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&replayed)?)?;
    } else {
        writeln!(out, "{}", report::deliveries(&replayed.deliveries))?;
        if let Some((books, at)) = replayed.books.as_ref().zip(replayed.at) {
            writeln!(out, "\n{}\nThe map of pools: {}", report::books(books, at), args.map.origin())?;
        }
    }
    let mut problems = expected::problems(args.expect, &sources, &replayed.deliveries);
    if replayed.at_rest == Some(false) {
        problems.push("the platform does not come to rest within two hours".to_owned());
    }
    ended(&problems)
}

/// What came of a replay.
#[derive(Debug, Serialize)]
struct Replayed {
    deliveries: Vec<Delivered>,
    /// Where the map of pools comes from; that of a deployed function is not known.
    map: Option<String>,
    /// The books at the end; those of a deployed stack cannot be seen from here.
    books: Option<Vec<Book>>,
    /// Whether the platform came to rest.
    at_rest: Option<bool>,
    /// The time at the end.
    #[serde(skip)]
    at: Option<Timestamp>,
}

/// Posts to a deployed function.
fn post(url: &str, sources: &[DeliveryFile], secret: &SecretString) -> Result<Replayed> {
    let now = now();
    let sources: Vec<DeliveryFile> = sources.iter().map(|source| source.clone().created(now)).collect();
    let deliveries = remote::post(url, &sources, secret)?;
    Ok(Replayed { deliveries, map: None, books: None, at_rest: None, at: None })
}

/// Replays on the sandbox.
fn replay(sources: &[DeliveryFile], args: &ReplayArgs) -> Result<Replayed> {
    let mut replay = Replay::new(&args.organisation, &args.map.read()?, &args.secret.read()?);
    let mut deliveries = sources.iter().map(|source| replay.deliver(source)).collect::<Result<Vec<_>>>()?;
    let at_rest = replay.rest();
    replay.credit(&mut deliveries);
    let (books, at) = (Some(replay.books()), Some(replay.now()));
    Ok(Replayed { deliveries, map: Some(args.map.origin()), books, at_rest: Some(at_rest), at })
}
