//! Mayfly's functions on the sandbox, as `main.rs` of each wires them on AWS.

use std::cell::RefCell;
use std::rc::Rc;

use aws_lambda_events::lambda_function_urls::{LambdaFunctionUrlRequest, LambdaFunctionUrlResponse};
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use control::Bookkeeper;
use fleet::PoolMap;
use launcher::Launcher;
use reconciler::Reconciler;
use registrar::Registrar;
use sandbox::github::ORGANISATION;
use sandbox::{FunctionName, FunctionSystem, Functions, STACK, Sandbox, TICKET_KEY, World, placements_of};
use scheduler::Scheduler;
use secrecy::SecretString;
use webhook::Webhook;

/// The functions, wired to a sandbox.
#[derive(Debug)]
pub struct Platform {
    webhook: Webhook<Sandbox>,
    webhook_settings: Current<webhook::WebhookSettings>,
    webhook_secret: SecretString,
    organisation: String,
    /// The launchers that have no batch now.
    launchers: RefCell<Vec<SandboxLauncher>>,
    launcher_settings: Current<launcher::LauncherSettings>,
    registrar: Registrar<Sandbox, FunctionSystem, Sandbox>,
    registrar_settings: Current<registrar::RegistrarSettings>,
    scheduler: Scheduler<Sandbox, FunctionSystem, Sandbox, Sandbox, Sandbox>,
    scheduler_settings: Current<scheduler::SchedulerSettings>,
    reconciler: Reconciler<Sandbox, FunctionSystem, Sandbox, Sandbox, Sandbox>,
    reconciler_settings: Current<reconciler::ReconcilerSettings>,
    sandbox: Sandbox,
}

/// Settings that may change. An invocation keeps the ones it began with.
type Current<T> = RefCell<Rc<T>>;

/// Where the sandbox's tasks would ask; nobody asks it.
const REGISTRAR_URL: &str = "https://registrar.sandbox.invalid/";

type SandboxLauncher = Launcher<Sandbox, FunctionSystem, Sandbox, Sandbox>;

impl Platform {
    /// Wires the functions for these pools and this webhook secret.
    pub fn new(sandbox: &Sandbox, pools: &PoolMap, webhook_secret: SecretString) -> Self {
        let of = |function| books(sandbox, function);
        let scheduler = Scheduler::new(
            of(FunctionName::Scheduler),
            sandbox.clone(),
            sandbox.clone(),
            sandbox.clone(),
            REGISTRAR_URL.to_owned(),
        );
        Self {
            webhook: Webhook { queue: sandbox.clone() },
            webhook_settings: current(webhook_settings(&webhook_secret, ORGANISATION, pools)),
            webhook_secret,
            organisation: ORGANISATION.to_owned(),
            launchers: RefCell::default(),
            launcher_settings: current(launcher::LauncherSettings(launch_settings(pools))),
            registrar: Registrar { books: of(FunctionName::Registrar), github: sandbox.clone() },
            registrar_settings: current(registrar_settings(pools)),
            scheduler,
            scheduler_settings: current(scheduler::SchedulerSettings(launch_settings(pools))),
            reconciler: Reconciler::new(
                of(FunctionName::Reconciler),
                sandbox.clone(),
                sandbox.clone(),
                sandbox.clone(),
            ),
            reconciler_settings: current(reconciler_settings(pools)),
            sandbox: sandbox.clone(),
        }
    }

    /// The same functions, deployed with these pools for another organisation than the sandbox's own.
    #[must_use]
    pub fn of_organisation(mut self, organisation: &str, pools: &PoolMap) -> Self {
        organisation.clone_into(&mut self.organisation);
        self.use_map(FunctionName::Webhook, pools);
        self
    }

    /// From now on a function reads this map of pools.
    pub fn use_map(&self, function: FunctionName, pools: &PoolMap) {
        match function {
            FunctionName::Webhook => {
                let settings = webhook_settings(&self.webhook_secret, &self.organisation, pools);
                self.webhook_settings.replace(Rc::new(settings));
            }
            FunctionName::Launcher => {
                self.launcher_settings.replace(Rc::new(launcher::LauncherSettings(launch_settings(pools))));
            }
            FunctionName::Registrar => {
                self.registrar_settings.replace(Rc::new(registrar_settings(pools)));
            }
            FunctionName::Scheduler => {
                self.scheduler_settings
                    .replace(Rc::new(scheduler::SchedulerSettings(launch_settings(pools))));
            }
            FunctionName::Reconciler => {
                self.reconciler_settings.replace(Rc::new(reconciler_settings(pools)));
            }
        }
    }

    /// Lambda uses none of its running launchers again, as after a deploy.
    pub fn start_anew(&self) {
        self.launchers.borrow_mut().clear();
    }

    /// A launcher as it is when Lambda has just started it.
    fn new_launcher(&self) -> SandboxLauncher {
        let books = books(&self.sandbox, FunctionName::Launcher);
        Launcher::new(books, self.sandbox.clone(), self.sandbox.clone(), REGISTRAR_URL.to_owned())
    }

    /// A world with these functions on this sandbox, whose GitHub signs with the same secret.
    pub fn world(sandbox: Sandbox, pools: &PoolMap, webhook_secret: &SecretString) -> World<Self> {
        let functions = Self::new(&sandbox, pools, webhook_secret.clone());
        World::new(sandbox, functions, webhook_secret.clone())
    }
}

impl Functions for Platform {
    async fn webhook(&self, request: LambdaFunctionUrlRequest) -> LambdaFunctionUrlResponse {
        let settings = now(&self.webhook_settings);
        self.webhook.handle(&settings, &request).await
    }

    /// As on Lambda, a launcher has one batch at a time, and one that crashes is not used again.
    async fn launcher(&self, batch: SqsEvent) -> SqsBatchResponse {
        let idle = self.launchers.borrow_mut().pop();
        let launcher = idle.unwrap_or_else(|| self.new_launcher());
        let settings = now(&self.launcher_settings);
        let response = launcher.handle(&settings, batch).await;
        self.launchers.borrow_mut().push(launcher);
        response
    }

    async fn registrar(&self, request: LambdaFunctionUrlRequest) -> LambdaFunctionUrlResponse {
        let settings = now(&self.registrar_settings);
        self.registrar.handle(&settings, &request).await
    }

    /// What failed is in the log; the next tick finds what is left to do.
    async fn scheduler(&self) {
        let settings = now(&self.scheduler_settings);
        let _failed = self.scheduler.handle(&settings).await;
    }

    /// As the scheduler.
    async fn reconciler(&self) {
        let settings = now(&self.reconciler_settings);
        let _failed = self.reconciler.handle(&settings).await;
    }
}

fn current<T>(settings: T) -> Current<T> {
    RefCell::new(Rc::new(settings))
}

/// The settings of this moment.
fn now<T>(settings: &Current<T>) -> Rc<T> {
    Rc::clone(&settings.borrow())
}

/// The ledger of the sandbox, by a function's own clock.
fn books(sandbox: &Sandbox, function: FunctionName) -> Bookkeeper<Sandbox, FunctionSystem> {
    Bookkeeper { ledger: sandbox.clone(), system: sandbox.system_of(function) }
}

fn webhook_settings(secret: &SecretString, organisation: &str, pools: &PoolMap) -> webhook::WebhookSettings {
    let deployed = webhook::WebhookDeployment {
        organisation: organisation.to_owned(),
        pools: pools.clone(),
        job_names: true,
    };
    webhook::WebhookSettings { secrets: vec![secret.clone()], deployed }
}

fn registrar_settings(pools: &PoolMap) -> registrar::RegistrarSettings {
    registrar::RegistrarSettings { pools: pools.clone(), ticket_keys: vec![TICKET_KEY.into()] }
}

fn reconciler_settings(pools: &PoolMap) -> reconciler::ReconcilerSettings {
    reconciler::ReconcilerSettings { pools: pools.clone(), stack: STACK.to_owned() }
}

/// What launches depend on, as the platform's own template puts its pools.
fn launch_settings(pools: &PoolMap) -> control::LaunchSettings {
    let placements = placements_of(pools);
    control::LaunchSettings { pools: pools.clone(), placements, ticket_key: TICKET_KEY.into() }
}
