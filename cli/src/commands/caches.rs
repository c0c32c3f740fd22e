//! `mayfly caches …`

use std::collections::BTreeMap;
use std::io::{self, Read as _, Write};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use mayfly::suggest;

use super::MapArg;

#[derive(Debug, Subcommand)]
pub(crate) enum CachesCommand {
    /// Propose runtimes for the map, by what jobs have installed themselves
    ///
    /// Standard input is what `aws logs filter-log-events` answers, or lines of the runners' logs. docs/CACHES.md has
    /// the command.
    Suggest(SuggestArgs),
}

#[derive(Debug, Args)]
pub(crate) struct SuggestArgs {
    #[command(flatten)]
    map: MapArg,
    /// How many jobs have to install a runtime for it to be proposed
    #[arg(long, value_name = "JOBS", default_value_t = 5)]
    least: u32,
}

pub(crate) fn run(command: &CachesCommand, out: &mut impl Write) -> Result<ExitCode> {
    let CachesCommand::Suggest(args) = command;
    let map = args.map.read()?;
    let mut logs = String::new();
    io::stdin().read_to_string(&mut logs).context("standard input cannot be read as text")?;
    let found = suggest::installed(&logs, &map);
    let mut told = |of: &BTreeMap<String, BTreeMap<String, u32>>, after: &str| -> Result<()> {
        for (what, pools) in of {
            let pools: Vec<String> = pools.iter().map(|(pool, jobs)| format!("{pool} {jobs}")).collect();
            writeln!(out, "{what}: {}{after}", pools.join(", "))?;
        }
        Ok(())
    };
    told(&found.by_runtime, "")?;
    told(&found.others, " (no source publishes it)")?;
    if found.by_runtime.is_empty() && found.others.is_empty() {
        writeln!(out, "no job of these logs has installed a runtime")?;
        return Ok(ExitCode::SUCCESS);
    }
    write!(out, "\n{}", found.proposal(&map, args.least))?;
    Ok(ExitCode::SUCCESS)
}
