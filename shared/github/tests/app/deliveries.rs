//! The deliveries of a webhook: the App's own, or the organisation's.

use std::time::Duration;

use fleet::DeliveryId;
use fleet::delivery::{AttemptId, AttemptPage, DeliveryCursor, WalkProgress};
use fleet::ports::{GithubError, ListDeliveries as _, Redeliver as _};
use github::app::Hook;
use jiff::Timestamp;
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::scene::AppScene;

const HOOK_URL: &str = "https://mayfly.example/";

/// Beyond 2^53: read as a float it is 9,007,199,254,740,992.
const BEYOND_FLOATS: i64 = 9_007_199_254_740_993;

const APP_HOOK: &str = "/app/hook/deliveries";
const HOOKS: &str = "/orgs/octo-org/hooks";
const ORGANISATION_HOOK: &str = "/orgs/octo-org/hooks/3/deliveries";

/// An attempt as GitHub's list has it.
fn attempt(id: i64, delivered_at: &str, status_code: u16) -> Value {
    json!({
        "id": id, "guid": format!("guid-{id}"), "delivered_at": delivered_at, "redelivery": false,
        "duration": 0.03, "status": "Service Unavailable", "status_code": status_code,
        "event": "workflow_job", "action": "queued", "installation_id": 1, "repository_id": null,
        "throttled_at": null,
    })
}

fn page(attempts: &[Value], next: Option<&str>) -> ResponseTemplate {
    let response = ResponseTemplate::new(200).set_body_json(attempts);
    let Some(next) = next else { return response };
    let link = format!(
        "<https://api.github.com/x?per_page=100&cursor=v0_0>; rel=\"prev\", \
         <https://api.github.com/x?per_page=100&cursor={next}>; rel=\"next\""
    );
    response.insert_header("link", link)
}

/// The organisation has these hooks, by id and URL.
async fn hooks(scene: &AppScene, hooks: &[(u64, &str)]) {
    let hooks: Vec<Value> = hooks.iter().map(|(id, url)| json!({"id": id, "config": {"url": url}})).collect();
    scene.answers("GET", HOOKS, ResponseTemplate::new(200).set_body_json(hooks)).await;
}

#[tokio::test]
async fn an_id_beyond_2_to_the_53_is_read_and_asked_for_as_it_is() {
    for (hook, path) in [(Hook::App, APP_HOOK), (Hook::Organisation(HOOK_URL.to_owned()), ORGANISATION_HOOK)]
    {
        let scene = AppScene::new().await;
        hooks(&scene, &[(2, "https://other.example/"), (3, "https://mayfly.example")]).await;
        let listed = [attempt(BEYOND_FLOATS, "2026-10-05T09:00:00Z", 502)];
        scene.answers_page(path, None, page(&listed, None)).await;
        let attempts = format!("{path}/9007199254740993/attempts");
        scene.answers("POST", &attempts, ResponseTemplate::new(202).set_body_json(json!({}))).await;

        let app = scene.client(hook.clone());
        let AttemptPage { attempts: listed, unreadable, next } = app.list_deliveries(None).await.unwrap();
        let read: Vec<_> = listed.iter().map(|it| (it.id, it.guid.as_str(), it.status_code)).collect();
        assert_eq!(read, [(AttemptId(BEYOND_FLOATS), "guid-9007199254740993", 502)]);
        assert_eq!((unreadable, next), (0, None));
        app.redeliver(listed[0].id).await.unwrap();
        app.redeliver(listed[0].id).await.unwrap();
        let by_app = scene.last("POST", &attempts).await.headers["authorization"] != "Bearer ghs_1";
        assert_eq!(by_app, hook == Hook::App, "an App's hook is asked for with the App's own token");
        assert_eq!(scene.count("GET", HOOKS).await, usize::from(!by_app), "a hook is looked for once");
    }
}

/// Page by page, and in another process after each of them.
#[tokio::test]
async fn pages_follow_each_other_by_links_and_another_process_goes_on_from_the_cursor() {
    let scene = AppScene::new().await;
    let first = [attempt(5, "2026-10-05T09:00:05Z", 202), attempt(4, "2026-10-05T09:00:04Z", 0)];
    let second = [attempt(3, "2026-10-05T09:00:03Z", 202)];
    let last = [attempt(2, "2026-10-05T09:00:02Z", 503), attempt(1, "2026-10-05T09:00:01Z", 400)];
    scene.answers_page(APP_HOOK, None, page(&first, Some("v1_3%3D"))).await;
    scene.answers_page(APP_HOOK, Some("v1_3="), page(&second, Some("v1_2"))).await;
    scene.answers_page(APP_HOOK, Some("v1_2"), page(&last, None)).await;

    let now: Timestamp = "2026-10-05T09:01:00Z".parse().unwrap();
    let mut stored = serde_json::to_string(&DeliveryCursor::default()).unwrap();
    let mut pages = 0;
    loop {
        let mut cursor: DeliveryCursor = serde_json::from_str(&stored).unwrap();
        let page = scene.client(Hook::App).list_deliveries(cursor.next_page()).await.unwrap();
        let reading = cursor.read(&page, now);
        stored = serde_json::to_string(&cursor).unwrap();
        pages += 1;
        if reading != WalkProgress::GoesOn {
            break;
        }
    }
    let mut cursor: DeliveryCursor = serde_json::from_str(&stored).unwrap();
    let asked: Vec<DeliveryId> = cursor.ask(now, 10).into_iter().map(|ask| ask.guid).collect();
    assert_eq!((pages, scene.count("GET", APP_HOOK).await), (3, 3));
    assert_eq!(asked, ["guid-2", "guid-4"].map(DeliveryId::new));
}

#[tokio::test]
async fn a_secondary_limit_says_how_long_to_wait() {
    let limit = || {
        let message = json!({"message": "You have exceeded a secondary rate limit."});
        ResponseTemplate::new(403).insert_header("retry-after", "75").set_body_json(message)
    };
    let scene = AppScene::new().await;
    scene.answers_page(APP_HOOK, None, limit()).await;
    scene.answers("POST", "/app/hook/deliveries/7/attempts", limit()).await;
    let wait = GithubError::Wait(Duration::from_secs(75));
    assert_eq!(scene.app.list_deliveries(None).await, Err(wait.clone()));
    assert_eq!(scene.app.redeliver(AttemptId(7)).await, Err(wait));
}

#[tokio::test]
async fn an_attempt_that_cannot_be_read_does_not_hide_the_others() {
    let scene = AppScene::new().await;
    let good = attempt(9, "2026-10-05T09:00:00Z", 503);
    let listed = [json!({"id": "nine"}), good, json!(null)];
    scene.answers_page(APP_HOOK, None, page(&listed, None)).await;
    let page = scene.app.list_deliveries(None).await.unwrap();
    assert_eq!((page.attempts.len(), page.unreadable), (1, 2));
}

#[tokio::test]
async fn a_hook_that_is_not_there_or_may_not_be_seen_says_what_to_do() {
    let organisations = |scene: &AppScene| scene.client(Hook::Organisation(HOOK_URL.to_owned()));
    let scene = AppScene::new().await;
    hooks(&scene, &[(2, "https://other.example/")]).await;
    let error = organisations(&scene).list_deliveries(None).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "GitHub has no such thing: octo-org has no webhook that posts to https://mayfly.example/; add it, or \
         deploy with HookKind app if the hook is the App's"
    );
    let scene = AppScene::new().await;
    scene.answers("GET", HOOKS, ResponseTemplate::new(403)).await;
    let error = organisations(&scene).redeliver(AttemptId(7)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "GitHub refuses: 403 ; the App may not list the organisation's webhooks, to find the one that posts \
         to https://mayfly.example/: give it the organisation permission \"Webhooks: write\""
    );
}

#[tokio::test]
async fn a_hook_that_was_made_anew_is_looked_for_again() {
    let scene = AppScene::new().await;
    let app = scene.client(Hook::Organisation(HOOK_URL.to_owned()));
    let listed = ResponseTemplate::new(200).set_body_json([json!({"id": 2, "config": {"url": HOOK_URL}})]);
    scene.answers_once("GET", HOOKS, listed).await;
    scene.answers("GET", "/orgs/octo-org/hooks/2/deliveries", ResponseTemplate::new(404)).await;
    assert!(matches!(app.list_deliveries(None).await, Err(GithubError::NotFound(_))));

    hooks(&scene, &[(3, HOOK_URL)]).await;
    scene.answers_page(ORGANISATION_HOOK, None, page(&[], None)).await;
    assert_eq!(app.list_deliveries(None).await, Ok(AttemptPage::default()));
}
