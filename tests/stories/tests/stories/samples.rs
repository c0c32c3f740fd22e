//! The sample of a runner's question is one.

use aws_lambda_events::lambda_function_urls::LambdaFunctionUrlRequest;
use sandbox::Functions as _;

const QUESTION: &str = include_str!("../../../../events/lambda/registrar/question.json");

#[test]
fn the_sample_of_a_question_is_answered() {
    let scene = stories::scene();
    let request: LambdaFunctionUrlRequest = serde_json::from_str(QUESTION).unwrap();
    let clock = scene.world.sandbox().manual_clock();
    let response = clock.run(scene.world.functions().registrar(request)).unwrap();
    let body = response.body.unwrap();
    assert_eq!((response.status_code, &body[..]), (200, r#"{"answer":"leave"}"#), "nobody knows the runner");
}
