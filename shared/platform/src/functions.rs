//! Mayfly's functions on the sandbox, as `main.rs` of each wires them on AWS.

use std::cell::RefCell;

use aws_lambda_events::lambda_function_urls::{LambdaFunctionUrlRequest, LambdaFunctionUrlResponse};
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use control::Bookkeeper;
use fleet::PoolMap;
use launcher::Launcher;
use registrar::Registrar;
use sandbox::{Functions, Sandbox, TICKET_KEY, World, placements_of};
use scheduler::Scheduler;
use secrecy::SecretString;
use webhook::Webhook;

/// The functions, wired to a sandbox.
#[derive(Debug)]
pub struct Platform {
    webhook: Webhook<Sandbox>,
    webhook_settings: webhook::Settings,
    /// The launchers that have no batch now.
    launchers: RefCell<Vec<SandboxLauncher>>,
    launcher_settings: launcher::Settings,
    registrar: Registrar<Sandbox, Sandbox, Sandbox>,
    registrar_settings: registrar::Settings,
    scheduler: Scheduler<Sandbox, Sandbox, Sandbox, Sandbox>,
    scheduler_settings: scheduler::Settings,
    sandbox: Sandbox,
}

/// Where the sandbox's tasks would claim; nobody asks it.
const REGISTRAR_URL: &str = "https://registrar.sandbox.invalid/";

type SandboxLauncher = Launcher<Sandbox, Sandbox, Sandbox>;

impl Platform {
    /// Wires the functions for these pools and this webhook secret.
    pub fn new(sandbox: &Sandbox, pools: &PoolMap, webhook_secret: SecretString) -> Self {
        Self {
            webhook: Webhook { queue: sandbox.clone() },
            webhook_settings: webhook::Settings { secrets: vec![webhook_secret], pools: pools.clone() },
            launchers: RefCell::default(),
            launcher_settings: launcher::Settings(launch_settings(pools)),
            registrar: Registrar { books: books(sandbox), github: sandbox.clone() },
            registrar_settings: registrar::Settings {
                pools: pools.clone(),
                ticket_keys: vec![TICKET_KEY.into()],
            },
            scheduler: Scheduler::new(
                books(sandbox),
                sandbox.clone(),
                sandbox.clone(),
                REGISTRAR_URL.to_owned(),
            ),
            scheduler_settings: scheduler::Settings(launch_settings(pools)),
            sandbox: sandbox.clone(),
        }
    }

    /// A launcher as it is when Lambda has just started it.
    fn new_launcher(&self) -> SandboxLauncher {
        Launcher::new(books(&self.sandbox), self.sandbox.clone(), REGISTRAR_URL.to_owned())
    }

    /// A world with these functions on this sandbox, whose GitHub signs with the same secret.
    pub fn world(sandbox: Sandbox, pools: &PoolMap, webhook_secret: &SecretString) -> World<Self> {
        let functions = Self::new(&sandbox, pools, webhook_secret.clone());
        World::new(sandbox, functions, webhook_secret.clone())
    }
}

impl Functions for Platform {
    async fn webhook(&self, request: LambdaFunctionUrlRequest) -> LambdaFunctionUrlResponse {
        self.webhook.handle(&self.webhook_settings, &request).await
    }

    /// As on Lambda, a launcher has one batch at a time, and one that crashes is not used again.
    async fn launcher(&self, batch: SqsEvent) -> SqsBatchResponse {
        let idle = self.launchers.borrow_mut().pop();
        let launcher = idle.unwrap_or_else(|| self.new_launcher());
        let response = launcher.handle(&self.launcher_settings, batch).await;
        self.launchers.borrow_mut().push(launcher);
        response
    }

    async fn registrar(&self, request: LambdaFunctionUrlRequest) -> LambdaFunctionUrlResponse {
        self.registrar.handle(&self.registrar_settings, &request).await
    }

    /// What failed is in the log; the next tick finds what is left to do.
    async fn scheduler(&self) {
        let _failed = self.scheduler.handle(&self.scheduler_settings).await;
    }
}

/// The ledger of the sandbox.
fn books(sandbox: &Sandbox) -> Bookkeeper<Sandbox, Sandbox> {
    Bookkeeper { ledger: sandbox.clone(), system: sandbox.clone() }
}

/// What launches depend on, as the platform's own template puts its pools.
fn launch_settings(pools: &PoolMap) -> control::LaunchSettings {
    let placements = placements_of(pools);
    control::LaunchSettings { pools: pools.clone(), placements, ticket_key: TICKET_KEY.into() }
}
