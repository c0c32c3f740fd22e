//! `mayfly doctor`

use std::io::Write;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use super::MapArg;

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Compare the account's quotas with what the map of pools may start
    #[arg(long)]
    before_deploy: bool,
    #[command(flatten)]
    map: MapArg,
    /// The region of the deploy [default: the environment's]
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What it can do.
const TODAY: &str = "mayfly doctor: it can do one thing today, --before-deploy: compare the account's quotas with \
                     the map of pools";

pub(crate) fn run(args: &DoctorArgs, out: &mut impl Write) -> Result<ExitCode> {
    if args.before_deploy {
        return before_deploy(args, out);
    }
    writeln!(out, "{TODAY}")?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(feature = "doctor")]
fn before_deploy(args: &DoctorArgs, out: &mut impl Write) -> Result<ExitCode> {
    use mayfly::doctor::comparison::in_question;
    use mayfly::doctor::{account, compare, needs};

    let pools = args.map.read()?;
    let needs = needs::of(&pools, super::now());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (region, values) = runtime.block_on(async {
        let config = mayfly::sdk::config(args.region.clone()).await;
        let region = config.region().map(ToString::to_string);
        (region, account::values(&config, &in_question(&needs)).await)
    });
    let values = match values {
        Ok(values) => values,
        Err(problem) => {
            writeln!(std::io::stderr(), "mayfly: the account's quotas are not known: {problem}")?;
            return Ok(ExitCode::FAILURE);
        }
    };
    let findings = compare(needs, &values);
    if args.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&findings.json(region.as_deref()))?)?;
    } else {
        writeln!(out, "The map of pools: {}", args.map.origin())?;
        write!(out, "{}", findings.text(region.as_deref()))?;
    }
    Ok(ExitCode::from(findings.exit_code()))
}

#[cfg(not(feature = "doctor"))]
fn before_deploy(_: &DoctorArgs, _: &mut impl Write) -> Result<ExitCode> {
    let again = "cargo run -p mayfly --features doctor -- doctor --before-deploy";
    writeln!(std::io::stderr(), "mayfly: this one was built without its doctor; run `{again}`")?;
    Ok(ExitCode::FAILURE)
}
