//! Cold starts while the Parameter Store refuses to answer: more functions than it serves in a second.

use std::mem;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use contracts::canned::{self, CannedRequest};
use fleet::DeliveryId;
use fleet::launch::Placements;
use fleet::pools::DEFAULT_POOLS;
use futures_util::future::join_all;
use sandbox::delivery::{Delivery, function_url_event};
use serde_json::{Value, json};
use wire::lambda::{ExecutionEnvironment, FunctionConfig};
use wire::stack::Secrets;

const WEBHOOK_SECRET: &str = "the-cold-start's-webhook-secret";
const TICKET_KEY: &str = "the-cold-start's-ticket-key";

/// How a function reads its secrets.
const READ: &str = "getparametersbypath";

/// AWS, as far as a start needs it. The Parameter Store throttles while `throttled` is above 0: each read
/// takes one off.
struct Standin {
    url: String,
    throttled: Arc<AtomicI64>,
    /// What it was asked for beside parameters.
    done: Arc<Mutex<Vec<String>>>,
}

impl Standin {
    fn start(secrets: &Secrets, throttled: i64) -> Self {
        let parameters = secrets.parameters().map(|(name, value)| (name, value.to_owned()));
        let throttled = Arc::new(AtomicI64::new(throttled));
        let done = Arc::new(Mutex::new(Vec::new()));
        let (left, doing) = (Arc::clone(&throttled), Arc::clone(&done));
        let url = canned::serve_by("application/x-amz-json-1.1", move |asked| {
            if asked.operation != READ {
                doing.lock().unwrap().push(asked.operation.clone());
            }
            let (status, body) = answer(asked, &parameters, &left);
            (status, body.to_string())
        });
        Self { url, throttled, done }
    }

    fn take_done(&self) -> Vec<String> {
        mem::take(&mut self.done.lock().unwrap())
    }
}

fn answer(asked: &CannedRequest, parameters: &[(String, String)], throttled: &AtomicI64) -> (u16, Value) {
    match asked.operation.as_str() {
        READ if throttled.fetch_sub(1, Ordering::SeqCst) > 0 => {
            (400, json!({"__type": "ThrottlingException", "message": "Rate exceeded"}))
        }
        READ => {
            let asked: Value = serde_json::from_slice(&asked.body).unwrap();
            let folder = Path::new(asked["Path"].as_str().unwrap());
            let found = parameters.iter().filter(|(name, _)| Path::new(name).starts_with(folder));
            let found = found.map(|(name, value)| json!({"Name": name, "Value": value}));
            (200, json!({"Parameters": found.collect::<Vec<_>>()}))
        }
        "sendmessage" => (200, json!({"MessageId": "00000000-0000-4000-8000-000000000000"})),
        _ => (200, json!({})),
    }
}

fn places() -> String {
    let pools = fleet::PoolMap::from_toml(DEFAULT_POOLS).unwrap();
    let network = json!({"subnets": ["subnet-1"], "securityGroups": ["sg-1"], "assignPublicIp": "DISABLED"});
    let place = json!({"network": network, "image": true, "dockerd": true});
    let revisions: serde_json::Map<_, _> =
        pools.iter().map(|pool| (pool.name.to_string(), json!(1))).collect();
    let told = json!({"stack": "mayfly", "fargate": place, "ec2": place, "revisions": revisions});
    serde_json::from_value::<Placements>(told.clone()).unwrap();
    told.to_string()
}

fn config(name: &str, url: &str) -> FunctionConfig {
    let test = std::env::current_exe().unwrap();
    let log = logs::file_of(&format!("cold-{name}"));
    let map = log.with_extension(format!("{name}.json"));
    std::fs::write(&map, platform::pools::map_text(DEFAULT_POOLS).unwrap()).unwrap();
    let variables = [
        ("AWS_ENDPOINT_URL", url),
        ("MAYFLY_GITHUB_API_URL", url),
        ("MAYFLY_GITHUB_APP_ID", "1"),
        ("MAYFLY_MAP", map.to_str().unwrap()),
        ("MAYFLY_ORGANISATION", "octo-org"),
        ("MAYFLY_PARAMETERS", wire::stack::PARAMETERS),
        ("MAYFLY_PLACEMENTS", &places()),
        ("MAYFLY_QUEUE_URL", &format!("{url}/123456789012/jobs")),
        ("MAYFLY_REGISTRAR_URL", "https://registrar.sandbox.invalid/"),
        ("MAYFLY_STACK", "mayfly"),
        ("MAYFLY_TABLE", "ledger"),
    ];
    FunctionConfig {
        name: name.to_owned(),
        binary: test.parent().and_then(Path::parent).unwrap().join(name),
        memory: 256,
        timeout: Duration::from_secs(30),
        variables: variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        log: Some(log),
    }
}

/// An event that the function would have something to do with.
fn event(name: &str, secrets: &Secrets) -> Vec<u8> {
    let event = match name {
        "launcher" => {
            json!({"Records": [{"messageId": "one", "body": "{}"}, {"messageId": "two", "body": "{}"}]})
        }
        "scheduler" | "reconciler" => json!({}),
        _ => {
            let body = include_str!("../../../../events/github/queued-ec2-arm64.json").to_owned();
            let delivery = Delivery { id: DeliveryId::new("one"), event: "workflow_job".to_owned(), body };
            function_url_event(delivery.headers(&secrets.webhook), &delivery.body)
        }
    };
    event.to_string().into()
}

fn secrets() -> Secrets {
    logs::capture(&[WEBHOOK_SECRET, TICKET_KEY]);
    Secrets::with_new_app(WEBHOOK_SECRET.into(), TICKET_KEY.into()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_is_throttled_for_a_while_is_a_longer_start_and_no_more() {
    let secrets = secrets();
    // More than the SDK tries again by itself.
    let standin = Standin::start(&secrets, 8);
    let mut webhook = ExecutionEnvironment::start(&config("webhook", &standin.url)).await.unwrap();
    webhook.initialised().await.unwrap();
    let answer: Value =
        serde_json::from_slice(&webhook.invoke(event("webhook", &secrets).into()).await.unwrap()).unwrap();
    assert_eq!(answer["statusCode"], 202, "{answer}");
    assert!(standin.throttled.load(Ordering::SeqCst) < 0, "it was throttled, and read once more");
}

/// The map of pools lies beside the functions, so that its size is not read from anybody.
#[tokio::test(flavor = "multi_thread")]
async fn a_cold_start_reads_each_folder_of_its_secrets_once_and_nothing_else_of_the_parameter_store() {
    let secrets = secrets();
    let expected = [("webhook", 1), ("launcher", 1), ("registrar", 2), ("scheduler", 1), ("reconciler", 1)];
    let reads = expected.map(async |(name, _)| {
        let standin = Standin::start(&secrets, 0);
        let mut function = ExecutionEnvironment::start(&config(name, &standin.url)).await.unwrap();
        function.initialised().await.unwrap();
        let others = standin.take_done();
        assert!(!others.iter().any(|call| call.starts_with("getparameter")), "{name}: {others:?}");
        (name, -standin.throttled.load(Ordering::SeqCst))
    });
    assert_eq!(join_all(reads).await, expected);
}

/// What a function answers to an event, and what it asks AWS and GitHub for beside its parameters.
struct HandledEvent {
    said: String,
    done: Vec<String>,
}

/// How a function takes its first event, and the next one, once the Parameter Store answers.
async fn before_and_after(name: &'static str, secrets: &Secrets) -> [HandledEvent; 2] {
    let standin = Standin::start(secrets, i64::MAX);
    let mut function = ExecutionEnvironment::start(&config(name, &standin.url)).await.unwrap();
    let init = function.initialised().await.unwrap();
    assert!(init < Duration::from_secs(10), "{name}: Lambda gives the init phase ten seconds, not {init:?}");
    // Connections are opened in the init phase.
    standin.take_done();
    let mut answers = Vec::new();
    for throttled in [i64::MAX, 0] {
        standin.throttled.store(throttled, Ordering::SeqCst);
        let answered = function.invoke(event(name, secrets).into()).await;
        let said =
            answered.map_or_else(|failed| failed.to_string(), |it| String::from_utf8(it.to_vec()).unwrap());
        answers.push(HandledEvent { said, done: standin.take_done() });
    }
    answers.try_into().ok().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_cannot_read_its_secrets_starts_does_nothing_says_so_and_reads_them_at_the_next_event()
 {
    let secrets = secrets();
    let functions = ["webhook", "launcher", "registrar", "scheduler", "reconciler"];
    let answers = join_all(functions.map(|name| before_and_after(name, &secrets))).await;
    let answers: [_; 5] = answers.try_into().ok().unwrap();
    for (name, [before, after]) in functions.iter().zip(&answers) {
        assert_eq!(before.done, [""; 0], "{name} writes nothing, launches nothing, and asks for nothing");
        let says = |said: &str| match *name {
            "webhook" => said.contains("503") && said.contains("redeliver it"),
            "launcher" => said.contains("one") && said.contains("two"),
            "registrar" => said.contains("503") && said.contains("retry-after"),
            _ => said.contains("the settings could not be read yet"),
        };
        assert!(says(&before.said), "{name}: {}", before.said);
        // What is no message of ours comes again, with settings too.
        assert!(*name == "launcher" || !says(&after.said), "{name}: {}", after.said);
    }
    let [webhook, _, _, scheduler, reconciler] = answers.map(|[_, after]| after);
    assert!(webhook.said.contains("\"statusCode\":202"), "{}", webhook.said);
    assert_eq!(webhook.done, ["sendmessage"]);
    for pass in [scheduler, reconciler] {
        assert!(pass.done.iter().any(|call| call == "query"), "it begins with the ledger: {:?}", pass.done);
    }
    let said = std::fs::read_to_string(logs::file_of("cold-webhook")).unwrap();
    assert!(said.contains("ThrottlingException") && said.contains("there are no settings yet"), "{said}");
    assert!(!said.contains(WEBHOOK_SECRET));
}
