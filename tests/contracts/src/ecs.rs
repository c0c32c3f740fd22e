//! An ECS for a contract: the sandbox's, over the wire, with every exchange held against botocore.

use std::sync::{Arc, Mutex, PoisonError};

use aws::tasks::Tasks;
use fleet::launch::{RunTaskRequest, TICKET_VARIABLE};
use fleet::ledger::Runner;
use fleet::pools::DEFAULT_POOLS;
use fleet::ticket::Ticket;
use fleet::{PoolMap, PoolName, RunnerId, TaskArn};
use jiff::Timestamp;
use sandbox::ecs::{Ecs, RunTaskError};
use sandbox::{Delays, Sandbox, TICKET_KEY};
use wire::Resident;
use wire::ecs::{EcsUrl, Exchange};

use crate::{botocore, emulators};

/// Monday, 5 October 2026, 09:00 UTC.
pub const START: Timestamp = Timestamp::constant(1_791_190_800, 0);

/// A sandbox's ECS and our client of it. When it is dropped, whatever was asked and answered has to
/// be what botocore knows of ECS.
pub struct Peer {
    /// The adapter.
    pub tasks: Tasks,
    /// The SDK's own client.
    pub client: aws_sdk_ecs::Client,
    sandbox: Resident<Sandbox>,
    exchanges: Arc<Mutex<Vec<Exchange>>>,
    _url: EcsUrl,
}

impl Peer {
    /// An ECS with the clusters, capacity providers and task definitions of the default pools.
    pub async fn start() -> Self {
        let sandbox = Resident::start(|| Sandbox::new(1, START, Delays::default(), &default_pools()));
        let exchanges = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&exchanges);
        let witness = move |exchange: &Exchange| {
            seen.lock().unwrap_or_else(PoisonError::into_inner).push(exchange.clone());
        };
        let url = EcsUrl::serve(sandbox.clone(), 0, witness).await.expect("a free port");
        let config = emulators::config(url.url());
        let client = aws_sdk_ecs::Client::new(&config);
        let tasks = Tasks::new(&config);
        Self { tasks, client, sandbox, exchanges, _url: url }
    }

    /// Does something to the sandbox's ECS.
    pub fn ecs<R: Send + 'static>(&self, act: impl FnOnce(&mut Ecs) -> R + Send + 'static) -> R {
        self.sandbox.with(|sandbox| act(&mut sandbox.ecs().borrow_mut())).expect("the sandbox lives")
    }

    /// Lets the next `RunTask` fail.
    pub fn fail_next(&self, error: RunTaskError) {
        self.ecs(|ecs| ecs.fail_next(error));
    }

    /// Moves a task to its next status.
    pub fn move_on(&self, task: &TaskArn) {
        let task = task.clone();
        let moved = self.sandbox.with(move |sandbox| {
            let now = sandbox.manual_clock().now();
            sandbox.ecs().borrow_mut().move_on(&task, now)
        });
        moved.flatten().expect("a next status");
    }

    /// Turns the clock.
    pub fn pass(&self, length: jiff::SignedDuration) {
        let turned = self.sandbox.with(move |sandbox| {
            let clock = sandbox.manual_clock();
            clock.advance_to(clock.now() + length);
        });
        turned.expect("the sandbox lives");
    }

    /// What was asked and answered so far.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.exchanges.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let held = botocore::check(&self.exchanges());
            assert!(held.is_ok(), "botocore: {}", held.err().unwrap_or_default());
        }
    }
}

/// The request that launches the `n`th runner of a default pool.
pub fn request(pool: &str, n: u128) -> RunTaskRequest {
    let name = PoolName::new(pool).expect("a pool's name");
    let pools = default_pools();
    let placement = sandbox::placement_of(pools.get(&name).expect("a default pool"));
    let id = RunnerId::from_random(n);
    let ticket = Ticket::issue(&id, &TICKET_KEY.into());
    let runner = Runner::reserved(id, name.clone(), name, START);
    RunTaskRequest::new(&runner, &placement, &ticket, "https://registrar.example/")
}

/// The ticket in a request.
pub fn ticket(request: &RunTaskRequest) -> &str {
    let variables = request.overrides.container_overrides.iter().flat_map(|it| &it.environment);
    let ticket = variables.into_iter().find(|variable| variable.name == TICKET_VARIABLE);
    ticket.map(|variable| variable.value.as_str()).expect("a ticket")
}

fn default_pools() -> PoolMap {
    PoolMap::from_toml(DEFAULT_POOLS).expect("the default pools read")
}
