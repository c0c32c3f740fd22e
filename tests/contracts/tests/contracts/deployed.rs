//! One job through the deployed stack, from GitHub's POST to the end of its task, each hop seen.

use std::path::{Path, PathBuf};
use std::time::Duration;

use aws::ledger::DynamoDbTable;
use fleet::ledger::{Item, Job, JobState, Key, Listing, Runner, RunnerState};
use fleet::pools::DEFAULT_POOLS;
use fleet::ports::{Ledger as _, ListItems as _};
use fleet::{DeliveryId, JobId, PoolName, Repository, RunnerId};
use sandbox::delivery::Delivery;
use sandbox::ecs::task_state_change;
use sandbox::github::{JobPlan, workflow_job};
use sandbox::queue::VISIBILITY;
use sandbox::{Delays, Span, World};
use serde_json::{Value, json};
use wire::stack::{OnTheWire, Options, Secrets, Stack};
use wire::{Poster, Resident};

const WEBHOOK_SECRET: &str = "the-deployed-stack's-webhook-secret";
const TICKET_KEY: &str = "the-deployed-stack's-ticket-key";
const POOL: &str = "fargate-x64";

/// Times of ECS and of GitHub that a test can wait for.
fn delays() -> Delays {
    Delays::each(&Span(Duration::from_millis(50)..=Duration::from_millis(100)))
}

struct DeployedScene {
    stack: Stack,
    world: Resident<World<OnTheWire>>,
    ledger: DynamoDbTable,
}

impl DeployedScene {
    /// With the binaries in the zips, and two seconds for a minute.
    async fn new() -> Self {
        logs::capture(&[WEBHOOK_SECRET, TICKET_KEY]);
        let secrets = Secrets::with_new_app(WEBHOOK_SECRET.into(), TICKET_KEY.into()).unwrap();
        let test = std::env::current_exe().unwrap();
        let binaries: PathBuf = test.parent().and_then(Path::parent).unwrap().to_owned();
        let options = Options {
            map: DEFAULT_POOLS,
            binaries: &binaries,
            zipped: true,
            port: 0,
            seen: wire::stack::unseen(),
            visibility: VISIBILITY,
            minute: Duration::from_secs(2),
            secrets: &secrets,
            log: &logs::file_of,
            running: &|_| Ok(()),
        };
        let mut world = None;
        let made = |wires| world.insert(OnTheWire::world(wires, &secrets, delays())).clone();
        let stack = Stack::start(&options, made).await.unwrap();
        let ledger = DynamoDbTable::new(&stack.config, &stack.provisioned.table);
        Self { stack, world: world.unwrap(), ledger }
    }

    /// Queues a job at GitHub, and posts its webhook, signed with this.
    async fn queue(&self, id: u64, secret: &str) -> u16 {
        let plan = JobPlan {
            repository: Repository::new("octo-org/storefront"),
            labels: ["self-hosted", POOL].into_iter().collect(),
            work: Duration::from_hours(24),
        };
        let queued = self.world.ask(move |world| {
            world.learn_job(JobId(id), plan);
            world.sandbox().github().borrow().job(JobId(id)).map(|job| workflow_job(job, false).to_string())
        });
        let body = queued.await.flatten().unwrap();
        let delivery = Delivery {
            id: DeliveryId::new(format!("queued-{id}")),
            event: "workflow_job".to_owned(),
            body: body.clone(),
        };
        let (headers, poster) = (delivery.headers(&secret.into()), Poster::new(&self.stack.webhook));
        tokio::task::spawn_blocking(move || poster.post(headers, &body).unwrap().0).await.unwrap()
    }

    async fn job(&self, id: u64) -> Option<Job> {
        self.ledger.read(&[Key::Job(JobId(id))]).await.unwrap().first().and_then(Item::job).cloned()
    }

    /// Waits until a job is in this state, and gives its runner.
    async fn until(&self, id: u64, state: JobState) -> Option<Runner> {
        let job = loop {
            match self.job(id).await {
                Some(job) if job.state == state => break job,
                _ => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        };
        self.runner(&job.runner?).await
    }

    async fn runner(&self, id: &RunnerId) -> Option<Runner> {
        match self.ledger.read(&[Key::Runner(id.clone())]).await.unwrap().pop() {
            Some(Item::Runner(runner)) => Some(runner),
            _ => None,
        }
    }

    /// Everything that a function has logged so far, a JSON value a line.
    async fn log(&self, name: &str) -> Vec<Value> {
        self.stack.pull_logs().await.unwrap();
        let text = std::fs::read_to_string(logs::file_of(name)).unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }
}

fn says(lines: &[Value], message: &str) -> usize {
    lines.iter().filter(|line| line["message"] == message).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_goes_from_its_signed_webhook_to_the_end_of_its_task() {
    let scene = DeployedScene::new().await;
    assert_eq!(scene.queue(1, "a guess").await, 401);
    assert_eq!(scene.queue(1, WEBHOOK_SECRET).await, 202);

    // The launcher has it from the queue, and RunTask has come to the sandbox's ECS; the task has asked the
    // registrar, whose JIT config GitHub has made; GitHub's webhook of the job's begin has come as the first one.
    let runner = scene.until(1, JobState::InProgress).await.unwrap();
    assert_eq!(runner.state, RunnerState::Busy);
    assert_eq!(says(&scene.log("launcher").await, "runner launched"), 1);
    assert_eq!(says(&scene.log("registrar").await, "JIT config answered"), 1);

    // The end of a task in a cluster of somebody else's, and a change that is no end, are not for the queue.
    let now = scene.world.ask(|world| world.sandbox().manual_clock().now()).await.unwrap();
    let change = scene.world.ask(move |world| {
        world.sandbox().ecs().borrow().tasks().next().map(|task| task_state_change(task, now))
    });
    let begun = change.await.flatten().unwrap();
    let mut elsewhere = begun.clone();
    elsewhere["detail"]["lastStatus"] = json!("STOPPED");
    elsewhere["detail"]["clusterArn"] = json!("arn:aws:ecs:us-east-1:123456789012:cluster/another");
    for event in [begun, elsewhere] {
        let ministack = scene.stack.ministack.clone();
        tokio::task::spawn_blocking(move || ministack.put_event(&event.to_string()).unwrap()).await.unwrap();
    }
    assert_eq!(scene.queue(2, WEBHOOK_SECRET).await, 202);
    scene.until(2, JobState::InProgress).await.unwrap();
    assert_eq!(scene.runner(&runner.id).await.unwrap().state, RunnerState::Busy);

    // Its end comes by EventBridge's rule alone.
    scene.world.ask(|world| world.job_ends(JobId(1))).await.unwrap();
    scene.until(1, JobState::Completed).await;
    while scene.runner(&runner.id).await.unwrap().state != RunnerState::Stopped {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    // The schedule has called the scheduler more than the once that the start did, and the book is its work too.
    while scene.log("scheduler").await.iter().filter(|line| line["ProvisioningLeft"].is_number()).count() < 3
    {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let books = scene.ledger.list(&Listing::Books).await.unwrap();
    assert!(books.contains(&Key::Book(PoolName::new("ec2-x64").unwrap())), "{books:?}");
    let tasks = scene.world.ask(|world| world.sandbox().ecs().borrow().tasks().count()).await;
    assert_eq!(tasks, Some(2), "one for each job");
}
