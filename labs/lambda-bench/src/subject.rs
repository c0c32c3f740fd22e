//! The functions to measure, and the events to measure them with.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, ensure};
use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use fleet::ledger::{Book, Item, JobAction, JobEvent, JobMessage, Runner};
use fleet::question::{ASK, Listener, Question};
use fleet::ticket::Ticket;
use fleet::version::Version;
use fleet::{BootId, DeliveryId, JobId, PoolName, Repository, RunnerId};
use jiff::Timestamp;
use sandbox::delivery::{Delivery, function_url_event};
use serde_json::{Value, json};
use wire::lambda::FunctionConfig;
use wire::stack::Secrets;

use crate::deployed;
use crate::stand_in::StandIn;

/// A payload in GitHub's shape.
const PAYLOAD: &str = include_str!("../../../events/github/queued-ec2-arm64-spot.json");

/// The size of real payloads, in bytes.
const PAYLOAD_SIZE: usize = 13_000;

/// The boot that asks.
const BOOT: &str = "the bench's boot";

/// Pools of the default map that are on EC2.
const GROUPS: u64 = 4;

/// A function to be measured.
#[derive(Debug, Clone)]
pub(crate) struct BenchSubject {
    pub(crate) kind: SubjectKind,
    /// Its binary.
    pub(crate) binary: PathBuf,
    /// Its memory in MB.
    pub(crate) memory: u32,
    /// The time between two events.
    pub(crate) gap: Duration,
    /// The pools' placements, as JSON.
    pub(crate) placements: String,
}

/// Which function it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SubjectKind {
    /// The empty one, with which the others are compared.
    Echo,
    /// One signed delivery of a queued job an event.
    Webhook,
    /// One queued job an event, whose runner is launched.
    Launcher,
    /// One question an event, of a runner that is needed.
    Registrar,
    /// One tick an event, with nothing to repair.
    Scheduler,
    /// One pass an event, to which GitHub has nothing new to say.
    Reconciler,
}

impl SubjectKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Echo => "echo",
            Self::Webhook => "webhook",
            Self::Launcher => "launcher",
            Self::Registrar => "registrar",
            Self::Scheduler => "scheduler",
            Self::Reconciler => "reconciler",
        }
    }

    /// The call that each event has to make, and how often.
    pub(crate) fn call(self) -> Option<(&'static str, u64)> {
        match self {
            Self::Echo => None,
            Self::Webhook => Some(("SendMessage", 1)),
            Self::Launcher => Some(("RunTask", 1)),
            Self::Registrar => Some(("generate-jitconfig", 1)),
            Self::Scheduler => Some(("DescribeAutoScalingGroups", GROUPS)),
            Self::Reconciler => Some(("deliveries", 1)),
        }
    }

    /// The event of this number.
    pub(crate) fn event(self, number: u64, secrets: &Secrets) -> Result<Vec<u8>> {
        match self {
            Self::Echo | Self::Webhook => delivery(number, secrets),
            Self::Launcher => batch(number),
            Self::Registrar => question(secrets),
            Self::Scheduler | Self::Reconciler => Ok(b"{}".to_vec()),
        }
    }

    /// A wrong answer is an error, because its time means nothing.
    pub(crate) fn check(self, answer: &[u8]) -> Result<()> {
        let answer: Value = serde_json::from_slice(answer)?;
        let is_right = match self {
            Self::Echo => answer.get("body").is_some(),
            Self::Webhook => answer.get("statusCode") == Some(&json!(202)),
            Self::Launcher => answer.get("batchItemFailures") == Some(&json!([])),
            Self::Registrar => answer.get("statusCode") == Some(&json!(200)),
            Self::Scheduler | Self::Reconciler => answer.is_null(),
        };
        ensure!(is_right, "{} answers {answer}", self.name());
        Ok(())
    }
}

impl BenchSubject {
    /// The settings of the Runtime API server.
    pub(crate) fn config(&self, stand_in: &StandIn, log: PathBuf) -> FunctionConfig {
        let variables = [
            ("AWS_ENDPOINT_URL", stand_in.url.clone()),
            ("SSL_CERT_FILE", stand_in.certificate().display().to_string()),
            ("MAYFLY_MAP", stand_in.map().display().to_string()),
            ("MAYFLY_PLACEMENTS", self.placements.clone()),
            ("MAYFLY_PARAMETERS", wire::stack::PARAMETERS.to_owned()),
            ("MAYFLY_QUEUE_URL", format!("{}/123456789012/jobs", stand_in.url)),
            ("MAYFLY_STACK", deployed::STACK.to_owned()),
            ("MAYFLY_TABLE", "ledger".to_owned()),
            ("MAYFLY_REGISTRAR_URL", "https://registrar.sandbox.invalid/".to_owned()),
            ("MAYFLY_ORGANISATION", "octo-org".to_owned()),
            ("MAYFLY_GITHUB_APP_ID", "1".to_owned()),
            ("MAYFLY_GITHUB_API_URL", stand_in.url.clone()),
        ];
        FunctionConfig {
            name: self.kind.name().to_owned(),
            binary: self.binary.clone(),
            memory: self.memory,
            timeout: Duration::from_secs(30),
            variables: variables.map(|(name, value)| (name.to_owned(), value)).into(),
            log: Some(log),
        }
    }
}

/// A delivery as a Function URL hands it over, without white space, filled up to its usual size.
fn delivery(number: u64, secrets: &Secrets) -> Result<Vec<u8>> {
    let mut payload: Value = serde_json::from_str(PAYLOAD)?;
    let missing = PAYLOAD_SIZE.saturating_sub(payload.to_string().len());
    if let Some(repository) = payload.get_mut("repository").and_then(Value::as_object_mut) {
        repository.insert("description".to_owned(), "x".repeat(missing).into());
    }
    if let Some(job) = payload.get_mut("workflow_job").and_then(Value::as_object_mut) {
        job.insert("id".to_owned(), number.into());
    }
    let id = DeliveryId::new(format!("delivery-{number}"));
    let delivery = Delivery { id, event: "workflow_job".to_owned(), body: payload.to_string() };
    let headers = delivery.headers(&secrets.webhook);
    Ok(serde_json::to_vec(&function_url_event(headers, &delivery.body))?)
}

/// A batch of one message: a job is queued.
fn batch(number: u64) -> Result<Vec<u8>> {
    let job_event = JobEvent {
        action: JobAction::Queued,
        job: JobId(number),
        pool: PoolName::new("ec2-x64").ok(),
        repository: Repository::new("octo-org/storefront"),
        is_public: false,
        labels: ["self-hosted", "ec2-x64"].into_iter().collect(),
        runner: None,
        may_not_have_run: false,
        created_at: None,
        accepted_at: None,
        names: fleet::ledger::JobNames::default(),
    };
    let delivery = DeliveryId::new(format!("delivery-{number}"));
    let message = JobMessage { version: Version, delivery, job_event };
    let mut record = SqsMessage::default();
    record.message_id = Some(format!("message-{number}"));
    record.body = Some(serde_json::to_string(&message)?);
    record.attributes = [("SentTimestamp".to_owned(), "1791190800000".to_owned())].into();
    let mut event = SqsEvent::default();
    event.records = vec![record];
    Ok(serde_json::to_vec(&event)?)
}

/// The runner that asks: bound to the boot that asks, so that each of its questions is answered with a JIT
/// config.
fn asking() -> Result<Runner> {
    let pool = PoolName::new("ec2-x64")?;
    let runner = Runner::reserved(RunnerId::from_random(1), pool.clone(), pool, Timestamp::UNIX_EPOCH);
    Ok(Runner { boot: Some(BootId::new(BOOT).digest()), version: 1, ..runner })
}

/// All that the ledger's table has: the runner that asks, and a job that waits for it.
pub(crate) fn items() -> Result<Vec<Item>> {
    let runner = asking()?;
    let book = Book { queued: 1, supply: 1, live: 1, version: 1, ..Book::open(runner.pool.clone(), 10) };
    Ok(vec![Item::Runner(runner), Item::Book(book)])
}

/// A question as a Function URL hands it over.
fn question(secrets: &Secrets) -> Result<Vec<u8>> {
    let ticket = Ticket::issue(&asking()?.id, &secrets.ticket_key);
    let question = Question {
        version: Version,
        ticket: ticket.expose().to_owned(),
        boot: BootId::new(BOOT),
        listener: Listener::None,
        age: None,
        runner_current_on: None,
    };
    let mut event = function_url_event(Vec::new(), &serde_json::to_string(&question)?);
    if let Some(event) = event.as_object_mut() {
        event.insert("rawPath".to_owned(), format!("/{ASK}").into());
    }
    Ok(serde_json::to_vec(&event)?)
}

/// The functions in a folder of binaries: `FOLDER/NAME/bootstrap`, as `cargo lambda build` makes
/// them, or `FOLDER/NAME`. Each has this memory, in MB.
pub(crate) fn all(folder: &Path, memory: u32, gap: Duration, placements: &str) -> [BenchSubject; 6] {
    [
        SubjectKind::Echo,
        SubjectKind::Webhook,
        SubjectKind::Launcher,
        SubjectKind::Registrar,
        SubjectKind::Scheduler,
        SubjectKind::Reconciler,
    ]
    .map(|kind| {
        let built = folder.join(kind.name()).join("bootstrap");
        let binary = if built.is_file() { built } else { folder.join(kind.name()) };
        BenchSubject { kind, binary, memory, gap, placements: placements.to_owned() }
    })
}
