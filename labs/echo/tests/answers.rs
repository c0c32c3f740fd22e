//! Functions on the Lambda Runtime API: the bare one, and one that never asks for an event.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use wire::lambda::{ExecutionEnvironment, FunctionConfig, InvokeError};

fn config(binary: PathBuf) -> FunctionConfig {
    FunctionConfig {
        name: "echo".to_owned(),
        binary,
        memory: 128,
        timeout: Duration::from_secs(10),
        variables: std::iter::empty().collect(),
        log: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_comes_back_as_it_went() {
    let mut environment =
        ExecutionEnvironment::start(&config(env!("CARGO_BIN_EXE_echo").into())).await.unwrap();
    environment.initialised().await.unwrap();
    for event in [r#"{"body":"{}"}"#, "[1,2]", "null"] {
        assert_eq!(environment.invoke(event.into()).await.unwrap(), event);
    }
}

#[tokio::test]
async fn an_environment_that_ends_loses_its_event() {
    let folder = tempfile::tempdir().unwrap();
    let ends = folder.path().join("ends");
    fs::write(&ends, "#!/bin/sh\nexit 3\n").unwrap();
    fs::set_permissions(&ends, Permissions::from_mode(0o755)).unwrap();
    let mut environment = ExecutionEnvironment::start(&config(ends)).await.unwrap();
    let ended = environment.invoke("1".into()).await.unwrap_err();
    assert_eq!(ended, InvokeError::Ended("exit status: 3".to_owned()));
}
