//! What is a question, and what is none.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fleet::question::Listener;
use kit::recording::record;
use serde_json::json;

use crate::scene::RegistrarScene;
use crate::wire::{BOOT, request, ticket};

#[test]
fn what_is_no_question_is_told_what_is_wrong_without_repeating_it() {
    let scene = RegistrarScene::new();
    let dancing = r#"{"version": 1, "ticket": "hunter2", "boot": "b", "listener": "dancing"}"#;
    let long =
        json!({"version": 1, "ticket": "t", "boot": "hunter2".repeat(10), "listener": "up"}).to_string();
    for (method, path, body, named) in [
        ("POST", "/", "{}", "the path"),
        ("POST", "/claim", "{}", "the path"),
        ("GET", "/ask", "{}", "the method"),
        ("POST", "/ask", "hunter2", "`ticket`, `boot` and `listener`"),
        ("POST", "/ask", r#"{"ticket": "hunter2"}"#, "`ticket`, `boot` and `listener`"),
        ("POST", "/ask", dancing, "`ticket`, `boot` and `listener`"),
        ("POST", "/ask", r#"{"ticket": "hunter2", "boot": ""}"#, "`boot`"),
        ("POST", "/ask", &long, "`boot`"),
        ("POST", "/ask", &"hunter2".repeat(1000), "4096 bytes"),
    ] {
        let (answered, recorded) = record(|| scene.send(method, path, body));
        let message = answered.body["message"].as_str().unwrap();
        assert_eq!(answered.status, 400, "{message}");
        assert!(message.contains(named) && !message.contains("hunter2"), "{message}");
        assert!(!recorded.log.contains("hunter2"), "{}", recorded.log);
        assert_eq!(recorded.lines("question not understood").len(), 1, "{message}");
    }
}

#[test]
fn a_question_of_the_version_before_is_answered() {
    let (scene, runner) = RegistrarScene::with_a_runner();
    let before = json!({"ticket": ticket(&runner), "boot": BOOT}).to_string();
    scene.assert_configured(&runner, &scene.send("POST", "/ask", &before), "version 0");
}

#[test]
fn one_of_tomorrow_is_told_which_versions_are_read() {
    let (scene, runner) = RegistrarScene::with_a_runner();
    let tomorrow = json!({"version": 2, "ticket": ticket(&runner), "boot": BOOT, "listener": "dancing"});
    let answered = scene.send("POST", "/ask", &tomorrow.to_string());
    let message = "`version`: version 2 is not read here, only 0 and 1: deploy the same version everywhere";
    assert_eq!((answered.status, &answered.body), (400, &json!({"message": message})));
    assert_eq!(scene.ask(&runner, Listener::None).in_words(), "config", "nothing has moved");
}

#[test]
fn a_body_in_base64_is_read_as_well() {
    let (scene, runner) = RegistrarScene::with_a_runner();
    let question = json!({"version": 1, "ticket": ticket(&runner), "boot": BOOT, "listener": "none"});
    let in_base64 = |body: &str| {
        let mut request = request("POST", "/ask", body);
        request.is_base64_encoded = true;
        request
    };
    assert_eq!(scene.handle(&in_base64("no base64!")).status, 400);
    let encoded = STANDARD.encode(question.to_string());
    scene.assert_configured(&runner, &scene.handle(&in_base64(&encoded)), "base64");
}
