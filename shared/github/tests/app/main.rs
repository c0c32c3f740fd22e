//! The App's client against answers that GitHub gives when things go wrong.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod deliveries;
mod jobs;
mod lists;
mod scene;

use std::time::Duration;

use fleet::GithubRunnerId;
use fleet::ports::{
    DeleteRunner as _, FindRunner as _, FindRunnerGroup as _, GenerateJitConfig as _, GithubError,
    ListRunners as _, Registration, RegistrationPage, RunnerGroupId,
};
use github::app::AppError;
use scene::{AppScene, JIT, jit_runner};
use secrecy::ExposeSecret as _;
use serde_json::json;
use wiremock::ResponseTemplate;

#[tokio::test]
async fn a_registration_is_made_with_a_token_of_the_installation() {
    let scene = AppScene::new().await;
    scene.answers("POST", JIT, ResponseTemplate::new(201).set_body_json(scene::generated())).await;
    let made = scene.app.generate_jit_config(&jit_runner()).await.unwrap();
    assert_eq!((made.runner, made.encoded.expose_secret()), (GithubRunnerId(7), "the-config"));
    assert!(!format!("{made:?}").contains("the-config"));
    let asked = scene.last("POST", JIT).await;
    assert_eq!(asked.headers["authorization"], "Bearer ghs_1");
    assert_eq!(
        asked.body_json::<serde_json::Value>().unwrap(),
        json!({"name": "mayfly-p-0", "runner_group_id": 3, "labels": ["linux", "x64"], "work_folder": "_work"})
    );
    scene.app.generate_jit_config(&jit_runner()).await.unwrap();
    assert_eq!(scene.count("GET", "/orgs/octo-org/installation").await, 1, "it is found once");
    assert_eq!(scene.count("POST", "/app/installations/5/access_tokens").await, 1, "and its token kept");
}

#[tokio::test]
async fn each_status_is_the_error_that_says_what_to_do() {
    let answer =
        |status| ResponseTemplate::new(status).set_body_json(json!({"message": "in GitHub's words"}));
    for (response, expected) in [
        (answer(409), GithubError::Conflict),
        (answer(422), GithubError::Refused("422 in GitHub's words".to_owned())),
        (answer(404), GithubError::NotFound("404 in GitHub's words".to_owned())),
        (answer(403).insert_header("retry-after", "60"), GithubError::Wait(Duration::from_mins(1))),
        (answer(429).insert_header("retry-after", "7"), GithubError::Wait(Duration::from_secs(7))),
        (answer(403), GithubError::Refused("403 in GitHub's words".to_owned())),
        (answer(503), GithubError::Unavailable("503 in GitHub's words".to_owned())),
    ] {
        let scene = AppScene::new().await;
        scene.answers("POST", JIT, response).await;
        assert_eq!(scene.app.generate_jit_config(&jit_runner()).await.unwrap_err(), expected);
        assert_eq!(scene.count("POST", JIT).await, 1, "{expected}: nobody tries again by himself");
    }
}

#[tokio::test]
async fn a_token_that_is_not_known_everywhere_yet_is_tried_once_more() {
    let scene = AppScene::new().await;
    scene.answers_once("POST", JIT, ResponseTemplate::new(401)).await;
    scene.answers("POST", JIT, ResponseTemplate::new(201).set_body_json(scene::generated())).await;
    scene.app.generate_jit_config(&jit_runner()).await.unwrap();
    assert_eq!(scene.count("POST", JIT).await, 2);

    let scene = AppScene::without_installation().await;
    let path = "/orgs/octo-org/installation";
    scene.answers_once("GET", path, ResponseTemplate::new(401)).await;
    scene.is_installed().await;
    scene.app.warm_up().await.unwrap();
    assert_eq!(scene.count("GET", path).await, 2, "the App's own token");
}

#[tokio::test]
async fn a_key_that_github_does_not_know_is_refused_after_two_tries() {
    let scene = AppScene::new().await;
    scene.answers("POST", JIT, ResponseTemplate::new(401)).await;
    let error = scene.app.generate_jit_config(&jit_runner()).await.unwrap_err();
    assert!(matches!(error, GithubError::Refused(_)), "{error}");
    assert_eq!(scene.count("POST", JIT).await, 2);
}

#[tokio::test]
async fn an_answer_that_can_not_be_read_is_not_repeated() {
    for body in ["{\"runner\": {\"id\": \"a-secret\"}, ", "[\"a-secret\"]", ""] {
        let scene = AppScene::new().await;
        scene.answers("POST", JIT, ResponseTemplate::new(201).set_body_string(body)).await;
        let error = scene.app.generate_jit_config(&jit_runner()).await.unwrap_err();
        assert!(matches!(error, GithubError::Unavailable(_)), "{error}");
        assert!(!error.to_string().contains("a-secret"), "{error}");
    }
    let scene = AppScene::without_installation().await;
    scene.is_installed_with_token("{\"token\": [\"a-secret\"]}").await;
    let error = scene.app.warm_up().await.unwrap_err();
    assert!(matches!(error, GithubError::Unavailable(_)), "{error}");
    assert!(!error.to_string().contains("a-secret"), "{error}");
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_not_waited_for() {
    let scene = AppScene::new().await;
    scene.app.warm_up().await.unwrap();
    let never = ResponseTemplate::new(201).set_delay(Duration::from_hours(1));
    scene.answers("POST", JIT, never).await;
    let error = scene.app.generate_jit_config(&jit_runner()).await.unwrap_err();
    assert!(matches!(error, GithubError::Unavailable(_)), "{error}");
}

#[tokio::test]
async fn a_busy_runner_is_not_deleted_and_one_that_is_gone_is_no_error() {
    for (status, expected) in [
        (204, Ok(())),
        (404, Ok(())),
        (422, Err(GithubError::Busy)),
        (502, Err(GithubError::Unavailable("502 ".to_owned()))),
    ] {
        let scene = AppScene::new().await;
        scene.answers("DELETE", "/orgs/octo-org/actions/runners/7", ResponseTemplate::new(status)).await;
        assert_eq!(scene.app.delete_runner(GithubRunnerId(7)).await, expected, "{status}");
    }
}

#[tokio::test]
async fn a_runner_is_found_by_its_whole_name() {
    let scene = AppScene::new().await;
    let listed =
        json!({"total_count": 2, "runners": [{"id": 1, "name": "other"}, {"id": 2, "name": "ours"}]});
    let path = "/orgs/octo-org/actions/runners";
    scene.answers("GET", path, ResponseTemplate::new(200).set_body_json(listed)).await;
    assert_eq!(scene.app.find_runner("ours").await, Ok(Some(GithubRunnerId(2))));
    assert_eq!(scene.app.find_runner("our").await, Ok(None));
}

#[tokio::test]
async fn the_list_of_runners_says_who_is_online_and_busy_page_by_page() {
    let scene = AppScene::new().await;
    let path = "/orgs/octo-org/actions/runners";
    let described = |id: u64, status: &str, busy: bool| json!({"id": id, "name": format!("r-{id}"), "os": "linux", "status": status, "busy": busy, "labels": [], "new": 1});
    let runners = [described(1, "online", true), described(2, "offline", false), described(3, "new", false)];
    let listed = json!({"total_count": 103, "runners": runners});
    scene.answers("GET", path, ResponseTemplate::new(200).set_body_json(listed)).await;
    let of = |id, is_online, is_busy| Registration {
        id: GithubRunnerId(id),
        name: format!("r-{id}"),
        is_online,
        is_busy,
    };
    let registrations = vec![of(1, true, true), of(2, false, false), of(3, false, false)];
    assert_eq!(scene.app.list_runners(2).await, Ok(RegistrationPage { registrations, total: 103 }));
    let asked = scene.last("GET", path).await;
    assert_eq!(asked.url.query(), Some("per_page=100&page=2"));

    let scene = AppScene::new().await;
    let without_status = json!({"total_count": 1, "runners": [{"id": 1, "name": "r-1"}]});
    scene.answers("GET", path, ResponseTemplate::new(200).set_body_json(without_status)).await;
    let read = scene.app.list_runners(1).await;
    assert!(matches!(read, Err(GithubError::Unavailable(_))), "nobody is offline by mistake: {read:?}");
}

#[tokio::test]
async fn a_group_is_found_once_and_made_where_there_is_none() {
    let scene = AppScene::new().await;
    let path = "/orgs/octo-org/actions/runner-groups";
    let listed = json!({"total_count": 1, "runner_groups": [{"id": 1, "name": "Default"}]});
    scene.answers("GET", path, ResponseTemplate::new(200).set_body_json(listed)).await;
    let made = ResponseTemplate::new(201).set_body_json(json!({"id": 9, "name": "ecs"}));
    scene.answers("POST", path, made).await;
    for _ in 0..2 {
        assert_eq!(scene.app.find_runner_group("ecs").await, Ok(RunnerGroupId(9)));
    }
    assert_eq!((scene.count("GET", path).await, scene.count("POST", path).await), (1, 1));
    assert_eq!(scene.app.find_runner_group("default").await, Ok(RunnerGroupId(1)));
}

#[tokio::test]
async fn an_app_that_may_not_make_a_group_says_what_to_do() {
    let scene = AppScene::new().await;
    let path = "/orgs/octo-org/actions/runner-groups";
    let none = json!({"total_count": 0, "runner_groups": []});
    scene.answers("GET", path, ResponseTemplate::new(200).set_body_json(none)).await;
    scene.answers("POST", path, ResponseTemplate::new(403)).await;
    let error = scene.app.find_runner_group("ecs").await.unwrap_err().to_string();
    assert!(error.contains("no runner group ecs") && error.contains("make the group"), "{error}");
}

#[tokio::test]
async fn an_app_that_is_not_installed_says_so() {
    let scene = AppScene::without_installation().await;
    let error = scene.app.warm_up().await.unwrap_err().to_string();
    assert!(error.contains("the App 42 is not installed in octo-org"), "{error}");
}

#[tokio::test]
async fn an_enterprise_servers_api_lies_below_a_path() {
    let scene = AppScene::below("/api/v3").await;
    scene.answers("POST", JIT, ResponseTemplate::new(201).set_body_json(scene::generated())).await;
    scene.app.generate_jit_config(&jit_runner()).await.unwrap();
}

#[tokio::test]
async fn a_key_that_is_none_is_not_taken_and_not_repeated() {
    let scene = AppScene::new().await;
    assert_eq!(scene.app.use_key(&"hunter2".into()), Err(AppError::Key));
    assert!(!format!("{:?} {}", scene.app, AppError::Key).contains("hunter2"));
    scene.app.warm_up().await.expect("the last good key stays");
    let says = AppError::Key.to_string();
    assert!(says.contains("store the .pem file as GitHub gives it, not in base64"), "{says}");
}

#[tokio::test]
async fn a_key_may_be_on_one_line() {
    let scene = AppScene::new().await;
    scene.app.use_key(&scene::key_on_one_line().into()).expect("it is the same key");
    scene.app.warm_up().await.expect("and signs");
}
