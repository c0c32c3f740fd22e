//! Mayfly's functions on the sandbox, as `main.rs` of each wires them on AWS.

use aws_lambda_events::lambda_function_urls::{LambdaFunctionUrlRequest, LambdaFunctionUrlResponse};
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use fleet::launch::Placement;
use fleet::ledger::Bookkeeper;
use fleet::{BootId, PoolMap};
use launcher::Launcher;
use sandbox::registrar::Registrar;
use sandbox::{ClaimReply, Functions, ReleaseReply, Sandbox, TICKET_KEY, World};
use secrecy::SecretString;
use webhook::Webhook;

/// The functions, wired to a sandbox.
#[derive(Debug)]
pub struct Platform {
    webhook: Webhook<Sandbox>,
    launcher: Launcher<Sandbox, Sandbox, Sandbox, Sandbox>,
    registrar: Registrar,
}

impl Platform {
    /// Wires the functions for these pools and this webhook secret.
    pub fn new(sandbox: &Sandbox, pools: &PoolMap, webhook_secret: SecretString) -> Self {
        let part = || sandbox.clone();
        let placements =
            pools.iter().map(|pool| (pool.name.clone(), Placement::by_convention(pool))).collect();
        Self {
            webhook: Webhook { secrets: vec![webhook_secret], pools: pools.clone(), queue: part() },
            launcher: Launcher {
                books: Bookkeeper { ledger: part(), clock: part(), random: part() },
                tasks: part(),
                settings: launcher::Settings {
                    pools: pools.clone(),
                    placements,
                    ticket_key: TICKET_KEY.into(),
                    registrar_url: "https://registrar.sandbox.invalid/".to_owned(),
                },
            },
            registrar: Registrar::new(sandbox, pools.clone(), vec![TICKET_KEY.into()]),
        }
    }

    /// A world with these functions on this sandbox, whose GitHub signs with the same secret.
    pub fn world(sandbox: Sandbox, pools: &PoolMap, webhook_secret: &SecretString) -> World<Self> {
        let functions = Self::new(&sandbox, pools, webhook_secret.clone());
        World::new(sandbox, functions, webhook_secret.clone())
    }
}

impl Functions for Platform {
    async fn webhook(&self, request: LambdaFunctionUrlRequest) -> LambdaFunctionUrlResponse {
        self.webhook.handle(&request).await
    }

    async fn launcher(&self, batch: SqsEvent) -> SqsBatchResponse {
        self.launcher.handle(batch).await
    }

    async fn claim(&self, ticket: &str, boot: &BootId) -> ClaimReply {
        self.registrar.claim(ticket, boot).await
    }

    async fn release(&self, ticket: &str) -> ReleaseReply {
        self.registrar.release(ticket).await
    }
}
