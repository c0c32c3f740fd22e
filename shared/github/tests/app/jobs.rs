//! Jobs, runs and registrations as GitHub describes them, and what its 404 means.

use fleet::ports::{
    GithubError, JobStatus, ReadJob as _, ReadRepository as _, ReadRun as _, ReadRunner as _, Registration,
    RunId, SeenJob, SeenRunner,
};
use fleet::{GithubRunnerId, JobId, Repository};
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::scene::AppScene;

const JOB: &str = "/repos/o/r/actions/jobs/8";

fn ok(body: Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

fn not_found() -> ResponseTemplate {
    ResponseTemplate::new(404).set_body_json(json!({"message": "Not Found"}))
}

async fn read(scene: &AppScene) -> Result<SeenJob, GithubError> {
    scene.app.read_job(&Repository::new("o/r"), JobId(8)).await
}

#[tokio::test]
async fn each_status_is_read_and_a_runner_that_is_named_by_half_is_none() {
    let runner = SeenRunner { id: GithubRunnerId(21), name: "build-box".to_owned() };
    for (job, status, named, cut, why) in [
        (json!({"status": "queued"}), JobStatus::Queued, None, false, "it waits"),
        (json!({"status": "waiting"}), JobStatus::Waiting, None, false, "for an approval"),
        (json!({"status": "pending", "new": 1}), JobStatus::Waiting, None, false, "for a group"),
        (json!({"status": "what is new"}), JobStatus::Waiting, None, false, "for something else"),
        (
            json!({"status": "in_progress", "runner_id": 21, "runner_name": "build-box"}),
            JobStatus::InProgress,
            Some(runner.clone()),
            false,
            "at a runner",
        ),
        (
            json!({"status": "in_progress", "runner_id": 0, "runner_name": ""}),
            JobStatus::InProgress,
            None,
            false,
            "at nobody",
        ),
        (
            json!({"status": "in_progress", "runner_id": 21, "runner_name": null}),
            JobStatus::InProgress,
            None,
            false,
            "at half of one",
        ),
        (
            json!({"status": "completed", "conclusion": "success", "runner_id": 21, "runner_name": "build-box"}),
            JobStatus::Completed,
            Some(runner.clone()),
            false,
            "it ran",
        ),
        (
            json!({"status": "completed", "conclusion": "cancelled", "runner_id": null, "runner_name": null}),
            JobStatus::Completed,
            None,
            true,
            "it may not have run",
        ),
    ] {
        let scene = AppScene::new().await;
        let mut body =
            json!({"id": 8, "run_id": 9_007_199_254_740_993_u64, "started_at": "2026-10-05T09:00:00Z"});
        body.as_object_mut().unwrap().extend(job.as_object().unwrap().clone());
        scene.answers("GET", JOB, ok(body)).await;
        let seen = read(&scene).await.unwrap();
        let expected = (RunId(9_007_199_254_740_993), status, named, cut);
        assert_eq!((seen.run, seen.status, seen.runner, seen.may_not_have_run), expected, "{why}");
        assert_eq!(seen.started_at, Some("2026-10-05T09:00:00Z".parse().unwrap()), "{why}");
    }
}

#[tokio::test]
async fn a_job_is_gone_only_from_a_repository_that_the_app_may_read() {
    for (repository, expected, why) in [
        (
            ok(json!({"id": 1, "full_name": "o/r"})),
            GithubError::NotFound("404 Not Found".to_owned()),
            "there is none",
        ),
        (
            not_found(),
            GithubError::Refused(
                "the App may not read o/r; let its installation have the repository".to_owned(),
            ),
            "GitHub answers 404 for all that may not be read",
        ),
        (
            ResponseTemplate::new(502).set_body_json(json!({"message": "Bad Gateway"})),
            GithubError::Unavailable("502 Bad Gateway".to_owned()),
            "nothing can be told",
        ),
    ] {
        let scene = AppScene::new().await;
        scene.answers("GET", JOB, not_found()).await;
        scene.answers("GET", "/repos/o/r", repository).await;
        assert_eq!(read(&scene).await, Err(expected), "{why}");
    }
}

/// A job may wait while its repository is renamed; GitHub then names the repository by its id.
#[tokio::test]
async fn what_belongs_to_a_renamed_repository_is_read_where_it_is_now() {
    let moved = |status, to: String| {
        let body = json!({"message": "Moved Permanently", "url": to});
        ResponseTemplate::new(status).insert_header("location", to).set_body_json(body)
    };
    for base in ["", "/api/v3"] {
        for status in [301, 302, 307, 308] {
            let scene = AppScene::below(base).await;
            let by_id = "/repositories/77/actions/jobs/8";
            scene.answers("GET", JOB, moved(status, scene.url(by_id))).await;
            scene.answers("GET", by_id, ok(json!({"run_id": 3, "status": "queued"}))).await;
            assert_eq!(read(&scene).await.unwrap().status, JobStatus::Queued, "{status} below {base:?}");
        }
    }
    let to_itself = AppScene::new().await;
    to_itself.answers("GET", JOB, moved(301, to_itself.url(JOB))).await;
    let problem = GithubError::Unavailable("301 Moved Permanently".to_owned());
    assert_eq!(read(&to_itself).await, Err(problem.clone()), "in a circle");
    assert_eq!(to_itself.count("GET", JOB).await, 4, "the first, and three more");

    let (scene, elsewhere) = (AppScene::new().await, AppScene::new().await);
    scene.answers("GET", JOB, moved(301, elsewhere.url(JOB))).await;
    elsewhere.answers("GET", JOB, ok(json!({"run_id": 3, "status": "queued"}))).await;
    assert_eq!(read(&scene).await, Err(problem), "a token goes to GitHub alone");
    assert_eq!(elsewhere.count("GET", JOB).await, 0);
}

#[tokio::test]
async fn no_job_is_gone_because_the_app_is_not_installed() {
    let scene = AppScene::without_installation().await;
    scene.answers("GET", "/orgs/octo-org/installation", not_found()).await;
    let refused = read(&scene).await;
    assert!(
        matches!(&refused, Err(GithubError::Refused(why)) if why.contains("not installed")),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_run_has_ended_when_github_says_so() {
    for (status, has_ended) in
        [("queued", false), ("in_progress", false), ("pending", false), ("completed", true)]
    {
        let scene = AppScene::new().await;
        scene.answers("GET", "/repos/o/r/actions/runs/7", ok(json!({"id": 7, "status": status}))).await;
        assert_eq!(
            scene.app.has_run_ended(&Repository::new("o/r"), RunId(7)).await,
            Ok(has_ended),
            "{status}"
        );
    }
}

#[tokio::test]
async fn a_runner_is_as_github_says_or_is_not_there() {
    let path = "/orgs/octo-org/actions/runners/21";
    let of = |status, busy| ok(json!({"id": 21, "name": "n", "status": status, "busy": busy}));
    let seen = |is_online, is_busy| {
        Some(Registration { id: GithubRunnerId(21), name: "n".to_owned(), is_online, is_busy })
    };
    for (answer, expected) in [
        (of("online", true), seen(true, true)),
        (of("online", false), seen(true, false)),
        (of("offline", false), seen(false, false)),
        (not_found(), None),
    ] {
        let scene = AppScene::new().await;
        scene.answers("GET", path, answer).await;
        assert_eq!(scene.app.read_runner(GithubRunnerId(21)).await, Ok(expected));
    }
}

#[tokio::test]
async fn a_repository_is_public_when_it_is_not_private() {
    for private in [true, false] {
        let scene = AppScene::new().await;
        scene.answers("GET", "/repos/o/r", ok(json!({"id": 1, "private": private}))).await;
        assert_eq!(scene.app.is_public(&Repository::new("o/r")).await, Ok(!private));
    }
}
