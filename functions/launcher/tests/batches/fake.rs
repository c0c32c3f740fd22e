//! A launcher on the sandbox's ledger, queue and clock, and an ECS whose every answer a test can set.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use control::Bookkeeper;
use fleet::launch::{LaunchFailure, RunTaskRequest, TaskTimes};
use fleet::ledger::{Book, Event, RunnerEvent, RunnerState};
use fleet::ports::{
    Clock as _, DescribeTasks, EcsError, ListContainerInstances, ListTasks, RunTask, StopTask,
    TaskDescription, TaskFilter,
};
use fleet::question::Listener;
use fleet::{BootId, ContainerInstanceArn, GithubRunnerId, InstanceId, PoolMap, PoolName, RunnerId, TaskArn};
use jiff::Timestamp;
use kit::maps::roomy;
use launcher::{Launcher, LauncherSettings};
use sandbox::{Delays, Sandbox};
use serde_json::{Value, json};

pub(crate) const START: Timestamp = Timestamp::constant(1_791_190_800, 0);

pub(crate) const TICKET_KEY: &str = "the key of the tickets";

/// The instance that the fake ECS knows.
pub(crate) const INSTANCE: &str = "i-0123456789abcdef0";

/// An ECS that answers as the test wants, and records the requests.
#[derive(Debug)]
pub(crate) struct FakeEcs {
    clock: Sandbox,
    /// The answers to the next calls of `RunTask`; once they are used up, all succeed.
    pub(crate) failures: RefCell<Vec<LaunchFailure>>,
    pub(crate) called_at: RefCell<Vec<Timestamp>>,
    /// How long a call of `RunTask` takes.
    pub(crate) takes: Cell<Duration>,
    pub(crate) launched: RefCell<Vec<RunTaskRequest>>,
    /// The tasks on [`INSTANCE`], in the cluster `ecs`.
    pub(crate) on_instance: RefCell<Vec<TaskDescription>>,
    /// The clusters whose instances were listed.
    pub(crate) searched: RefCell<Vec<String>>,
    pub(crate) stopped: RefCell<Vec<(TaskArn, String)>>,
    /// The operation that fails.
    pub(crate) broken: Cell<&'static str>,
}

impl FakeEcs {
    fn may_fail(&self, verb: &str) -> Result<(), EcsError> {
        if self.broken.get() == verb { Err(EcsError(format!("{verb}: time-out"))) } else { Ok(()) }
    }
}

impl RunTask for &FakeEcs {
    async fn run_task(&self, request: &RunTaskRequest) -> Result<TaskArn, LaunchFailure> {
        self.called_at.borrow_mut().push(self.clock.now());
        let failure = self.failures.borrow_mut().pop();
        self.clock.sleep(self.takes.get()).await;
        if let Some(failure) = failure {
            return Err(failure);
        }
        self.launched.borrow_mut().push(request.clone());
        Ok(TaskArn::new(format!("task-of-{}", request.started_by)))
    }
}

impl StopTask for &FakeEcs {
    async fn stop_task(&self, cluster: &str, task: &TaskArn, reason: &str) -> Result<(), EcsError> {
        self.may_fail("StopTask")?;
        assert_eq!(cluster, "mayfly_ec2");
        self.stopped.borrow_mut().push((task.clone(), reason.to_owned()));
        Ok(())
    }
}

impl ListContainerInstances for &FakeEcs {
    async fn list_container_instances(
        &self,
        cluster: &str,
        instance: &InstanceId,
    ) -> Result<Vec<ContainerInstanceArn>, EcsError> {
        self.searched.borrow_mut().push(cluster.to_owned());
        self.may_fail("ListContainerInstances")?;
        let is_known = cluster == "mayfly_ec2" && instance.as_str() == INSTANCE;
        Ok(is_known.then(|| ContainerInstanceArn::new("container-instance")).into_iter().collect())
    }
}

impl ListTasks for &FakeEcs {
    async fn list_tasks(&self, _: &str, filter: &TaskFilter) -> Result<Vec<TaskArn>, EcsError> {
        self.may_fail("ListTasks")?;
        assert_eq!(*filter, TaskFilter::On(ContainerInstanceArn::new("container-instance")));
        Ok(self.on_instance.borrow().iter().map(|task| task.task.clone()).collect())
    }
}

impl DescribeTasks for &FakeEcs {
    async fn describe_tasks(&self, _: &str, tasks: &[TaskArn]) -> Result<Vec<TaskDescription>, EcsError> {
        self.may_fail("DescribeTasks")?;
        let known = self.on_instance.borrow();
        Ok(known.iter().filter(|task| tasks.contains(&task.task)).cloned().collect())
    }
}

/// The default pools with room for many runners, and a GitHub that registers a thousand a minute.
pub(crate) fn settings() -> LauncherSettings {
    let map = roomy() + "\n[limits]\ngithub_calls_a_minute = 1300\n";
    let pools = PoolMap::from_toml(&map).unwrap();
    let placements = sandbox::placements_of(&pools);
    LauncherSettings(control::LaunchSettings { pools, placements, ticket_key: TICKET_KEY.into() })
}

/// A launcher on such an ECS.
pub(crate) type FakeLauncher<'a> = Launcher<Sandbox, Sandbox, &'a FakeEcs, Sandbox>;

/// The platform around one launcher.
pub(crate) struct LauncherStage {
    pub(crate) sandbox: Sandbox,
    pub(crate) settings: LauncherSettings,
    pub(crate) ecs: FakeEcs,
}

impl LauncherStage {
    pub(crate) fn new() -> Self {
        let settings = settings();
        let sandbox = Sandbox::new(1, START, Delays::default(), &settings.pools);
        let ecs = FakeEcs {
            clock: sandbox.clone(),
            failures: RefCell::default(),
            called_at: RefCell::default(),
            takes: Cell::new(Duration::from_millis(100)),
            launched: RefCell::default(),
            on_instance: RefCell::default(),
            searched: RefCell::default(),
            stopped: RefCell::default(),
            broken: Cell::new("nothing"),
        };
        Self { sandbox, settings, ecs }
    }

    pub(crate) fn launcher(&self) -> FakeLauncher<'_> {
        Launcher::new(self.books(), &self.ecs, self.sandbox.clone(), "https://registrar.example/".to_owned())
    }

    fn books(&self) -> Bookkeeper<Sandbox, Sandbox> {
        let part = || self.sandbox.clone();
        Bookkeeper { ledger: part(), system: part() }
    }

    /// A new launcher handles a batch of these bodies, whose messages are numbered, and everything that it
    /// hands on. Returns the numbers of the messages that come again.
    pub(crate) fn handle(&self, bodies: &[Value]) -> Vec<usize> {
        let failed = self.handle_by(&self.launcher(), &self.settings, bodies);
        while let Some(handed_on) = self.handed_on() {
            assert!(self.handle_by(&self.launcher(), &self.settings, &handed_on).is_empty());
        }
        failed
    }

    /// The messages on the queue when the next one becomes visible.
    pub(crate) fn handed_on(&self) -> Option<Vec<Value>> {
        let clock = self.sandbox.manual_clock();
        let visible_at = self.sandbox.queue().borrow().next_visible()?;
        clock.advance_to(visible_at.max(clock.now()));
        let messages = self.sandbox.queue().borrow_mut().receive(clock.now(), |_| 0);
        let ids: Vec<String> = messages.iter().map(|message| message.id.clone()).collect();
        self.sandbox.queue().borrow_mut().delete(&ids);
        Some(messages.iter().map(|message| serde_json::from_str(&message.body).unwrap()).collect())
    }

    pub(crate) fn handle_by(
        &self,
        launcher: &FakeLauncher<'_>,
        settings: &LauncherSettings,
        bodies: &[Value],
    ) -> Vec<usize> {
        let response: SqsBatchResponse =
            self.finish(launcher.handle(settings, batch(bodies, self.sandbox.now())));
        let failed = response.batch_item_failures.iter();
        let mut failed: Vec<usize> = failed.map(|it| it.item_identifier.parse().unwrap()).collect();
        failed.sort_unstable();
        failed
    }

    /// Writes a runner's event.
    pub(crate) fn tell(&self, runner: &RunnerId, event: RunnerEvent) {
        let event = Event::Runner(runner.clone(), event);
        self.finish(self.books().post(&self.settings.pools, &[event])).unwrap();
    }

    /// A runner for one more job of this pool, with its task on [`INSTANCE`].
    pub(crate) fn runner_on_instance(&self, job: u64, pool: &str) -> RunnerId {
        assert!(self.handle(&[job_event("queued", job, pool, None)]).is_empty());
        let request = self.ecs.launched.borrow().last().unwrap().clone();
        let runner = RunnerId::parse(&request.started_by).unwrap();
        let task = TaskArn::new(format!("task-of-{runner}"));
        let last_status = "RUNNING".to_owned();
        let (stack, times, stop) = (Some("mayfly".to_owned()), TaskTimes::default(), None);
        let of = Some(runner.clone());
        let description = TaskDescription { task, runner: of, stack, last_status, times, stop };
        self.ecs.on_instance.borrow_mut().push(description);
        runner
    }

    /// Lets a runner ask and register, under this GitHub id.
    pub(crate) fn register(&self, runner: &RunnerId, github_id: u64) {
        let boot = BootId::new("boot").digest();
        self.tell(runner, RunnerEvent::Asked(boot.clone(), Listener::None, None));
        self.tell(runner, RunnerEvent::Registered(boot, GithubRunnerId(github_id)));
    }

    pub(crate) fn state(&self, runner: &RunnerId) -> RunnerState {
        self.sandbox.table().borrow().runner(runner).unwrap().state
    }

    pub(crate) fn book(&self, pool: &str) -> Book {
        self.sandbox.table().borrow().book(&PoolName::new(pool).unwrap()).unwrap().clone()
    }

    /// A pool's queued, supply and live.
    pub(crate) fn totals(&self, pool: &str) -> (i64, i64, i64) {
        let book = self.book(pool);
        (book.queued, book.supply, book.live)
    }

    /// Runs something to its end. Whenever it waits, the clock advances to the end of the wait.
    fn finish<T>(&self, act: impl Future<Output = T>) -> T {
        self.sandbox.manual_clock().run(act).expect("it waits for the clock alone")
    }
}

/// A batch as SQS delivers it, sent at this time.
fn batch(bodies: &[Value], sent_at: Timestamp) -> SqsEvent {
    let mut batch = SqsEvent::default();
    for (number, body) in bodies.iter().enumerate() {
        let mut record = SqsMessage::default();
        record.message_id = Some(number.to_string());
        record.body = Some(body.to_string());
        record.attributes.insert("SentTimestamp".to_owned(), sent_at.as_millisecond().to_string());
        batch.records.push(record);
    }
    batch
}

/// The webhook's message for a job; `runner` is the runner that it names, with its GitHub id.
pub(crate) fn job_event(action: &str, job: u64, pool: &str, runner: Option<(&RunnerId, u64)>) -> Value {
    let runner = runner.map(|(runner, github_id)| json!({"runner": runner, "github_id": github_id}));
    json!({"delivery": format!("guid-{job}"), "job_event": {
        "action": action, "job": job, "pool": pool, "repository": "octo-org/storefront",
        "labels": [pool], "runner": runner, "created_at": null,
    }})
}

/// EventBridge's warning of an instance.
pub(crate) fn warning(instance: &str) -> Value {
    json!({
        "version": "0", "source": "aws.ec2", "detail-type": "EC2 Spot Instance Interruption Warning",
        "detail": {"instance-id": instance, "instance-action": "terminate"},
    })
}
