//! The sample of a runner's question is a real one.

use aws_lambda_events::lambda_function_urls::LambdaFunctionUrlRequest;
use sandbox::Functions as _;
use serde_json::Value;

const QUESTION: &str = include_str!("../../../../events/lambda/registrar/question.json");

fn answer_to(question: &str) -> (i64, String) {
    let scene = stories::scene();
    let mut event: Value = serde_json::from_str(QUESTION).unwrap();
    event["body"] = question.into();
    let request: LambdaFunctionUrlRequest = serde_json::from_value(event).unwrap();
    let clock = scene.world.sandbox().manual_clock();
    let response = clock.run(scene.world.functions().registrar(request)).unwrap();
    (response.status_code, response.body.unwrap())
}

#[test]
fn pid1_of_this_version_and_the_previous_one_gets_an_answer_and_a_future_one_the_reason() {
    let sample: Value = serde_json::from_str(QUESTION).unwrap();
    let mut question: Value = serde_json::from_str(sample["body"].as_str().unwrap()).unwrap();
    let leave = (200, r#"{"answer":"leave"}"#.to_owned());
    assert_eq!(answer_to(&question.to_string()), leave, "this version: the runner is unknown");
    question.as_object_mut().unwrap().remove("version");
    assert_eq!(answer_to(&question.to_string()), leave, "the previous version had no number");
    question["version"] = 2.into();
    let (status, says) = answer_to(&question.to_string());
    assert_eq!(status, 400);
    assert!(says.contains("`version`: version 2 is not read here, only 0 and 1"), "{says}");
}
