//! The bare function on the Lambda Runtime API.
#![allow(clippy::unwrap_used, reason = "a test that can not go on fails")]

use std::path::PathBuf;
use std::time::Duration;

use sandbox::wire::lambda::{Environment, FunctionConfig};

#[tokio::test(flavor = "multi_thread")]
async fn every_event_comes_back_as_it_went() {
    let config = FunctionConfig {
        name: "echo".to_owned(),
        binary: PathBuf::from(env!("CARGO_BIN_EXE_echo")),
        memory: 128,
        timeout: Duration::from_secs(10),
        concurrency: 1,
        variables: std::iter::empty().collect(),
        log: None,
    };
    let mut environment = Environment::start(&config).await.unwrap();
    environment.initialised().await.unwrap();
    for event in [r#"{"body":"{}"}"#, "[1,2]", "null"] {
        assert_eq!(environment.invoke(event.into()).await.unwrap(), event);
    }
}
