//! Every input gets an answer: no panic, no 5xx.

use aws_lambda_events::lambda_function_urls::LambdaFunctionUrlRequest;
use fleet::PoolMap;
use fleet::ledger::JobMessage;
use fleet::pools::DEFAULT_POOLS;
use fleet::ports::{QueueError, SendMessage};
use futures_util::FutureExt as _;
use github::signature::sign;
use proptest::prelude::*;
use serde_json::json;
use webhook::{Webhook, WebhookDeployment, WebhookSettings};

struct TakesAll;

impl SendMessage for TakesAll {
    async fn send_message(&self, _: &JobMessage) -> Result<(), QueueError> {
        Ok(())
    }
}

fn status(request: &LambdaFunctionUrlRequest) -> i64 {
    let pools = PoolMap::from_toml(DEFAULT_POOLS).unwrap();
    let deployed = WebhookDeployment { organisation: "octo-org".to_owned(), pools, job_names: true };
    let settings = WebhookSettings { secrets: vec!["secret".into()], deployed };
    Webhook { queue: TakesAll }
        .handle(&settings, request)
        .now_or_never()
        .expect("nothing here waits")
        .status_code
}

fn request(event: &str, body: &str, is_base64: bool, signature: &str) -> LambdaFunctionUrlRequest {
    serde_json::from_value(json!({
        "headers": {"x-github-event": event, "x-github-delivery": "1", "x-hub-signature-256": signature},
        "body": body, "isBase64Encoded": is_base64, "requestContext": {"timeEpoch": 0, "http": {}},
    }))
    .unwrap()
}

proptest! {
    #[test]
    fn unsigned_bytes_get_a_4xx(body in ".{0,200}", is_base64 in any::<bool>(), signature in "[ -~]{0,80}") {
        let status = status(&request("workflow_job", &body, is_base64, &signature));
        prop_assert!((400..500).contains(&status), "{}", status);
    }

    #[test]
    fn signed_bytes_of_any_kind_get_an_answer(
        body in prop_oneof![
            ".{0,200}",
            "\\{\"action\":\"[a-z_]{0,12}\",\"workflow_job\":\\{\"id\":[0-9]{1,22},\"labels\":(null|\\[\"[a-zA-Z0-9 ]{0,9}\"\\])\\},\"repository\":\\{\"full_name\":\"[a-z/]{0,9}\"\\}\\}",
        ],
        event in prop_oneof!["workflow_job", "[a-z_]{1,12}"],
    ) {
        let signature = sign(&"secret".into(), body.as_bytes());
        let status = status(&request(&event, &body, false, &signature));
        prop_assert!([200, 202, 400].contains(&status), "{}", status);
    }
}
