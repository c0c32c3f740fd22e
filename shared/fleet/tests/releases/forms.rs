//! One of each form that this release writes, with every field that it may have.

use fleet::cost::{NanoDollars, TaskPrice};
use fleet::label::Labels;
use fleet::ledger::{
    Book, Item, Job, JobAction, JobEvent, JobMessage, JobNames, JobRunner, JobState, Runner, RunnerState,
    SettleMessage, Work,
};
use fleet::question::{Config, JobSummary, Listener, Question, Reply, RunnerSettings};
use fleet::version::Version;
use fleet::{DeliveryId, JobId, PoolName, Repository, RunnerId};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};

fn at(minute: u8) -> Timestamp {
    format!("2026-11-27T06:{minute:02}:00Z").parse().unwrap()
}

fn pool() -> PoolName {
    PoolName::new("ec2-x64").unwrap()
}

fn labels() -> Labels {
    ["linux", "self-hosted", "x64"].into_iter().collect()
}

/// All of them, by name: the receiver's name for the form, and which form it is.
pub(crate) fn written() -> Map<String, Value> {
    let runner = RunnerId::from_random(7);
    [
        form("job message: queued", &message(JobAction::Queued, None)),
        form("job message: in progress", &message(JobAction::InProgress, Some(runner.clone()))),
        form("settle message", &SettleMessage { version: Version, settle: pool(), since: Some(at(1)) }),
        form("question: first", &question(Listener::None)),
        form("question: up", &question(Listener::Up)),
        form("reply: config", &config(&runner)),
        form("reply: leave", &Reply::Leave),
        form("reply: wait", &Reply::Wait { seconds: 60 }),
        form("item: job", &job(&runner)),
        form("item: runner", &of_runner(&runner)),
        form("item: book", &book()),
    ]
    .into_iter()
    .collect()
}

fn form(name: &str, form: &impl Serialize) -> (String, Value) {
    (name.to_owned(), serde_json::to_value(form).unwrap())
}

fn names() -> JobNames {
    JobNames::of(Some("Tests"), Some("main"))
}

fn message(action: JobAction, runner: Option<RunnerId>) -> JobMessage {
    let job_event = JobEvent {
        action,
        job: JobId(7),
        pool: Some(pool()),
        repository: Repository::new("octo-org/storefront"),
        is_public: true,
        labels: labels(),
        runner: runner.map(|runner| JobRunner { github_id: fleet::ids::GithubRunnerId(9), runner }),
        may_not_have_run: false,
        created_at: Some(at(0)),
        accepted_at: Some(at(1)),
        names: names(),
    };
    JobMessage { version: Version, delivery: DeliveryId::new("delivery-7"), job_event }
}

/// From JSON, because only PID 1 makes a boot id.
fn question(listener: Listener) -> Question {
    let asked = json!({"version": 1, "ticket": "the-ticket", "boot": "the-boot", "listener": listener, "age": 1500,
        "runner_current_on": "2026-11-20"});
    serde_json::from_value(asked).unwrap()
}

fn config(runner: &RunnerId) -> Reply {
    let settings = RunnerSettings {
        pool: pool(),
        runner_name: format!("mayfly-{runner}"),
        sudo: true,
        summary: Some(JobSummary {
            capacity: pool(),
            reserved_for: 21_500,
            price: Some(TaskPrice { hour: NanoDollars(197_480_000), least: 60_000 }),
        }),
    };
    Reply::Config(Config { jit_config: "the-config".to_owned(), settings })
}

fn job(runner: &RunnerId) -> Item {
    let job =
        Job::new(JobId(7), JobState::InProgress, Repository::new("octo-org/storefront"), labels(), at(2));
    Item::Job(Job {
        pool: Some(pool()),
        is_public: true,
        runner: Some(runner.clone()),
        heard_at: Some(at(1)),
        version: 3,
        ..job
    })
}

fn of_runner(runner: &RunnerId) -> Item {
    Item::Runner(Runner {
        state: RunnerState::Busy,
        asked_at: Some(at(1)),
        github_id: Some(fleet::ids::GithubRunnerId(9)),
        job: Some(JobId(7)),
        work: Some(Work {
            repository: Repository::new("octo-org/storefront"),
            names: names(),
            waited: Some(1500),
            begun_at: at(2),
        }),
        listened: true,
        overdue_at: Some(at(2)),
        put_off: Some("RESOURCE:CPU".to_owned()),
        version: 5,
        ..Runner::reserved(runner.clone(), pool(), pool(), at(0))
    })
}

fn book() -> Item {
    let counted =
        Book { queued: 2, supply: 3, idle: 1, live: 4, minimum: 1, version: 8, ..Book::open(pool(), 5) };
    Item::Book(Book { task_definition: Some("mayfly_ec2-x64:3".to_owned()), ..counted })
}
