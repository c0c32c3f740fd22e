//! What each subcommand is told.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use mayfly::DEVELOPMENT_SECRET;
use secrecy::SecretString;

#[derive(Debug, Args)]
pub(crate) struct RenderArgs {
    /// The pool map
    #[arg(long, value_name = "FILE", default_value = "pools.toml")]
    pub(crate) pools: PathBuf,
    /// The template of the pools
    #[arg(default_value = "infra/pools.yaml")]
    pub(crate) template: PathBuf,
    /// The file with the whole map, which the functions read
    #[arg(long, value_name = "FILE", default_value = "infra/map/pools.json")]
    pub(crate) map: PathBuf,
    /// Write nothing; exit with 1 if either file is not what the map makes it
    #[arg(long)]
    pub(crate) check: bool,
}

#[cfg(feature = "local")]
#[derive(Debug, Args)]
pub(crate) struct LocalArgs {
    /// The pool map [default: the one that Mayfly ships]
    #[arg(long, value_name = "FILE")]
    pub(crate) pools: Option<PathBuf>,
    /// The port of the webhook's URL
    #[arg(long, default_value_t = 8770)]
    pub(crate) port: u16,
    /// The folder of the functions' binaries
    #[arg(long, value_name = "FOLDER", default_value = "target/debug")]
    pub(crate) functions: PathBuf,
    /// Who runs a task
    #[arg(long, value_enum, default_value = "play")]
    pub(crate) tasks: mayfly::local::Tasks,
}

#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// The deliveries, in their order [default: events/github/*.json]
    pub(crate) files: Vec<PathBuf>,
    /// The pool map [default: the one that Mayfly ships]
    #[arg(long, value_name = "FILE")]
    pub(crate) pools: Option<PathBuf>,
    /// The organisation whose jobs get runners; that of the sample events unless told
    #[arg(long, value_name = "NAME", default_value = platform::ORGANISATION)]
    pub(crate) organisation: String,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Post the deliveries to a deployed Function URL instead
    #[arg(long, value_name = "https://…", conflicts_with_all = ["pools", "organisation"])]
    pub(crate) url: Option<String>,
    #[command(flatten)]
    pub(crate) secret: SecretArg,
}

#[derive(Debug, Args)]
pub(crate) struct WrapArgs {
    /// The payloads
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// The folder to write to
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) secret: SecretArg,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// The folder of sample events, each with its TOML file
    #[arg(default_value = "events/github")]
    pub(crate) folder: PathBuf,
    /// The pool map [default: the one that Mayfly ships]
    #[arg(long, value_name = "FILE")]
    pub(crate) pools: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct SecretArg {
    /// The environment variable that holds the webhook secret [default: the sample events' secret]
    #[arg(long, value_name = "NAME")]
    pub(crate) secret_env: Option<String>,
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

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Compare the account's quotas with what the map of pools may start
    #[arg(long)]
    pub(crate) before_deploy: bool,
    /// The pool map [default: the one that Mayfly ships]
    #[arg(long, value_name = "FILE")]
    pub(crate) pools: Option<PathBuf>,
    /// The region of the deploy [default: the environment's]
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ScheduleArgs {
    /// The pool map [default: the one that Mayfly ships]
    #[arg(long, value_name = "FILE")]
    pub(crate) pools: Option<PathBuf>,
    /// The week, by ISO 8601 [default: the current one]
    #[arg(long, value_name = "2026-W13")]
    pub(crate) week: Option<String>,
    /// Prices in the form of `cli/prices.toml` [default: those that Mayfly ships]
    #[arg(long, value_name = "FILE")]
    pub(crate) prices: Option<PathBuf>,
}
