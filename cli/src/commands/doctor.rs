//! `mayfly doctor`

use std::io::Write;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use super::MapArg;

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Compare the account's quotas with what the pool map may start; there is no other check yet
    #[arg(long, required = true)]
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

#[cfg(feature = "doctor")]
pub(crate) fn run(args: &DoctorArgs, out: &mut impl Write) -> Result<ExitCode> {
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
pub(crate) fn run(_: &DoctorArgs, _: &mut impl Write) -> Result<ExitCode> {
    super::not_built("doctor", "cargo run -p mayfly --features doctor -- doctor --before-deploy")
}
