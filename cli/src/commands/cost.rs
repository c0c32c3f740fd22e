//! `mayfly cost`

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, ensure};
use clap::{Args, ValueEnum};
use jiff::Timestamp;
use mayfly::cost::{self, By, shown};
use mayfly::prices;

use super::{MapArg, now};

#[derive(Debug, Args)]
pub(crate) struct CostArgs {
    /// From when: a day in UTC (2026-11-01), a time (2026-11-01T08:00:00Z), or how long ago (7d, 12h)
    #[arg(long, value_name = "WHEN")]
    since: String,
    /// Until when, in the same forms [default: now]
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,
    /// What to group by
    #[arg(long, value_enum, default_value = "repository")]
    by: By,
    /// How to print it
    #[arg(long, value_enum, default_value = "table")]
    output: Output,
    /// A file of lines, or of what `aws logs filter-log-events` answers [default: the stack's log group]
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// The stack's name [default: the one in samconfig.toml, or mayfly]
    #[arg(long, value_name = "NAME")]
    stack: Option<String>,
    /// The stack's region [default: the one in samconfig.toml, or the environment's]
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// The environment of samconfig.toml, as in `make deploy ENV=…`
    #[arg(long, value_name = "NAME", default_value = "default")]
    env: String,
    #[command(flatten)]
    map: MapArg,
    /// A file of prices, in the form of `shared/platform/prices.toml` [default: the prices that Mayfly ships]
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Output {
    Table,
    Csv,
    Json,
}

pub(crate) fn run(args: &CostArgs, out: &mut impl Write) -> Result<ExitCode> {
    let now = now();
    let since = cost::instant(&args.since, now).context("--since")?;
    let until = args.until.as_ref().map_or(Ok(now), |until| cost::instant(until, now)).context("--until")?;
    ensure!(since < until, "--since: {since} is not before {until}");
    let (pools, prices) = (args.map.read()?, prices::read(args.prices.as_deref())?);
    let text = match &args.from {
        Some(file) => std::fs::read_to_string(file)
            .with_context(|| format!("--from: {} cannot be read", file.display()))?,
        None => args.of_stack(since, until)?,
    };
    let lines = cost::read(&text, since, until);
    if lines.others > 0 {
        super::warn(&[format!("{} lines are no lines of costs, and are left out", lines.others)])?;
    }
    let found = cost::report(&lines, args.by, &pools, &prices);
    let by = args.by.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
    match args.output {
        Output::Table => write!(out, "{}", shown::table(&found, &by, &prices))?,
        Output::Csv => write!(out, "{}", shown::csv(&found, &by))?,
        Output::Json => {
            writeln!(out, "{}", serde_json::to_string_pretty(&shown::json(&found, &by, &prices))?)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

impl CostArgs {
    #[cfg(feature = "why")]
    fn of_stack(&self, since: Timestamp, until: Timestamp) -> Result<String> {
        use mayfly::status::samconfig::Names;

        let names = Names::read(std::path::Path::new("samconfig.toml"), &self.env)?;
        let stack = self.stack.clone().or(names.stack).unwrap_or_else(|| "mayfly".to_owned());
        let region = self.region.clone().or(names.region);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let config = mayfly::sdk::config(region).await;
            cost::logs::of_stack(&config, &stack, since, until).await
        })
    }

    #[cfg(not(feature = "why"))]
    fn of_stack(&self, _: Timestamp, _: Timestamp) -> Result<String> {
        let _ = (&self.stack, &self.region, &self.env);
        anyhow::bail!(
            "this build reads files only: --from FILE, or cargo run -q -p mayfly --features why -- cost …"
        )
    }
}
