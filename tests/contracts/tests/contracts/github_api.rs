//! The App's client against GitHub's own description of its API, which Prism serves: it holds every
//! request against it, and answers with GitHub's examples.
//!
//! `make test` installs both, pinned, below `tests/contracts/github-api`.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use fleet::delivery::AttemptId;
use fleet::ports::{
    DeleteRunner as _, FindRunner as _, FindRunnerGroup as _, GenerateJitConfig as _, GithubError, JitRunner,
    JobStatus, ListDeliveries as _, ListJobs as _, ListRepositories as _, ListRunners as _, ListRuns as _,
    ListedRun, ReadJob as _, ReadRepository as _, ReadRun as _, ReadRunner as _, Redeliver as _, RunId,
    RunStatus, RunnerGroupId, SeenRunner,
};
use fleet::{GithubRunnerId, JobId, Labels, Repository};
use github::app::{App, AppConfig, Hook};
use jiff::Timestamp;
use kit::clock::StoppedClock;
use secrecy::ExposeSecret as _;
use wire::github::app_key;

/// Prism takes its time for the first answer of each kind.
const PATIENCE: Duration = Duration::from_secs(30);

const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

static KEY: LazyLock<String> = LazyLock::new(|| app_key().unwrap());

/// Prism, until it is dropped.
struct Prism {
    process: Child,
    url: String,
}

impl Prism {
    fn start() -> Self {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/github-api");
        assert!(
            std::path::Path::new(folder).join("node_modules").is_dir(),
            "the packages are not installed; `make test` does it"
        );
        let mut command = Command::new("node");
        command.current_dir(folder).arg("serve.mjs").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut url = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut url).unwrap();
        assert!(url.starts_with("http://"), "serve.mjs has ended");
        Self { process, url: url.trim().to_owned() }
    }

    /// A client whose API lies below this path.
    fn client(&self, base: &str) -> App<StoppedClock> {
        let config =
            AppConfig { id: 42, organisation: "octocat".to_owned(), api_url: format!("{}{base}", self.url) };
        let app = App::new(config, StoppedClock(NOW), PATIENCE);
        app.use_key(&KEY.as_str().into()).unwrap();
        app
    }
}

impl Drop for Prism {
    /// It ends with its input.
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        self.process.wait().unwrap();
    }
}

fn runner(labels: &[&str]) -> JitRunner {
    let labels: Labels = labels.iter().collect();
    JitRunner { name: "mayfly-fargate-x64-0".to_owned(), group: RunnerGroupId(1), labels }
}

/// Calls every operation of the client, and reads GitHub's examples.
async fn every_operation_is_in_order(app: &App<StoppedClock>) {
    app.warm_up().await.unwrap();

    let made = app.generate_jit_config(&runner(&["linux", "x64"])).await.unwrap();
    assert_eq!((made.runner, made.encoded.expose_secret()), (GithubRunnerId(23), "abc123"));
    assert_eq!(app.find_runner("linux_runner").await, Ok(Some(GithubRunnerId(23))));
    assert_eq!(app.find_runner("another").await, Ok(None));
    let page = app.list_runners(1).await.unwrap();
    assert_eq!((page.total, page.registrations.len()), (2, 2), "GitHub's example");
    let online: Vec<_> = page.registrations.iter().map(|it| (it.id.0, it.is_online, it.is_busy)).collect();
    assert_eq!(online, [(23, true, true), (24, false, false)]);
    assert_eq!(app.delete_runner(GithubRunnerId(23)).await, Ok(()));

    assert_eq!(app.find_runner_group("octo-runner-group").await, Ok(RunnerGroupId(2)), "one that is there");
    app.find_runner_group("mayfly").await.expect("one that is made");

    let repository = Repository::new("octo-org/storefront");
    let job = app.read_job(&repository, JobId(399_444_496)).await.unwrap();
    let runner = SeenRunner { id: GithubRunnerId(1), name: "my runner".to_owned() };
    assert_eq!((job.status, job.runner), (JobStatus::Completed, Some(runner)));
    assert!(job.started_at.is_some() && !job.may_not_have_run);
    assert_eq!(app.has_run_ended(&repository, job.run).await, Ok(false), "GitHub's example is queued");
    let registered = app.read_runner(GithubRunnerId(23)).await.unwrap().expect("one that is there");
    assert_eq!((registered.id, registered.is_online, registered.is_busy), (GithubRunnerId(23), true, true));
    assert_eq!(app.is_public(&repository).await, Ok(true), "GitHub's example is public");

    let pushed = app.list_repositories().await.unwrap().read;
    let names: Vec<&str> = pushed.iter().map(|(repository, _)| repository.as_str()).collect();
    assert_eq!(names, ["octocat/Hello-World"]);
    for status in [RunStatus::Queued, RunStatus::InProgress] {
        let runs = app.list_runs(&repository, status).await.unwrap().read;
        // The example has the link to a next page, on every page: they are followed up to GitHub's thousand.
        let run = ListedRun { id: RunId(30_433_642), is_public: true };
        assert_eq!(runs, [run; 10], "{status:?}");
    }
    let jobs = app.list_jobs(&repository, RunId(30_433_642)).await.unwrap().read;
    let listed: Vec<_> = jobs.iter().map(|job| (job.id, job.status, job.labels.to_string())).collect();
    let labels = r#""bar", "foo", "self-hosted""#.to_owned();
    assert_eq!(listed[0], (JobId(399_444_496), JobStatus::Completed, labels));
    assert_eq!(listed.len(), 10, "one on each page");

    let page = app.list_deliveries(None).await.unwrap();
    let first = &page.attempts[0];
    assert_eq!((first.id, first.status_code), (AttemptId(12_345_678), 200));
    assert_eq!(first.guid.as_str(), "0b989ba4-242f-11e5-81e1-c7b6966d2516");
    assert_eq!((page.attempts.len(), page.unreadable), (2, 0));
    app.list_deliveries(Some("v1_12077215967")).await.unwrap();
    // Beyond 2^53.
    app.redeliver(AttemptId(9_007_199_254_740_993)).await.unwrap();
}

#[tokio::test]
async fn githubs_description_has_every_request_and_its_examples_are_read() {
    let prism = Prism::start();
    for hook in [Hook::App, Hook::Organisation("http://example.com".to_owned())] {
        every_operation_is_in_order(&prism.client("").with_hook(hook.clone())).await;
        every_operation_is_in_order(&prism.client("/api/v3").with_hook(hook)).await;
    }
}

#[tokio::test]
async fn a_request_that_the_description_does_not_have_is_refused() {
    let prism = Prism::start();
    let refused = prism.client("").generate_jit_config(&runner(&[])).await.unwrap_err();
    assert!(matches!(&refused, GithubError::Refused(why) if why.contains("body.labels")), "{refused}");
}

#[tokio::test]
async fn the_statuses_of_the_description_are_told_apart() {
    let prism = Prism::start();
    let jit = async |base| prism.client(base).generate_jit_config(&runner(&["linux"])).await.unwrap_err();
    assert_eq!(jit("/answer/409").await, GithubError::Conflict);
    assert!(matches!(jit("/answer/404").await, GithubError::NotFound(_)));
    assert!(matches!(jit("/answer/422").await, GithubError::Refused(_)));
    let busy = prism.client("/answer/422").delete_runner(GithubRunnerId(23)).await;
    assert_eq!(busy, Err(GithubError::Busy));
}
