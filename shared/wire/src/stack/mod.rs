//! The stack on one machine: an AWS emulator that others wrote, with our templates and the functions' own
//! binaries in it.
//!
//! The templates are deployed into ministack, which is everything of AWS but ECS: Function URLs, the queue
//! and what polls it, the bus and its rules, the table, and Lambda, which runs each function's
//! binary on the Runtime API. ECS is the sandbox's, on AWS's protocol, and so is GitHub. Nothing here is a
//! function's code, so what goes through is what goes through in AWS.

mod formation;
mod logs;
mod on_the_wire;
mod provision;

use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use anyhow::{Result, anyhow, ensure};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::config::{Credentials, SharedCredentialsProvider};
use sandbox::Sandbox;
use tokio::task::spawn_blocking;

use self::logs::FunctionLogs;
use crate::aws::{AwsUrl, WebhookObserver};
use crate::github::GithubUrl;
use crate::http::Bound;
use crate::ministack::Ministack;
use crate::{Poster, Resident};

pub use self::formation::{Code, Configuration, Deploys, Formation, Resource, Templates};
pub use self::on_the_wire::{OnTheWire, Wires};
pub use self::provision::{PARAMETERS, Provisioned, Secrets};

/// The functions, by the names of their binaries.
pub const FUNCTIONS: [&str; 5] = ["webhook", "launcher", "registrar", "scheduler", "reconciler"];

/// How long the last lines of the functions' logs are waited for.
const LAST_LINES: Duration = Duration::from_millis(500);

/// What comes every minute.
const EVERY_MINUTE: [&str; 2] = ["Scheduler", "Reconciler"];

/// What the stack is made of.
pub struct Options<'a> {
    /// The pool map, in the form of `pools.toml`.
    pub map: &'a str,
    /// The folder of the functions' binaries.
    pub binaries: &'a Path,
    /// Whether the functions' zips have the binaries, as in AWS, or call them where they are.
    pub zipped: bool,
    /// The port of AWS, with GitHub's at the next one; 0 for any two that are free.
    pub port: u16,
    /// Sees what the webhook is sent and answers.
    pub seen: WebhookObserver,
    /// How long a message that was received stays out of sight.
    pub visibility: Duration,
    /// How long a minute of the rules takes.
    pub minute: Duration,
    /// The webhook secret and the ticket key.
    pub secrets: &'a Secrets,
    /// The file that each function's output is added to, by the function's name.
    pub log: &'a dyn Fn(&str) -> PathBuf,
    /// Gets ministack as soon as it runs, and may refuse to go on. If it is ended later, the start fails.
    pub running: &'a dyn Fn(&Arc<Ministack>) -> Result<()>,
}

/// The stack. All of it ends when this is dropped.
#[derive(Debug)]
pub struct Stack {
    /// What is deployed.
    pub provisioned: Provisioned,
    /// The clients' configuration for AWS.
    pub config: SdkConfig,
    /// AWS.
    pub aws: AwsUrl,
    /// GitHub's API.
    pub github: GithubUrl,
    /// The webhook's Function URL.
    pub webhook: String,
    /// The registrar's Function URL.
    pub registrar: String,
    /// Whose AWS it is, but for ECS.
    pub ministack: Arc<Ministack>,
    logs: Arc<FunctionLogs>,
    /// With the map that the functions read.
    _templates: Templates,
}

/// For who is not interested in what the webhook is sent.
pub fn unseen() -> WebhookObserver {
    Arc::new(|_| {})
}

impl Stack {
    /// Starts everything, with the ECS of the sandbox or world that `make` makes.
    pub async fn start<T: AsRef<Sandbox> + 'static>(
        options: &Options<'_>,
        make: impl FnOnce(Wires) -> Resident<T>,
    ) -> Result<Self> {
        let (aws, github) = endpoints(options)
            .await
            .map_err(|error| anyhow!("{error}; `--port`, or `make local PORT=`, takes another"))?;
        check(options.binaries)?;
        let ministack = Arc::new(Ministack::start(Some(aws.url()), options.minute)?);
        (options.running)(&ministack)?;
        aws.pass_on_to(&ministack.url());
        let config = sdk_config(aws.url());
        let templates = Templates::of_map(options.map)?;
        let [webhook, registrar] = ["webhook", "registrar"].map(|name| aws.function_url(name));
        // What stands for GitHub here, and what is elsewhere than in AWS: the registrar, and the map, because
        // ministack mounts no layers. The App is installed in every organisation of the sandbox's GitHub.
        let variables = [
            ("MAYFLY_GITHUB_API_URL", format!("http://{}", github.address())),
            ("MAYFLY_MAP", templates.map()?),
            ("MAYFLY_REGISTRAR_URL", registrar.clone()),
        ];
        let code = Code { binaries: options.binaries, zipped: options.zipped, variables: &variables };
        let provisioned = provision::provision(&config, &ministack, &templates, code, options).await?;
        let formation = &provisioned.formation;
        let urls = ["Webhook", "Registrar"].map(|name| Ok((name.to_lowercase(), formation.url(name)?)));
        aws.call_functions_at(urls.into_iter().collect::<Result<_>>()?);
        let world = make(Wires {
            ministack: Arc::clone(&ministack),
            provisioned: provisioned.clone(),
            webhook: Poster::new(&webhook),
            registrar: Poster::patient(&registrar, fleet::pid1::PATIENCE),
        });
        aws.answer_ecs_by(world.clone());
        let github = GithubUrl::on(github, world);
        // The rule calls first when a minute is over.
        for function in EVERY_MINUTE {
            let (ministack, name) = (Arc::clone(&ministack), formation.function(function)?.name.clone());
            spawn_blocking(move || ministack.invoke(&name, "{}"));
        }
        let logs = FunctionLogs::follow(Arc::clone(&ministack), formation, options.log);
        Ok(Self {
            provisioned,
            config,
            aws,
            github,
            webhook,
            registrar,
            ministack,
            logs,
            _templates: templates,
        })
    }

    /// Brings the functions' logs up to now.
    pub async fn pull_logs(&self) -> Result<()> {
        let logs = Arc::clone(&self.logs);
        spawn_blocking(move || logs.pull()).await?
    }

    /// Kills a launcher that has a batch in hand. `false` if none has.
    pub async fn kill_a_launcher(&self) -> Result<bool> {
        let (ministack, name) =
            (Arc::clone(&self.ministack), self.provisioned.formation.function("Launcher")?.name.clone());
        spawn_blocking(move || ministack.kill_one(&name)).await?
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // The last lines of the logs, unless ministack is too busy to give them.
        let (logs, (pulled, wait)) = (Arc::clone(&self.logs), mpsc::channel());
        thread::spawn(move || pulled.send(logs.pull().is_ok()));
        let _ = wait.recv_timeout(LAST_LINES);
        // It ends now, even if others still hold it.
        self.ministack.end();
    }
}

/// AWS, and what GitHub is going to be served on, before anything else is started.
async fn endpoints(options: &Options<'_>) -> Result<(AwsUrl, Bound), String> {
    let aws = AwsUrl::serve(options.port, Arc::clone(&options.seen)).await?;
    let next = if options.port == 0 { Some(0) } else { options.port.checked_add(1) };
    let github = Bound::to(next.ok_or("there is no port after 65535")?).await?;
    Ok((aws, github))
}

/// Whether all functions are built.
fn check(binaries: &Path) -> Result<()> {
    for name in FUNCTIONS {
        let binary = binaries.join(name);
        ensure!(binary.is_file(), "there is no {}; `cargo build -p {name}` makes it", binary.display());
    }
    Ok(())
}

/// Clients for servers on this machine, without TLS.
fn sdk_config(url: &str) -> SdkConfig {
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
