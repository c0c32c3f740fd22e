//! A webhook delivery on its way: GitHub's POST, and the Function URL event that it becomes.

use fleet::DeliveryId;
use github::delivery::{DELIVERY_HEADER, EVENT_HEADER};
use github::signature::{SIGNATURE_HEADER, sign};
use secrecy::SecretString;
use serde_json::{Map, Value, json};

/// One POST of GitHub's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// `X-GitHub-Delivery`.
    pub id: DeliveryId,
    /// `X-GitHub-Event`.
    pub event: String,
    /// The body, byte for byte as it is signed.
    pub body: String,
}

impl Delivery {
    /// GitHub's headers for it, in the lower case in which a Function URL hands them over, signed
    /// with the hook's secret.
    pub fn headers(&self, secret: &SecretString) -> Vec<(&'static str, String)> {
        vec![
            ("accept", "*/*".to_owned()),
            ("content-length", self.body.len().to_string()),
            ("content-type", "application/json".to_owned()),
            ("user-agent", "GitHub-Hookshot/0000000".to_owned()),
            (DELIVERY_HEADER, self.id.to_string()),
            (EVENT_HEADER, self.event.clone()),
            (SIGNATURE_HEADER, sign(secret, self.body.as_bytes())),
        ]
    }
}

/// The event that a Lambda Function URL makes of a POST (payload format 2.0).
pub fn function_url_event<'a>(headers: impl IntoIterator<Item = (&'a str, String)>, body: &str) -> Value {
    let headers: Map<String, Value> =
        headers.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/",
        "rawQueryString": "",
        "headers": headers,
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "mayfly",
            "domainName": "mayfly.lambda-url.us-east-1.on.aws",
            "domainPrefix": "mayfly",
            "http": {
                "method": "POST",
                "path": "/",
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "GitHub-Hookshot/0000000",
            },
            "requestId": "00000000-0000-0000-0000-000000000000",
            "routeKey": "$default",
            "stage": "$default",
            "time": "05/Oct/2026:09:00:00 +0000",
            "timeEpoch": 1_791_190_800_000_i64,
        },
        "body": body,
        "isBase64Encoded": false,
    })
}
