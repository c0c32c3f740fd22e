//! A registrar on the sandbox, with runners that have been reserved.

use aws_lambda_events::lambda_function_urls::LambdaFunctionUrlRequest;
use control::{Bookkeeper, Settling};
use fleet::ledger::{Book, Event, JobAction, JobEvent, JobRunner, Runner, RunnerEvent, RunnerState};
use fleet::pools::DEFAULT_POOLS;
use fleet::question::Listener;
use fleet::{GithubRunnerId, JobId, PoolMap, PoolName, Repository, RunnerId};
use jiff::{SignedDuration, Timestamp};
use registrar::{Registrar, RegistrarSettings};
use sandbox::{Delays, FunctionName, Sandbox};

use crate::github::{GithubCall, WatchedGithub};
use crate::on_its_way::OnItsWay;
use crate::wire::{BOOT, NEW_KEY, OLD_KEY, ReadAnswer, question, request, ticket};

pub(crate) const START: Timestamp = Timestamp::constant(1_791_190_800, 0);
const POOL: &str = "fargate-x64";
const MAXIMUM: u32 = 500;

/// The scene.
pub(crate) struct RegistrarScene {
    pub(crate) sandbox: Sandbox,
    pub(crate) github: WatchedGithub,
    registrar: Registrar<Sandbox, Sandbox, WatchedGithub>,
    settings: RegistrarSettings,
    /// The map as the launchers have it.
    launchers: PoolMap,
}

impl Drop for RegistrarScene {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.sandbox.table().borrow().violations(), []);
        }
    }
}

/// The pool of all runners here.
pub(crate) fn pool() -> PoolName {
    PoolName::new(POOL).unwrap()
}

impl RegistrarScene {
    pub(crate) fn new() -> Self {
        Self::of_pool("")
    }

    /// One whose pools have these settings too.
    pub(crate) fn of_pool(more: &str) -> Self {
        // Room for as many runners as a test asks for.
        let maximum = format!("maximum = {MAXIMUM}\n{more}");
        let map = DEFAULT_POOLS.replace("maximum = 15", &maximum);
        let pools = PoolMap::from_toml(&map).unwrap();
        let sandbox = Sandbox::new(1, START, Delays::default(), &pools);
        let github = WatchedGithub::new(sandbox.clone());
        let books = Bookkeeper { ledger: sandbox.clone(), system: sandbox.clone() };
        let registrar = Registrar { books, github: github.clone() };
        let settings = RegistrarSettings { pools, ticket_keys: vec![OLD_KEY.into(), NEW_KEY.into()] };
        let limits = "[limits]\nrun_tasks_at_once = 100000\ngithub_calls_a_minute = 100000\n";
        let launchers = PoolMap::from_toml(&format!("{map}\n{limits}")).unwrap();
        Self { sandbox, github, registrar, settings, launchers }
    }

    /// One with a runner that is reserved for a minimum of one.
    pub(crate) fn with_a_runner() -> (Self, RunnerId) {
        let scene = Self::new();
        let runner = scene.reserve(1).remove(0);
        (scene, runner)
    }

    /// The same once it has its JIT config.
    pub(crate) fn with_a_config() -> (Self, RunnerId) {
        let (scene, runner) = Self::with_a_runner();
        assert_eq!(scene.ask(&runner, Listener::None).in_words(), "config");
        scene.github.take_calls();
        (scene, runner)
    }

    /// Reserves runners for this minimum.
    pub(crate) fn reserve(&self, count: u32) -> Vec<RunnerId> {
        self.minimum(count);
        let table = self.sandbox.table().borrow();
        let starting = table.runners().filter(|runner| runner.state == RunnerState::Starting);
        starting.map(|runner| runner.id.clone()).collect()
    }

    /// From now on the pool keeps this many runners waiting.
    pub(crate) fn minimum(&self, minimum: u32) {
        self.bounds(minimum, MAXIMUM);
    }

    /// The pool is taken out of the map.
    pub(crate) fn take_pool_out(&mut self) {
        let start = DEFAULT_POOLS.find("[pools.fargate-arm64]").unwrap();
        self.settings.pools = PoolMap::from_toml(&DEFAULT_POOLS[start..]).unwrap();
        assert!(self.settings.pools.get(&pool()).is_none());
    }

    /// The scheduler closes the pool's book.
    pub(crate) fn close_pool(&self) {
        self.bounds(0, 0);
    }

    fn bounds(&self, minimum: u32, maximum: u32) {
        self.settle(&Event::Bounds { pool: pool(), minimum, maximum, task_definition: None });
    }

    /// GitHub says of a job of the pool that it waits, runs on a runner or has ended.
    pub(crate) fn job(&self, action: JobAction, runner: Option<(&RunnerId, u64)>) {
        let named = |(runner, id): (&RunnerId, u64)| JobRunner {
            github_id: GithubRunnerId(id),
            runner: runner.clone(),
        };
        self.settle(&Event::Job(JobEvent {
            action,
            job: JobId(1),
            pool: Some(pool()),
            repository: Repository::new("octo-org/storefront"),
            is_public: false,
            labels: [POOL].into_iter().collect(),
            runner: runner.map(named),
            may_not_have_run: false,
            created_at: None,
            accepted_at: None,
            names: fleet::ledger::JobNames::default(),
        }));
    }

    /// A function tells the ledger what happens to a runner.
    pub(crate) fn tell(&self, runner: &RunnerId, event: RunnerEvent) {
        self.settle(&Event::Runner(runner.clone(), event));
    }

    /// What a launcher would reserve, on an account with higher limits than GitHub's budget here.
    fn settle(&self, event: &Event) {
        let books = &self.registrar.books;
        let mut events = vec![event.clone()];
        while !events.is_empty() {
            let settled = books.post_and_settle(&self.launchers, &events, Settling::Now(1000));
            let wanting = self.finish(settled).unwrap().wanting;
            // A transaction takes a hundred items.
            events = wanting.into_iter().map(|pool| Event::Settle { pool }).collect();
        }
    }

    /// The scheduler finds a runner overdue. Its clock is ahead, so that what has just asked has been
    /// silent for long.
    pub(crate) fn tell_overdue(&self, runner: &RunnerId) {
        let ahead = (FunctionName::Scheduler, SignedDuration::from_mins(3));
        self.sandbox.set_skews([ahead].into());
        let system = self.sandbox.system_of(FunctionName::Scheduler);
        let books = Bookkeeper { ledger: self.sandbox.clone(), system };
        let event = Event::Runner(runner.clone(), RunnerEvent::Overdue);
        self.finish(books.post_and_settle(&self.settings.pools, &[event], Settling::Now(100))).unwrap();
        assert_eq!(self.runner(runner).state, RunnerState::Overdue);
    }

    /// Takes all calls to GitHub out of this minute's budget.
    pub(crate) fn spend_all(&self) {
        let limits = self.settings.pools.limits();
        self.finish(self.registrar.books.spend(limits, limits.github_calls())).unwrap();
    }

    /// A runner asks what it is to do.
    pub(crate) fn ask(&self, runner: &RunnerId, listener: Listener) -> ReadAnswer {
        self.ask_as(BOOT, runner, listener)
    }

    /// A boot asks in a runner's name.
    pub(crate) fn ask_as(&self, boot: &str, runner: &RunnerId, listener: Listener) -> ReadAnswer {
        self.ask_with(ticket(runner), boot, listener)
    }

    /// Somebody asks with this ticket.
    pub(crate) fn ask_with(&self, ticket: String, boot: &str, listener: Listener) -> ReadAnswer {
        self.send("POST", "/ask", &question(ticket, boot, listener))
    }

    /// A request.
    pub(crate) fn send(&self, method: &str, path: &str, body: &str) -> ReadAnswer {
        self.handle(&request(method, path, body))
    }

    /// A request as Lambda hands it over.
    pub(crate) fn handle(&self, request: &LambdaFunctionUrlRequest) -> ReadAnswer {
        self.finish(self.registrar.handle(&self.settings, request)).into()
    }

    /// A runner without a listener asks, and the registrar has not begun yet.
    pub(crate) fn begin(&self, runner: &RunnerId) -> OnItsWay<'_> {
        let request = request("POST", "/ask", &question(ticket(runner), BOOT, Listener::None));
        OnItsWay::new(self.sandbox.manual_clock(), async move {
            self.registrar.handle(&self.settings, &request).await.into()
        })
    }

    /// Everybody asks at the same moment, without a listener.
    pub(crate) fn ask_together(&self, runners: &[&RunnerId]) -> Vec<ReadAnswer> {
        let asked: Vec<_> = runners
            .iter()
            .map(|runner| request("POST", "/ask", &question(ticket(runner), BOOT, Listener::None)))
            .collect();
        let answers = asked.iter().map(|request| self.registrar.handle(&self.settings, request));
        self.finish(futures_util::future::join_all(answers)).into_iter().map(ReadAnswer::from).collect()
    }

    pub(crate) fn pass(&self, seconds: i64) {
        let clock = self.sandbox.manual_clock();
        clock.advance_to(clock.now() + SignedDuration::from_secs(seconds));
    }

    pub(crate) fn runner(&self, id: &RunnerId) -> Runner {
        self.sandbox.table().borrow().runner(id).unwrap().clone()
    }

    pub(crate) fn book(&self) -> Book {
        self.sandbox.table().borrow().book(&pool()).unwrap().clone()
    }

    /// The ids of the runners that are registered at GitHub.
    pub(crate) fn registered(&self) -> Vec<u64> {
        self.sandbox.github().borrow().runners().map(|runner| runner.id.0).collect()
    }

    /// The calls to GitHub since this was asked last.
    pub(crate) fn calls(&self) -> Vec<GithubCall> {
        self.github.take_calls().into_iter().map(|(call, _)| call).collect()
    }

    /// What was answered is the JIT config of a registration whose id is in the ledger, and which is the
    /// runner's only one.
    pub(crate) fn assert_configured(&self, runner: &RunnerId, answered: &ReadAnswer, why: &str) {
        assert_eq!(answered.in_words(), "config", "{why}: {answered:?}");
        let stored = self.runner(runner);
        let id = stored.github_id.unwrap();
        let github = self.sandbox.github().borrow();
        assert_eq!(stored.state, RunnerState::Idle, "{why}");
        assert_eq!(answered.body["jit_config"], github.jit_config(id), "{why}");
        let its_own =
            github.runners().filter(|it| RunnerId::from_github_name(&it.name) == Some(runner.clone()));
        assert_eq!(its_own.map(|it| it.id).collect::<Vec<_>>(), [id], "{why}");
    }

    /// Runs something to its end; where it waits, time passes.
    fn finish<T>(&self, future: impl Future<Output = T>) -> T {
        self.sandbox.manual_clock().run(future).expect("it waits for the clock alone")
    }
}
