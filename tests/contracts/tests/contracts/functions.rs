//! The deployed stack, with the functions' own binaries: ministack is AWS, but for ECS, which is the sandbox's.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aws::ledger::DynamoDbTable;
use aws_sdk_sqs::types::QueueAttributeName;
use fleet::launch::RunTaskRequest;
use fleet::ledger::{Item, JobState, Key};
use fleet::pools::DEFAULT_POOLS;
use fleet::ports::Ledger as _;
use fleet::{DeliveryId, JobId, PoolMap, PoolName, Repository};
use jiff::Timestamp;
use sandbox::delivery::Delivery;
use sandbox::github::JobPlan;
use sandbox::queue::VISIBILITY;
use sandbox::{Delays, Sandbox};
use serde_json::{Value, json};
use wire::Poster;
use wire::Resident;
use wire::lambda::{ExecutionEnvironment, FunctionConfig, InvokeError};
use wire::stack::{Options, Provisioned, Secrets, Stack, Wires};

const WEBHOOK_SECRET: &str = "the-functions'-webhook-secret";
const TICKET_KEY: &str = "the-functions'-ticket-key";

/// The folder of the binaries: the one above that of the tests.
fn binaries() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.parent().and_then(Path::parent).unwrap().to_owned()
}

fn options<'a>(secrets: &'a Secrets, binaries: &'a Path) -> Options<'a> {
    Options {
        map: DEFAULT_POOLS,
        binaries,
        zipped: false,
        port: 0,
        seen: wire::stack::unseen(),
        visibility: VISIBILITY,
        minute: Duration::from_mins(1),
        secrets,
        log: &logs::file_of,
        running: &|_| Ok(()),
    }
}

struct FunctionsScene {
    stack: Stack,
    sandbox: Resident<Sandbox>,
}

impl FunctionsScene {
    async fn new() -> Self {
        Self::ticking(Duration::from_mins(1)).await
    }

    /// The same with another minute.
    async fn ticking(minute: Duration) -> Self {
        logs::capture(&[WEBHOOK_SECRET, TICKET_KEY]);
        let start = Timestamp::from_second(1_791_190_800).unwrap();
        let secrets = Secrets::with_new_app(WEBHOOK_SECRET.into(), TICKET_KEY.into()).unwrap();
        let mut sandbox = None;
        let made = |wires: Wires| {
            let Provisioned { pools, placements, .. } = wires.provisioned;
            let made = move || Sandbox::placed(1, start, Delays::default(), &pools, &placements);
            sandbox.insert(Resident::start(made)).clone()
        };
        let binaries = binaries();
        let options = Options { minute, ..options(&secrets, &binaries) };
        let stack = Stack::start(&options, made).await.unwrap();
        Self { stack, sandbox: sandbox.unwrap() }
    }

    /// Posts a delivery as GitHub does, and gives the status and the body of the answer.
    async fn post(&self, id: &str, body: &str, secret: &str) -> (u16, String) {
        let delivery =
            Delivery { id: DeliveryId::new(id), event: "workflow_job".to_owned(), body: body.to_owned() };
        let (headers, poster) = (delivery.headers(&secret.into()), Poster::new(&self.stack.webhook));
        let answered = tokio::task::spawn_blocking(move || poster.post(headers, &delivery.body).unwrap());
        answered.await.unwrap()
    }

    /// Waits until the launcher has handled every message that was sent.
    async fn until_the_queue_is_empty(&self) {
        let client = aws_sdk_sqs::Client::new(&self.stack.config);
        let names = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        ];
        loop {
            let asked = client.get_queue_attributes().queue_url(&self.stack.provisioned.queue_url);
            let found = asked.set_attribute_names(Some(names.to_vec())).send().await.unwrap();
            if found.attributes.unwrap().values().all(|count| count == "0") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn tasks(&self) -> Vec<(String, String)> {
        let tasks = self.sandbox.ask(|sandbox| {
            let ecs = sandbox.ecs().borrow();
            ecs.tasks().map(|task| (task.capacity_provider().to_owned(), task.arn.to_string())).collect()
        });
        tasks.await.unwrap()
    }

    /// Everything that a function has written so far, a JSON value a line.
    async fn log(&self, name: &str) -> Vec<Value> {
        self.stack.pull_logs().await.unwrap();
        let text = std::fs::read_to_string(logs::file_of(name)).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
            .collect()
    }
}

/// One of the sample events, of a job that was created just now: what is a day old is asked for at GitHub
/// first.
#[expect(clippy::disallowed_methods, reason = "the functions' clock is the machine's")]
fn sample(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/github");
    let text = std::fs::read_to_string(folder.join(name)).unwrap();
    let mut payload: Value = serde_json::from_str(&text).unwrap();
    payload["workflow_job"]["created_at"] = json!(Timestamp::now());
    payload.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_goes_from_githubs_post_to_a_task_once() {
    let scene = FunctionsScene::new().await;
    let queued = sample("queued-ec2-arm64.json");
    for delivery in ["first", "first", "of another hook"] {
        assert_eq!(scene.post(delivery, &queued, WEBHOOK_SECRET).await.0, 202);
    }
    assert_eq!(scene.post("forged", &queued, "a guess").await.0, 401);
    scene.until_the_queue_is_empty().await;

    let tasks = scene.tasks().await;
    assert_eq!(tasks.len(), 1, "{tasks:?}");
    assert_eq!(tasks[0].0, "mayfly_ec2-arm64");
    let ledger = DynamoDbTable::new(&scene.stack.config, &scene.stack.provisioned.table);
    let pool = PoolName::new("ec2-arm64").unwrap();
    let Item::Book(book) = ledger.read(&[Key::Book(pool)]).await.unwrap().remove(0) else {
        panic!("no book")
    };
    assert_eq!((book.queued, book.supply, book.live), (1, 1, 1));

    let launched = scene.log("launcher").await;
    let line = launched.iter().find(|line| line["message"] == "runner launched").unwrap();
    assert_eq!(line["task"], tasks[0].1.as_str());
    assert!(line["span"]["requestId"].is_string(), "{line}");
    let counted = launched.iter().find(|line| line["RunnersLaunched"].is_number()).unwrap();
    assert_eq!((&counted["RunnersLaunched"], &counted["Pool"]), (&json!(1), &json!("ec2-arm64")));
    assert!(counted["_aws"].is_null(), "no alarm watches it: {counted}");

    let unserved = queued.replace("\"ec2-arm64\"", "\"ec2-arm64\", \"gpu\"");
    assert_eq!(scene.post("unserved", &unserved, WEBHOOK_SECRET).await.0, 200);
    let lines = scene.log("webhook").await;
    let counted = lines.iter().find(|line| line["JobsUnserved"].is_number()).unwrap();
    let metric = &counted["_aws"]["CloudWatchMetrics"][0];
    let described = [&metric["Namespace"], &metric["Dimensions"], &metric["Metrics"][0]["Unit"]];
    assert_eq!(described, [&json!("Mayfly/mayfly"), &json!([[]]), &json!("Count")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_of_long_ago_waits_until_the_reconciler_has_asked_github() {
    let scene = FunctionsScene::ticking(Duration::from_secs(1)).await;
    let mut queued: Value = serde_json::from_str(&sample("queued-ec2-arm64.json")).unwrap();
    queued["workflow_job"]["created_at"] = json!("2019-05-15T15:20:33Z");
    let job = JobId(queued["workflow_job"]["id"].as_u64().unwrap());
    assert_eq!(scene.post("of long ago", &queued.to_string(), WEBHOOK_SECRET).await.0, 202);

    // GitHub has no such job: it ends, and nobody was launched for it.
    let counted =
        |lines: &[Value]| lines.iter().any(|line| line["JobsMended"] == 1 && line["Found"] == "Gone");
    let lines = loop {
        let lines = scene.log("reconciler").await;
        if counted(&lines) {
            break lines;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let line = lines.iter().find(|line| line["message"] == "GitHub knows a job differently").unwrap();
    assert_eq!((&line["known"], &line["found"]), (&json!("Waiting"), &json!("Gone")));
    let ledger = DynamoDbTable::new(&scene.stack.config, &scene.stack.provisioned.table);
    let items = ledger.read(&[Key::Job(job)]).await.unwrap();
    assert_eq!(items.first().and_then(Item::job).map(|job| job.state), Some(JobState::Completed));
    assert_eq!(scene.tasks().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_no_webhook_tells_of_is_found_and_launched() {
    let scene = FunctionsScene::ticking(Duration::from_secs(1)).await;
    let job = JobId(1001);
    let learn = move |sandbox: &mut Sandbox| {
        let plan = JobPlan {
            repository: Repository::new("octo-org/storefront"),
            labels: ["ec2-arm64"].into_iter().collect(),
            work: Duration::from_mins(2),
        };
        let now = sandbox.manual_clock().now();
        sandbox.github().borrow_mut().add_job(job, plan, now)
    };
    assert_eq!(scene.sandbox.ask(learn).await, Some(true));
    while scene.tasks().await.is_empty() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // Lambda has the lines once the pass is over.
    let told = |lines: &[Value]| {
        let found = lines.iter().filter(|line| line["message"] == "no webhook told of a job");
        found.map(|line| (line["job"].clone(), line["pool"].clone())).collect::<Vec<_>>()
    };
    let found = loop {
        match told(&scene.log("reconciler").await) {
            found if found.is_empty() => tokio::time::sleep(Duration::from_millis(100)).await,
            found => break found,
        }
    };
    // The next pass may find it again, before the launcher has written it down.
    assert!(found.iter().all(|it| *it == (json!("1001"), json!("ec2-arm64"))), "{found:?}");
    let ledger = DynamoDbTable::new(&scene.stack.config, &scene.stack.provisioned.table);
    let items = ledger.read(&[Key::Job(job)]).await.unwrap();
    assert_eq!(items.first().and_then(Item::job).map(|job| job.state), Some(JobState::Queued));
    assert_eq!(scene.tasks().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_launcher_asks_for_is_what_the_templates_have_deployed() {
    let scene = FunctionsScene::new().await;
    let (map, read) = (PoolMap::from_toml(DEFAULT_POOLS).unwrap(), &scene.stack.provisioned.pools);
    assert!(read.iter().eq(map.iter()), "{read:?}");
    let windows = |pools: &PoolMap| pools.schedule().to_value()["windows"].clone();
    assert_eq!(windows(read), windows(&map));
    for sample_event in ["queued-ec2-arm64.json", "queued-fargate-x64.json"] {
        assert_eq!(scene.post(sample_event, &sample(sample_event), WEBHOOK_SECRET).await.0, 202);
    }
    scene.until_the_queue_is_empty().await;

    let requests = scene.sandbox.ask(|sandbox| {
        let ecs = sandbox.ecs().borrow();
        ecs.tasks().map(|task| task.request.clone()).collect::<Vec<_>>()
    });
    let asked: BTreeMap<String, RunTaskRequest> = requests
        .await
        .unwrap()
        .into_iter()
        .map(|request| (request.capacity_provider_strategy[0].capacity_provider.clone(), request))
        .collect();
    let stacks = &scene.stack.provisioned.formation.stacks;
    let id = |stack: &str, name: &str| stacks[stack][name].id.clone().unwrap();
    for (provider, cluster, task, group) in [
        ("mayfly_ec2-arm64", "InstanceCluster", "TaskDefinitionEc2Arm64", Some("GroupEc2Arm64")),
        ("FARGATE", "FargateCluster", "TaskDefinitionFargateX64", None),
    ] {
        let request = &asked[provider];
        assert_eq!(request.cluster, id("pools", cluster));
        assert!(request.enable_ecs_managed_tags, "as it came over the wire");
        assert_eq!(id("pools", task).rsplit('/').next(), Some(request.task_definition.as_str()));
        let network = &request.network_configuration.as_ref().unwrap().awsvpc_configuration;
        assert_eq!(network.subnets, ["PrivateSubnetOne", "PrivateSubnetTwo"].map(|it| id("network", it)));
        assert_eq!(network.security_groups, [id("pools", "RunnerSecurityGroup")]);
        let placements = scene.stack.provisioned.placements.values();
        let placement = placements.into_iter().find(|it| it.task_definition == request.task_definition);
        assert_eq!(placement.unwrap().auto_scaling_group, group.map(|group| id("pools", group)));
    }
    assert_eq!(asked.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_2xx_while_the_queue_is_down_and_the_redelivery_is_taken_when_it_is_back() {
    let scene = FunctionsScene::new().await;
    let queued = sample("queued-ec2-arm64.json");
    assert_eq!(scene.post("before", &queued, WEBHOOK_SECRET).await.0, 202);
    scene.until_the_queue_is_empty().await;
    scene.stack.aws.set_queue_down(true);
    let other = sample("queued-fargate-x64.json");
    let (status, said) = scene.post("while", &other, WEBHOOK_SECRET).await;
    assert_eq!((status, said.contains("redeliver")), (503, true), "{said}");
    let lines = scene.log("webhook").await;
    assert!(lines.iter().any(|line| line["QueueUnavailable"] == 1), "{lines:?}");

    scene.stack.aws.set_queue_down(false);
    assert_eq!(scene.post("while", &other, WEBHOOK_SECRET).await.0, 202);
    scene.until_the_queue_is_empty().await;
    let capacities = scene.tasks().await.into_iter().map(|(capacity, _)| capacity);
    assert_eq!(capacities.collect::<Vec<_>>(), ["mayfly_ec2-arm64", "FARGATE"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_is_deployed_wrong_says_all_that_is_wrong_and_ends() {
    let log = logs::file_of("unset");
    let map = log.with_extension("toml");
    std::fs::write(&map, "{}").unwrap();
    let variables = [
        ("MAYFLY_PARAMETERS", "/elsewhere"),
        ("MAYFLY_MAP", map.to_str().unwrap()),
        ("MAYFLY_PLACEMENTS", "{\"stack\":\"mayfly\"}"),
    ];
    let config = FunctionConfig {
        name: "launcher".to_owned(),
        binary: binaries().join("launcher"),
        memory: 256,
        timeout: Duration::from_secs(30),
        variables: variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        log: Some(log.clone()),
    };
    let mut environment = ExecutionEnvironment::start(&config).await.unwrap();
    let ended = environment.initialised().await.unwrap_err();
    assert!(matches!(ended, InvokeError::Ended(_)), "{ended}");
    let said = std::fs::read_to_string(&log).unwrap();
    for problem in [
        "MAYFLY_TABLE: is not set",
        "MAYFLY_REGISTRAR_URL: is not set",
        "has no pool",
        "MAYFLY_PLACEMENTS: missing field `fargate`",
    ] {
        // The error that ends the process, in which all of them stand, is no line of the log.
        let lines = said.lines().filter(|line| line.starts_with('{') && line.contains(problem));
        assert_eq!(lines.count(), 1, "{problem:?} stands once, in {said}");
    }
}
