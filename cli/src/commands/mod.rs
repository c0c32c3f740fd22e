//! One file a command: its arguments, and what it does with them.

pub(crate) mod asking;
pub(crate) mod caches;
pub(crate) mod completions;
pub(crate) mod cost;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod images;
pub(crate) mod local;
pub(crate) mod man;
pub(crate) mod pools;
pub(crate) mod replay;
pub(crate) mod schedule;
pub(crate) mod trace;
pub(crate) mod why;
pub(crate) mod wrap;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use fleet::PoolMap;
use jiff::civil::Date;
use mayfly::{DEVELOPMENT_SECRET, words};
use platform::pools::Checked;
use secrecy::SecretString;

/// The map of pools that a command works with.
#[derive(Debug, Args)]
pub(crate) struct MapArg {
    /// The pool map [default: pools.toml of this folder or, if it has none, the one that Mayfly ships]
    #[arg(long, value_name = "FILE")]
    pools: Option<PathBuf>,
}

/// Where a map is looked for.
const MAP: &str = "pools.toml";

impl MapArg {
    /// The map, read and checked.
    pub(crate) fn read(&self) -> Result<PoolMap> {
        self.checked().map(|checked| checked.pools)
    }

    /// The text of a map that reads.
    #[cfg(feature = "local")]
    pub(crate) fn text(&self) -> Result<String> {
        self.checked().map(|checked| checked.text)
    }

    /// The map. Warnings go to standard error.
    fn checked(&self) -> Result<Checked> {
        let checked = platform::pools::read(self.file().as_deref())?;
        warn(&checked.warnings)?;
        Ok(checked)
    }

    /// Where the map comes from: its file, or this program.
    pub(crate) fn origin(&self) -> String {
        self.file().map_or_else(|| "the one that Mayfly ships".to_owned(), |file| file.display().to_string())
    }

    fn file(&self) -> Option<PathBuf> {
        let here = || Some(PathBuf::from(MAP)).filter(|file| file.is_file());
        self.pools.clone().or_else(here)
    }
}

/// What deliveries are signed with.
#[derive(Debug, Args)]
pub(crate) struct SecretArg {
    /// The environment variable that holds the webhook secret [default: the sample events' secret]
    #[arg(long, value_name = "NAME")]
    secret_env: Option<String>,
}

impl SecretArg {
    /// The secret. It comes from the environment, so that it is in no shell history.
    #[expect(clippy::disallowed_methods, reason = "the command's boot reads the environment, once")]
    pub(crate) fn read(&self) -> Result<SecretString> {
        match &self.secret_env {
            None => Ok(DEVELOPMENT_SECRET.into()),
            Some(name) => {
                let secret = std::env::var(name).ok().filter(|secret| !secret.is_empty());
                Ok(secret.with_context(|| format!("--secret-env: {name} is not set to a secret"))?.into())
            }
        }
    }
}

/// The time at which the command was started.
#[expect(clippy::disallowed_methods, reason = "the command's boot looks at the clock, once")]
pub(crate) fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

/// Says how to build the command with what this one was built without.
#[cfg(not(all(feature = "doctor", feature = "local", feature = "why")))]
pub(crate) fn not_built(command: &str, again: &str) -> Result<ExitCode> {
    anyhow::bail!("this mayfly was built without `{command}`; run `{again}`")
}

/// Prints each warning on standard error.
pub(crate) fn warn(warnings: &[String]) -> Result<()> {
    for warning in warnings {
        writeln!(io::stderr(), "mayfly: warning: {warning}")?;
    }
    Ok(())
}

/// A day, as ISO 8601 writes it.
pub(crate) fn date(text: &str) -> Result<Date, String> {
    text.parse().map_err(|_| "it takes a date such as 2026-11-30".to_owned())
}

/// Prints each problem on standard error. Fails if there is one.
pub(crate) fn ended(problems: &[String]) -> Result<ExitCode> {
    for problem in problems {
        writeln!(io::stderr(), "mayfly: {}", words::plain(problem))?;
    }
    Ok(if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
