//! `mayfly pools …`

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, ensure};
use clap::{Args, Subcommand};
use platform::pools;

use super::{MAP, warn};

#[derive(Debug, Subcommand)]
pub(crate) enum PoolsCommand {
    /// Write the pool map into the templates, and into the file that the functions read
    ///
    /// In a template, it writes only between the `mayfly pools` marks.
    Render(RenderArgs),
}

#[derive(Debug, Args)]
pub(crate) struct RenderArgs {
    /// The pool map
    #[arg(long, value_name = "FILE", default_value = "pools.toml")]
    pools: PathBuf,
    /// The templates
    #[arg(value_name = "TEMPLATE", default_values = ["infra/pools.yaml", "infra/caches.yaml", "infra/runtimes.yaml", "template.yaml"])]
    templates: Vec<PathBuf>,
    /// The file that the functions read: the whole map as JSON
    #[arg(long, value_name = "FILE", default_value = "infra/map/pools.json")]
    map: PathBuf,
    /// Write nothing; exit with 1 if a file differs from the map
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(command: &PoolsCommand, out: &mut impl Write) -> Result<ExitCode> {
    match command {
        PoolsCommand::Render(args) => render(args, out),
    }
}

fn render(args: &RenderArgs, out: &mut impl Write) -> Result<ExitCode> {
    ensure!(
        args.pools.exists() || args.pools.as_os_str() != MAP,
        "there is no {MAP} here: run this in the root of the repository, or name the files (`--help` lists them)"
    );
    let rendered = pools::rendered(&args.pools, &args.templates)?;
    warn(&rendered.warnings)?;
    let mut stale = false;
    let templates = args.templates.iter().zip(rendered.templates);
    for (file, text) in templates.chain([(&args.map, rendered.map)]) {
        let shown = file.display();
        if std::fs::read_to_string(file).is_ok_and(|found| found == text) {
            writeln!(out, "{shown} is what {} makes it", args.pools.display())?;
        } else if args.check {
            stale = true;
            writeln!(
                io::stderr(),
                "mayfly: {shown} differs from {}: run `mayfly pools render`",
                args.pools.display()
            )?;
        } else {
            std::fs::write(file, text).with_context(|| format!("{shown} cannot be written"))?;
            writeln!(out, "{shown} is written")?;
        }
    }
    Ok(if stale { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
