//! A registrar on the sandbox, with runners that have been reserved.

use aws_lambda_events::lambda_function_urls::{LambdaFunctionUrlRequest, LambdaFunctionUrlResponse};
use control::Bookkeeper;
use fleet::claim::Question;
use fleet::ledger::{Event, JobAction, JobEvent, Runner, RunnerEvent, RunnerState};
use fleet::pools::DEFAULT_POOLS;
use fleet::ticket::Ticket;
use fleet::{BootId, JobId, PoolMap, PoolName, Repository, RunnerId};
use jiff::{SignedDuration, Timestamp};
use registrar::{Registrar, Settings};
use sandbox::{Delays, Sandbox};
use serde_json::Value;

pub(crate) const START: Timestamp = Timestamp::constant(1_791_190_800, 0);
pub(crate) const OLD_KEY: &str = "the old key";
pub(crate) const NEW_KEY: &str = "the new key";
const POOL: &str = "fargate-x64";

/// The scene.
pub(crate) struct Scene {
    pub(crate) sandbox: Sandbox,
    registrar: Registrar<Sandbox, Sandbox, Sandbox>,
    settings: Settings,
}

/// An answer, as PID 1 reads it.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: i64,
    pub(crate) retry_after: Option<i64>,
    pub(crate) body: Value,
}

impl From<LambdaFunctionUrlResponse> for Answered {
    fn from(response: LambdaFunctionUrlResponse) -> Self {
        let retry_after = response.headers.get("retry-after");
        Self {
            status: response.status_code,
            retry_after: retry_after.map(|value| value.to_str().unwrap().parse().unwrap()),
            body: serde_json::from_str(response.body.as_deref().unwrap()).unwrap(),
        }
    }
}

impl Scene {
    pub(crate) fn new() -> Self {
        // Room for as many runners as a test asks for.
        let pools = PoolMap::from_toml(&DEFAULT_POOLS.replace("maximum = 15", "maximum = 500")).unwrap();
        let sandbox = Sandbox::new(1, START, Delays::default(), &pools);
        let part = || sandbox.clone();
        let books = Bookkeeper { ledger: part(), system: part() };
        let registrar = Registrar { books, github: part() };
        let settings = Settings { pools, ticket_keys: vec![OLD_KEY.into(), NEW_KEY.into()] };
        Self { sandbox, registrar, settings }
    }

    /// Reserves runners for a minimum of so many.
    pub(crate) fn reserve(&self, count: u32) -> Vec<RunnerId> {
        self.minimum(count);
        let table = self.sandbox.table().borrow();
        let starting = table.runners().filter(|runner| runner.state == RunnerState::Starting);
        starting.map(|runner| runner.id.clone()).collect()
    }

    /// The pool keeps so many waiting from now on.
    pub(crate) fn minimum(&self, minimum: u32) {
        let event = Event::Bounds { pool: PoolName::new(POOL).unwrap(), minimum, maximum: 500 };
        self.finish(self.registrar.books.post_and_settle(&self.settings.pools, &[event])).unwrap();
    }

    /// The pool is taken out of the map.
    pub(crate) fn take_pool_out(&mut self) {
        let start = DEFAULT_POOLS.find("[pools.fargate-arm64]").unwrap();
        self.settings.pools = PoolMap::from_toml(&DEFAULT_POOLS[start..]).unwrap();
        assert!(self.settings.pools.get(&PoolName::new(POOL).unwrap()).is_none());
    }

    /// The scheduler closes the pool's book.
    pub(crate) fn close_pool(&self) {
        let event = Event::Bounds { pool: PoolName::new(POOL).unwrap(), minimum: 0, maximum: 0 };
        self.finish(self.registrar.books.post_and_settle(&self.settings.pools, &[event])).unwrap();
    }

    /// A job begins to wait in the pool.
    pub(crate) fn queue_job(&self) {
        let event = JobEvent {
            action: JobAction::Queued,
            job: JobId(1),
            pool: Some(PoolName::new(POOL).unwrap()),
            repository: Repository::new("octo-org/storefront"),
            labels: [POOL].into_iter().collect(),
            runner: None,
            may_not_have_run: false,
            created_at: None,
        };
        self.finish(self.registrar.books.post(&self.settings.pools, &[Event::Job(event)])).unwrap();
    }

    pub(crate) fn tell(&self, runner: &RunnerId, event: RunnerEvent) {
        let event = Event::Runner(runner.clone(), event);
        self.finish(self.registrar.books.post(&self.settings.pools, &[event])).unwrap();
    }

    pub(crate) fn claim(&self, runner: &RunnerId, boot: &str) -> Answered {
        self.ask("/claim", Ticket::issue(runner, &NEW_KEY.into()).expose(), boot)
    }

    pub(crate) fn release(&self, runner: &RunnerId, boot: &str) -> Answered {
        self.ask("/release", Ticket::issue(runner, &NEW_KEY.into()).expose(), boot)
    }

    pub(crate) fn ask(&self, path: &str, ticket: &str, boot: &str) -> Answered {
        let question = Question { ticket: ticket.to_owned(), boot: BootId::new(boot) };
        self.send("POST", path, &serde_json::to_string(&question).unwrap())
    }

    pub(crate) fn send(&self, method: &str, path: &str, body: &str) -> Answered {
        self.finish(self.registrar.handle(&self.settings, &request(method, path, body))).into()
    }

    /// Everybody claims at the same moment.
    pub(crate) fn claim_together(&self, runners: &[&RunnerId]) -> Vec<Answered> {
        let asked: Vec<_> = runners
            .iter()
            .map(|runner| {
                let ticket = Ticket::issue(runner, &NEW_KEY.into());
                let question = Question { ticket: ticket.expose().to_owned(), boot: BootId::new("boot") };
                request("POST", "/claim", &serde_json::to_string(&question).unwrap())
            })
            .collect();
        let answers = asked.iter().map(|request| self.registrar.handle(&self.settings, request));
        self.finish(futures_util::future::join_all(answers)).into_iter().map(Answered::from).collect()
    }

    pub(crate) fn pass(&self, seconds: i64) {
        let clock = self.sandbox.manual_clock();
        clock.advance_to(clock.now() + SignedDuration::from_secs(seconds));
    }

    pub(crate) fn runner(&self, id: &RunnerId) -> Runner {
        self.sandbox.table().borrow().runner(id).unwrap().clone()
    }

    /// How many runners are registered at GitHub.
    pub(crate) fn registered(&self) -> usize {
        self.sandbox.github().borrow().runners().count()
    }

    /// Calls that changed something at GitHub.
    pub(crate) fn calls(&self) -> Vec<Timestamp> {
        self.sandbox.github().borrow().limited_calls().to_vec()
    }

    /// Runs something to its end; where it waits, time passes.
    fn finish<T>(&self, future: impl Future<Output = T>) -> T {
        self.sandbox.manual_clock().run(future).expect("it waits for the clock alone")
    }
}

fn request(method: &str, path: &str, body: &str) -> LambdaFunctionUrlRequest {
    let mut request = LambdaFunctionUrlRequest::default();
    request.raw_path = Some(path.to_owned());
    request.request_context.http.method = Some(method.to_owned());
    request.body = Some(body.to_owned());
    request
}
