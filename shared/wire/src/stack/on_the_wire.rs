//! A world whose functions run as processes: what its GitHub, its ECS and its tasks say goes over the
//! wire to them.

use std::sync::Arc;
use std::time::Duration;

use crate::Resident;
use crate::ministack::Ministack;
use aws::boot::System;
use aws_lambda_events::lambda_function_urls::{LambdaFunctionUrlRequest, LambdaFunctionUrlResponse};
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use fleet::ports::Clock as _;
use sandbox::{Delays, Functions, Sandbox, World};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use super::{Provisioned, Secrets};
use crate::Poster;

/// Webhooks that GitHub has under way at once.
const WEBHOOKS: usize = 20;

/// How often the world looks at the clock.
const TICK: Duration = Duration::from_millis(10);

/// What a world has to know of the stack around it.
#[derive(Debug, Clone)]
pub struct Wires {
    /// Whose EventBridge the events of ECS and EC2 are put on.
    pub ministack: Arc<Ministack>,
    /// What is deployed.
    pub provisioned: Provisioned,
    /// The way to the webhook's Function URL.
    pub webhook: Poster,
    /// The way to the registrar's Function URL.
    pub registrar: Poster,
}

/// The functions, as a world on the wire calls them.
#[derive(Debug)]
pub struct OnTheWire {
    wires: Wires,
    runtime: Handle,
    webhooks: Semaphore,
}

impl OnTheWire {
    /// A world that lives by the machine's clock, on a thread of its own. It ends with the async
    /// runtime that this is called on.
    pub fn world(wires: Wires, secrets: &Secrets, delays: Delays) -> Resident<World<Self>> {
        let (secrets, runtime) = (secrets.clone(), Handle::current());
        let on_its_thread = runtime.clone();
        let world = Resident::start(move || {
            let Provisioned { pools, placements, .. } = &wires.provisioned;
            let sandbox = Sandbox::placed(1, System.now(), delays, pools, placements);
            let functions = Self { runtime: on_its_thread, webhooks: Semaphore::new(WEBHOOKS), wires };
            World::new(sandbox, functions, secrets.webhook)
        });
        let ticking = world.clone();
        runtime.clone().spawn(async move {
            let turn = move |world: &mut World<Self>| world.run_until(System.now());
            loop {
                let runtime = runtime.clone();
                let turned = ticking.ask(move |world| {
                    let _entered = runtime.enter();
                    turn(world);
                });
                if turned.await.is_none() {
                    return;
                }
                tokio::time::sleep(TICK).await;
            }
        });
        world
    }
}

impl Functions for OnTheWire {
    /// GitHub's POST to the Function URL.
    async fn webhook(&self, request: LambdaFunctionUrlRequest) -> LambdaFunctionUrlResponse {
        let mut response = LambdaFunctionUrlResponse::default();
        response.status_code = 502;
        let _turn = self.webhooks.acquire().await;
        let poster = self.wires.webhook.clone();
        let answered = self.runtime.spawn_blocking(move || {
            let headers = request.headers.iter().map(|(name, value)| (name.as_str(), value));
            poster.post(headers, request.body.unwrap_or_default())
        });
        if let Ok(Ok((status, _))) = answered.await {
            response.status_code = status.into();
        }
        response
    }

    /// The world's own queue has nothing but the events of ECS and EC2: they go onto the bus, and EventBridge's
    /// rules take them to the real queue.
    async fn launcher(&self, batch: SqsEvent) -> SqsBatchResponse {
        let mut response = SqsBatchResponse::default();
        for record in batch.records {
            let (ministack, event) = (Arc::clone(&self.wires.ministack), record.body.unwrap_or_default());
            let put = self.runtime.spawn_blocking(move || ministack.put_event(&event)).await;
            if !matches!(put, Ok(Ok(()))) {
                response.add_failure(record.message_id.unwrap_or_default());
            }
        }
        response
    }

    /// PID 1's POST to the registrar's Function URL.
    async fn registrar(&self, request: LambdaFunctionUrlRequest) -> LambdaFunctionUrlResponse {
        let mut response = LambdaFunctionUrlResponse::default();
        response.status_code = 502;
        let poster = self.wires.registrar.at(request.raw_path.as_deref().unwrap_or_default());
        let body = request.body.unwrap_or_default();
        let answered = self
            .runtime
            .spawn_blocking(move || poster.exchange([("content-type", "application/json")], &body));
        if let Ok(Ok(answer)) = answered.await {
            response.status_code = answer.status().as_u16().into();
            response.headers = answer.headers().clone();
            response.body = Some(answer.into_body());
        }
        response
    }

    /// Nothing: on the wire a rule calls it, by the machine's clock.
    async fn scheduler(&self) {}

    async fn reconciler(&self) {}
}
