//! The functions as processes of their own, on one machine.
//!
//! moto is the queue, the table and the parameters; the sandbox's ECS is served on AWS's protocol;
//! each function's own binary runs on the Lambda Runtime API. Nothing here is a function's code, so
//! what goes through is what goes through in AWS.

mod on_the_wire;
mod provision;
mod session;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::config::{Credentials, SharedCredentialsProvider};
use fleet::PoolMap;
use launch::pace::LAUNCHERS;
use sandbox::Sandbox;
use sandbox::wire::Resident;
use sandbox::wire::ecs::EcsUrl;
use sandbox::wire::github::GithubUrl;
use sandbox::wire::lambda::{EventSource, Function, FunctionConfig, FunctionUrl, Pollers, Seen, Ticks};
use sandbox::wire::moto::Moto;

use crate::remote::Poster;

pub use self::on_the_wire::{OnTheWire, Wires};
pub use self::provision::{PARAMETERS, Parameter, Provisioned, Secrets, parameters};
pub use self::session::{Tasks, run};

/// What the stack is made of.
pub struct Options<'a> {
    /// The pools.
    pub pools: &'a PoolMap,
    /// The folder of the functions' binaries.
    pub binaries: &'a Path,
    /// The port of the webhook's Function URL; 0 for any free one.
    pub port: u16,
    /// Who is told of what the webhook is sent.
    pub seen: Seen,
    /// How long a message that was received stays out of sight.
    pub visibility: Duration,
    /// How often the scheduler is invoked: each minute in AWS.
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
    /// The queue, the table and the parameters.
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
    _pollers: Pollers,
    _ticks: Ticks,
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
        let provisioned = provision::provision(&config, options).await?;
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

        let endpoints = BTreeMap::from([
            ("AWS_ENDPOINT_URL".to_owned(), moto.url()),
            ("AWS_ENDPOINT_URL_ECS".to_owned(), ecs.url().to_owned()),
            ("MAYFLY_PARAMETERS".to_owned(), PARAMETERS.to_owned()),
        ]);
        let webhook = function(
            options,
            "webhook",
            Duration::from_secs(10),
            20,
            &endpoints,
            [("MAYFLY_QUEUE_URL", &provisioned.queue_url)],
        )?;
        let registrar = registrar(options, &endpoints, &provisioned, &github).await?;
        to_registrar.get_or_init(|| Poster::new(registrar.url()));
        let registrar_url = registrar.url().to_owned();
        let variables = [("MAYFLY_TABLE", &provisioned.table), ("MAYFLY_REGISTRAR_URL", &registrar_url)];
        let launcher = function(
            options,
            "launcher",
            Duration::from_secs(30),
            LAUNCHERS as usize,
            &endpoints,
            variables,
        )?;

        // Two at once, where a tick takes longer than the time to the next one.
        let scheduler = function(options, "scheduler", Duration::from_secs(50), 2, &endpoints, variables)?;

        let url = FunctionUrl::serve(webhook, options.port, Arc::clone(&options.seen))
            .await
            .map_err(|error| anyhow!(error))?;
        to_webhook.get_or_init(|| Poster::new(url.url()));
        let pollers = EventSource {
            client: aws_sdk_sqs::Client::new(&config),
            queue_url: provisioned.queue_url.clone(),
            batch_size: 10,
            concurrency: LAUNCHERS as usize,
        }
        .start(&launcher);
        let ticks = Ticks::start(&scheduler, options.tick);
        Ok(Self {
            provisioned,
            config,
            url,
            registrar,
            ecs,
            github,
            launcher,
            moto,
            _pollers: pollers,
            _ticks: ticks,
        })
    }

    /// Starts moto again, where it was, with everything made anew in it.
    pub async fn start_moto_again(&mut self, options: &Options<'_>) -> Result<()> {
        self.moto.start_again()?;
        self.provisioned = provision::provision(&self.config, options).await?;
        Ok(())
    }
}

/// The registrar's Function URL. Its App is installed in every organisation of the sandbox's GitHub.
async fn registrar(
    options: &Options<'_>,
    endpoints: &BTreeMap<String, String>,
    provisioned: &Provisioned,
    github: &GithubUrl,
) -> Result<FunctionUrl> {
    let variables = [
        ("MAYFLY_TABLE", &provisioned.table),
        ("MAYFLY_ORGANISATION", &"octo-org".to_owned()),
        ("MAYFLY_GITHUB_APP_ID", &"1".to_owned()),
        ("MAYFLY_GITHUB_API_URL", &github.url().to_owned()),
    ];
    let function = function(options, "registrar", Duration::from_secs(30), 20, endpoints, variables)?;
    FunctionUrl::serve(function, 0, unseen()).await.map_err(|error| anyhow!(error))
}

/// A function of ours, as the template configures it.
fn function<const N: usize>(
    options: &Options<'_>,
    name: &str,
    timeout: Duration,
    concurrency: usize,
    endpoints: &BTreeMap<String, String>,
    own: [(&str, &String); N],
) -> Result<Function> {
    let binary = options.binaries.join(name);
    if !binary.is_file() {
        return Err(anyhow!("there is no {}; `cargo build -p {name}` makes it", binary.display()));
    }
    let binary = binary.canonicalize().with_context(|| format!("{} can not be found", binary.display()))?;
    let mut variables = endpoints.clone();
    variables.extend(own.map(|(name, value)| (name.to_owned(), value.clone())));
    let log = (options.log)(name);
    Ok(Function::new(FunctionConfig {
        name: name.to_owned(),
        binary,
        memory: 256,
        timeout,
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
