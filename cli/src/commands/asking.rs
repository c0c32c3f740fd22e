//! The arguments of `why` and `trace`: the job, and where to ask about it.

use std::path::PathBuf;

use clap::Args;

use super::MapArg;

#[derive(Debug, Args)]
pub(crate) struct AskArgs {
    /// The job: the URL of its page at GitHub, or its number
    #[arg(value_name = "JOB")]
    job: String,
    /// The stack's name [default: the one in samconfig.toml, or mayfly]
    #[arg(long, value_name = "NAME")]
    stack: Option<String>,
    /// The stack's region [default: the one in samconfig.toml, or the environment's]
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// The ledger's table [default: the stack's]
    #[arg(long, value_name = "NAME")]
    table: Option<String>,
    /// The organisation whose jobs the stack serves [default: the one in samconfig.toml]
    #[arg(long, value_name = "NAME")]
    organisation: Option<String>,
    /// The environment of samconfig.toml, as in `make deploy ENV=…`
    #[arg(long, value_name = "NAME", default_value = "default")]
    env: String,
    #[command(flatten)]
    map: MapArg,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Write everything that was read into one archive, for a bug report; it holds named fields only, and no secret
    #[arg(long, value_name = "FILE.tar.gz")]
    save: Option<PathBuf>,
}

#[cfg(feature = "why")]
mod with_access {
    use std::path::Path;
    use std::process::ExitCode;

    use anyhow::{Context, Result};
    use mayfly::sdk;
    use mayfly::status::access::Access;
    use mayfly::status::archive;
    use mayfly::status::diagnosis::Diagnosis;
    use mayfly::status::reference::Reference;
    use mayfly::status::samconfig::Names;

    use super::AskArgs;

    /// Where the deployment's names are.
    const SAMCONFIG: &str = "samconfig.toml";

    impl AskArgs {
        /// Asks.
        pub(crate) fn look(&self) -> Result<Diagnosis> {
            let reference = Reference::parse(&self.job)?;
            let pools = self.map.read()?;
            let of_file = Names::read(Path::new(SAMCONFIG), &self.env)?;
            let names = Names {
                stack: self.stack.clone().or(of_file.stack),
                region: self.region.clone().or(of_file.region),
                organisation: self.organisation.clone().or(of_file.organisation),
                ..of_file
            };
            let token = variable("GITHUB_TOKEN").or_else(|| variable("GH_TOKEN")).map(Into::into);
            let access = Access {
                names,
                table: self.table.clone(),
                token,
                github_api_url: variable("GITHUB_API_URL"),
                with_logs: self.save.is_some(),
            };
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            Ok(runtime.block_on(async {
                let config = sdk::config(access.names.region.clone()).await;
                access.look(&config, &reference, pools).await
            }))
        }

        /// Writes the archive, if one is asked for.
        pub(crate) fn saved(&self, seen: &Diagnosis) -> Result<ExitCode> {
            if let Some(file) = &self.save {
                let written = std::fs::File::create(file).map_err(Into::into);
                let written = written.and_then(|out| archive::write(seen, out));
                written.with_context(|| format!("--save: {} cannot be written", file.display()))?;
            }
            Ok(ExitCode::SUCCESS)
        }
    }

    /// A variable of the environment that is set to something.
    #[expect(clippy::disallowed_methods, reason = "the command's boot reads the environment, once")]
    fn variable(name: &str) -> Option<String> {
        std::env::var(name).ok().filter(|value| !value.is_empty())
    }
}
