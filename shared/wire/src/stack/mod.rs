//! The functions as processes of their own, on one machine.
//!
//! The templates are deployed into moto, and its queue, table, parameters and groups are what the
//! functions work with; the sandbox's ECS is served on AWS's protocol; each function's own binary runs
//! on the Lambda Runtime API, as the template configures it. Nothing here is a function's code, so what
//! goes through is what goes through in AWS.

mod formation;
mod on_the_wire;
mod provision;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::Resident;
use crate::ecs::EcsUrl;
use crate::github::GithubUrl;
use crate::lambda::{EventSource, Function, FunctionConfig, FunctionUrl, Pollers, Seen, Ticks};
use crate::moto::Moto;
use anyhow::{Context as _, Result, anyhow};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::config::{Credentials, SharedCredentialsProvider};
use fleet::launch::LAUNCHERS;
use sandbox::Sandbox;

use crate::Poster;

pub use self::formation::{Configuration, EventSourceMapping, Formation, Resource, Templates};
pub use self::on_the_wire::{OnTheWire, Wires};
pub use self::provision::{PARAMETERS, Provisioned, Secrets};

/// What the stack is made of.
pub struct Options<'a> {
    /// The pool map, in the form of `pools.toml`.
    pub map: &'a str,
    /// The folder of the functions' binaries.
    pub binaries: &'a Path,
    /// The port of the webhook's Function URL; 0 for any free one.
    pub port: u16,
    /// Who is told of what the webhook is sent.
    pub seen: Seen,
    /// How long a message that was received stays out of sight.
    pub visibility: Duration,
    /// How often the scheduler and the reconciler are invoked: each minute in AWS.
    pub tick: Duration,
    /// The webhook secret and the ticket key.
    pub secrets: &'a Secrets,
    /// The file that each function's output is added to, by the function's name; this process's own
    /// output where it is `None`.
    pub log: fn(&str) -> Option<PathBuf>,
}

/// The stack. All of it ends when this is dropped.
#[derive(Debug)]
pub struct Stack {
    /// What is deployed.
    pub provisioned: Provisioned,
    /// The clients' configuration for moto.
    pub config: SdkConfig,
    /// The webhook's Function URL.
    pub url: FunctionUrl,
    /// The registrar's Function URL.
    pub registrar: FunctionUrl,
    /// ECS.
    pub ecs: EcsUrl,
    /// GitHub's API.
    pub github: GithubUrl,
    /// The launcher function.
    pub launcher: Function,
    /// What they are kept in.
    pub moto: Moto,
    templates: Templates,
    _pollers: Pollers,
    _ticks: [Ticks; 2],
}

/// For who is not interested in what the webhook is sent.
pub fn unseen() -> Seen {
    Arc::new(|_, _| {})
}

impl Stack {
    /// Starts everything, with the ECS of the sandbox or world that `make` makes.
    pub async fn start<T: AsRef<Sandbox> + 'static>(
        options: &Options<'_>,
        make: impl FnOnce(Wires) -> Resident<T>,
    ) -> Result<Self> {
        let moto = Moto::start()?;
        let config = sdk_config(moto.url());
        let templates = Templates::of_map(options.map)?;
        let provisioned = provision::provision(&config, &moto, &templates, options).await?;
        let (to_webhook, to_registrar) = (Arc::default(), Arc::default());
        let wires = Wires {
            config: config.clone(),
            provisioned: provisioned.clone(),
            webhook: Arc::clone(&to_webhook),
            registrar: Arc::clone(&to_registrar),
        };
        let world = make(wires);
        let ecs = EcsUrl::serve(world.clone(), 0, |_| {}).await.map_err(|error| anyhow!(error))?;
        let github = GithubUrl::serve(world, 0).await.map_err(|error| anyhow!(error))?;

        let mut here = vec![
            ("AWS_ENDPOINT_URL", moto.url()),
            ("AWS_ENDPOINT_URL_ECS", ecs.url().to_owned()),
            ("MAYFLY_GITHUB_API_URL", github.url().to_owned()),
            ("MAYFLY_MAP", templates.map().display().to_string()),
        ];
        let configured = |name, concurrency, here: &[_]| {
            function(options, &provisioned.formation, name, concurrency, here)
        };
        let webhook = configured("Webhook", 20, &here)?;
        let registrar = configured("Registrar", 20, &here)?;
        let registrar = FunctionUrl::serve(registrar, 0, unseen()).await.map_err(|error| anyhow!(error))?;
        to_registrar.get_or_init(|| Poster::new(registrar.url()));
        here.push(("MAYFLY_REGISTRAR_URL", registrar.url().to_owned()));
        let launcher = configured("Launcher", LAUNCHERS, &here)?;
        // Two at once, where a tick takes longer than the time to the next one.
        let scheduler = configured("Scheduler", 2, &here)?;
        let reconciler = configured("Reconciler", 2, &here)?;

        let url = FunctionUrl::serve(webhook, options.port, Arc::clone(&options.seen))
            .await
            .map_err(|error| anyhow!(error))?;
        to_webhook.get_or_init(|| Poster::new(url.url()));
        let pollers = EventSource {
            client: aws_sdk_sqs::Client::new(&config),
            queue_url: provisioned.queue_url.clone(),
            batch_size: provisioned.formation.jobs()?.batch_size,
            concurrency: LAUNCHERS,
        }
        .start(&launcher);
        let ticks = [&scheduler, &reconciler].map(|function| Ticks::start(function, options.tick));
        Ok(Self {
            provisioned,
            config,
            url,
            registrar,
            ecs,
            github,
            launcher,
            moto,
            templates,
            _pollers: pollers,
            _ticks: ticks,
        })
    }

    /// Starts moto again, where it was, with everything deployed anew in it, under the same names.
    pub async fn start_moto_again(&mut self, options: &Options<'_>) -> Result<()> {
        self.moto.start_again()?;
        self.provisioned = provision::provision(&self.config, &self.moto, &self.templates, options).await?;
        Ok(())
    }
}

/// A function of ours, as the template configures it. `here` is what stands for AWS and GitHub on this
/// machine; the App is installed in every organisation of the sandbox's GitHub.
fn function(
    options: &Options<'_>,
    formation: &Formation,
    name: &str,
    concurrency: usize,
    here: &[(&str, String)],
) -> Result<Function> {
    let configured = formation.function(name)?;
    let name = name.to_lowercase();
    let binary = options.binaries.join(&name);
    if !binary.is_file() {
        return Err(anyhow!("there is no {}; `cargo build -p {name}` makes it", binary.display()));
    }
    let binary = binary.canonicalize().with_context(|| format!("{} can not be found", binary.display()))?;
    let mut variables = configured.variables.clone();
    variables.extend(here.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    let log = (options.log)(&name);
    Ok(Function::new(FunctionConfig {
        name,
        binary,
        memory: configured.memory,
        timeout: Duration::from_secs(configured.timeout),
        concurrency,
        variables,
        log,
    }))
}

/// Clients for servers on this machine, without TLS.
fn sdk_config(url: String) -> SdkConfig {
    let anybody =
        Credentials::builder().access_key_id("local").secret_access_key("local").provider_name("local");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .endpoint_url(url)
        .credentials_provider(SharedCredentialsProvider::new(anybody.build()))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build()
}
