//! Lists of repositories, runs and jobs: by pages, and for nothing where nothing has changed.

use std::time::Duration;

use fleet::ports::{
    GithubError, JobStatus, ListJobs as _, ListRepositories as _, ListRuns as _, ListedJob, ListedRun,
    Priced, RunId, RunStatus, SeenRunner,
};
use fleet::{GithubRunnerId, JobId, Repository};
use jiff::Timestamp;
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::scene::AppScene;

const RUNS: &str = "/repos/octo-org/r/actions/runs";
const REPOSITORIES: &str = "/orgs/octo-org/repos";
const TOKENS: &str = "/app/installations/5/access_tokens";

fn repository() -> Repository {
    Repository::new("octo-org/r")
}

fn ok(body: Value, etag: &str) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body).insert_header("etag", etag)
}

fn not_modified() -> ResponseTemplate {
    ResponseTemplate::new(304)
}

fn runs(ids: &[u64]) -> Value {
    let repository = json!({"full_name": "octo-org/r", "private": true});
    let run = |id| json!({"id": id, "status": "queued", "repository": repository});
    let runs: Vec<Value> = ids.iter().map(run).collect();
    json!({"total_count": ids.len(), "workflow_runs": runs})
}

/// Runs of a private repository.
fn private(ids: &[u64]) -> Vec<ListedRun> {
    ids.iter().map(|&id| ListedRun { id: RunId(id), is_public: false }).collect()
}

fn read<T>(read: Vec<T>, calls: u32) -> Priced<Vec<T>> {
    Priced { read, calls }
}

#[tokio::test]
async fn what_has_not_changed_costs_nothing_and_is_as_it_was() {
    let scene = AppScene::new().await;
    let list = async || scene.app.list_runs(&repository(), RunStatus::Queued).await;
    scene.answers_once("GET", RUNS, ok(runs(&[7, 8]), "\"first\"")).await;
    assert_eq!(list().await, Ok(read(private(&[7, 8]), 1)));
    let first = scene.last("GET", RUNS).await;
    assert!(!first.headers.contains_key("if-none-match"), "nothing is known yet");
    assert_eq!(
        first.url.query(),
        Some("status=queued&exclude_pull_requests=true&per_page=100"),
        "the status is asked for"
    );

    scene.answers_once("GET", RUNS, not_modified()).await;
    assert_eq!(list().await, Ok(read(private(&[7, 8]), 0)));
    assert_eq!(scene.last("GET", RUNS).await.headers["if-none-match"], "\"first\"");

    scene.answers_once("GET", RUNS, ok(runs(&[8]), "\"second\"")).await;
    assert_eq!(list().await, Ok(read(private(&[8]), 1)));
    scene.answers("GET", RUNS, not_modified()).await;
    assert_eq!(list().await, Ok(read(private(&[8]), 0)));
    assert_eq!(scene.last("GET", RUNS).await.headers["if-none-match"], "\"second\"");

    let another = scene.app.list_runs(&repository(), RunStatus::InProgress).await;
    assert!(another.is_err(), "a page that nobody knows is not taken for one that has not changed");
    assert!(!scene.last("GET", RUNS).await.headers.contains_key("if-none-match"));
}

/// An `ETag` is good for the token that it was given to.
#[tokio::test]
async fn a_new_token_sends_no_old_etag() {
    let scene = AppScene::without_installation().await;
    let installation = ResponseTemplate::new(200).set_body_json(json!({"id": 5}));
    scene.answers("GET", "/orgs/octo-org/installation", installation).await;
    let token = |token: &str, expires: &str| {
        let token = json!({"token": token, "expires_at": expires, "permissions": {}});
        ResponseTemplate::new(201).set_body_json(token)
    };
    // It has expired already: the next call asks for another one.
    scene.answers_once("POST", TOKENS, token("ghs_1", "2001-01-01T00:00:00Z")).await;
    scene.answers_once("POST", TOKENS, token("ghs_2", "2001-01-01T00:00:00Z")).await;
    scene.answers("POST", TOKENS, token("ghs_3", "2999-01-01T00:00:00Z")).await;
    scene.answers("GET", RUNS, ok(runs(&[7]), "\"of a token\"")).await;
    for _ in 0..3 {
        let listed = scene.app.list_runs(&repository(), RunStatus::Queued).await;
        assert_eq!(listed, Ok(read(private(&[7]), 1)));
    }
    let sent: Vec<bool> =
        scene.all("GET", RUNS).await.iter().map(|it| it.headers.contains_key("if-none-match")).collect();
    assert!(!sent[0] && !sent[1], "{sent:?}: another token each time");
    assert!(sent[2], "{sent:?}: the token stays");
}

#[tokio::test]
async fn pages_follow_each_other_by_links_and_each_is_known_by_itself() {
    let linked = |body, etag: &str, page: u32| {
        let link = format!(
            "<https://api.github.com/repositories/1/actions/runs?per_page=100&page={page}>; rel=\"next\", \
             <https://api.github.com/repositories/1/actions/runs?per_page=100&page=9>; rel=\"last\""
        );
        ok(body, etag).insert_header("link", link.as_str())
    };
    let scene = AppScene::new().await;
    let list = async || scene.app.list_runs(&repository(), RunStatus::InProgress).await;
    scene.answers_numbered_page(RUNS, None, None, linked(runs(&[1, 2]), "\"one\"", 2)).await;
    scene.answers_numbered_page(RUNS, Some("2"), None, linked(runs(&[3]), "\"two\"", 3)).await;
    scene.answers_numbered_page(RUNS, Some("3"), None, ok(runs(&[4]), "\"three\"")).await;
    let all = private(&[1, 2, 3, 4]);
    assert_eq!(list().await, Ok(read(all.clone(), 3)));
    // The first two have not changed, the last one has.
    scene.answers_numbered_page(RUNS, None, Some("\"one\""), not_modified()).await;
    scene.answers_numbered_page(RUNS, Some("2"), Some("\"two\""), not_modified()).await;
    assert_eq!(list().await, Ok(read(all, 1)));
}

/// A repository that has moved to another owner answers under its old name, too.
#[tokio::test]
async fn runs_say_whether_their_repository_is_public_and_whose_it_is() {
    let run = |id, repository: Value| json!({"id": id, "repository": repository});
    let runs = [
        run(1, json!({"full_name": "octo-org/r", "private": true})),
        run(2, json!({"full_name": "Octo-Org/r", "private": false})),
        run(3, json!({"full_name": "hubot/r", "private": false})),
        run(4, json!({"full_name": "octo-org2/r", "private": true})),
        run(5, json!({"full_name": "octo-org/r", "private": null})),
        run(6, json!({"full_name": "octo-org/r", "visibility": "public"})),
    ];
    let scene = AppScene::new().await;
    scene.answers("GET", RUNS, ok(json!({"total_count": 6, "workflow_runs": runs}), "\"runs\"")).await;
    let listed = scene.app.list_runs(&repository(), RunStatus::Queued).await;
    let run = |id, is_public| ListedRun { id: RunId(id), is_public };
    let ours = vec![run(1, false), run(2, true), run(5, false), run(6, true)];
    assert_eq!(listed, Ok(read(ours, 1)), "what says nothing is private");
}

#[tokio::test]
async fn a_limit_says_how_long_to_wait_and_a_repository_that_is_gone_is_not_found() {
    let limit = ResponseTemplate::new(403)
        .insert_header("retry-after", "75")
        .set_body_json(json!({"message": "You have exceeded a secondary rate limit."}));
    let gone = || ResponseTemplate::new(404).set_body_json(json!({"message": "Not Found"}));
    let scene = AppScene::new().await;
    scene.answers("GET", "/repos/octo-org/r/actions/runs/7/jobs", limit.clone()).await;
    scene.answers("GET", REPOSITORIES, limit).await;
    scene.answers("GET", RUNS, gone()).await;
    let wait = GithubError::Wait(Duration::from_secs(75));
    assert_eq!(scene.app.list_jobs(&repository(), RunId(7)).await, Err(wait.clone()));
    assert_eq!(scene.app.list_repositories().await, Err(wait));
    let listed = scene.app.list_runs(&repository(), RunStatus::Queued).await;
    assert_eq!(listed, Err(GithubError::NotFound("404 Not Found".to_owned())));

    // No repository is gone because the App is not installed.
    let scene = AppScene::without_installation().await;
    scene.answers("GET", "/orgs/octo-org/installation", gone()).await;
    let listed = scene.app.list_runs(&repository(), RunStatus::Queued).await;
    assert!(matches!(&listed, Err(GithubError::Refused(why)) if why.contains("not installed")), "{listed:?}");
}

#[tokio::test]
async fn the_repositories_are_those_that_were_pushed_to_last_and_are_in_use() {
    let scene = AppScene::new().await;
    let listed = json!([
        {"full_name": "o/new", "pushed_at": "2026-10-05T09:00:00Z", "archived": false},
        {"full_name": "o/archived", "pushed_at": "2026-10-05T08:00:00Z", "archived": true},
        {"full_name": "o/empty", "pushed_at": null},
        {"full_name": "o/old", "pushed_at": "2020-10-05T09:00:00Z"},
    ]);
    // There are more pages, and nobody wants them.
    let link = "<https://api.github.com/organizations/1/repos?page=2>; rel=\"next\"";
    scene.answers("GET", REPOSITORIES, ok(listed, "\"e\"").insert_header("link", link)).await;
    let at = |text: &str| -> Timestamp { text.parse().unwrap() };
    let expected = vec![
        (Repository::new("o/new"), at("2026-10-05T09:00:00Z")),
        (Repository::new("o/old"), at("2020-10-05T09:00:00Z")),
    ];
    assert_eq!(scene.app.list_repositories().await, Ok(read(expected, 1)));
    assert_eq!(scene.count("GET", REPOSITORIES).await, 1);
    assert_eq!(
        scene.last("GET", REPOSITORIES).await.url.query(),
        Some("sort=pushed&direction=desc&per_page=100")
    );
}

#[tokio::test]
async fn a_job_says_what_it_asks_for_and_since_when_it_is_as_it_is() {
    let scene = AppScene::new().await;
    let jobs = json!({"total_count": 3, "jobs": [
        {"id": 9_007_199_254_740_993_u64, "status": "queued", "labels": ["Linux", "x64"], "runner_id": null,
            "created_at": "2026-10-05T09:00:00Z", "started_at": "2026-10-05T09:00:01Z"},
        {"id": 2, "status": "in_progress", "labels": [], "runner_id": 21, "runner_name": "build-box",
            "created_at": "2026-10-05T09:00:00Z", "started_at": "2026-10-05T09:05:00Z"},
        {"id": 3, "status": "what is new", "runner_id": 0, "runner_name": ""},
    ]});
    scene.answers("GET", "/repos/octo-org/r/actions/runs/7/jobs", ok(jobs, "\"e\"")).await;
    let at = |text: &str| -> Option<Timestamp> { Some(text.parse().unwrap()) };
    let job = |id, status, labels: &[&str], runner, since| ListedJob {
        id: JobId(id),
        status,
        labels: labels.iter().collect(),
        runner,
        since,
    };
    let runner = SeenRunner { id: GithubRunnerId(21), name: "build-box".to_owned() };
    let queued = JobStatus::Queued;
    let expected = vec![
        job(9_007_199_254_740_993, queued, &["linux", "x64"], None, at("2026-10-05T09:00:00Z")),
        job(2, JobStatus::InProgress, &[], Some(runner), at("2026-10-05T09:05:00Z")),
        job(3, JobStatus::Waiting, &[], None, None),
    ];
    assert_eq!(scene.app.list_jobs(&repository(), RunId(7)).await, Ok(read(expected, 1)));
    assert_eq!(
        scene.last("GET", "/repos/octo-org/r/actions/runs/7/jobs").await.url.query(),
        Some("filter=latest&per_page=100")
    );
}

/// GitHub Enterprise Server, or a proxy, may leave out what GitHub itself always says.
#[tokio::test]
async fn an_entry_that_cannot_be_read_hides_none_of_the_others() {
    let scene = AppScene::new().await;
    let pushed = "2026-11-02T08:00:00Z";
    let repositories = json!([
        {"full_name": null, "pushed_at": pushed},
        {"full_name": "octo-org/r", "pushed_at": pushed},
        {"full_name": "octo-org/s", "pushed_at": "yesterday"},
        null,
    ]);
    scene.answers("GET", REPOSITORIES, ok(repositories, "\"repositories\"")).await;
    let listed = scene.app.list_repositories().await.unwrap().read;
    assert_eq!(listed, [(repository(), pushed.parse().unwrap())]);

    let of = json!({"full_name": "octo-org/r", "private": true});
    let page = json!({"workflow_runs": [{"id": 7, "repository": of}, {"id": 8, "repository": null}, {}]});
    scene.answers("GET", RUNS, ok(page, "\"runs\"")).await;
    let listed = scene.app.list_runs(&repository(), RunStatus::Queued).await.unwrap().read;
    assert_eq!(listed, private(&[7]));

    let labels = json!(["linux", null]);
    let page = json!({"jobs": [
        {"id": 1, "status": "queued", "labels": labels},
        {"id": 2, "status": null},
        {"id": 3, "status": "queued", "labels": null},
    ]});
    scene.answers("GET", &format!("{RUNS}/7/jobs"), ok(page, "\"jobs\"")).await;
    let listed = scene.app.list_jobs(&repository(), RunId(7)).await.unwrap().read;
    let told: Vec<_> = listed.iter().map(|job| (job.id, job.labels.to_string())).collect();
    assert_eq!(told, [(JobId(1), "\"linux\"".to_owned()), (JobId(3), String::new())]);
}
