//! Functions on the Lambda Runtime API: the bare one, and one that never asks for an event.
#![allow(clippy::unwrap_used, reason = "a test that can not go on fails")]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use wire::lambda::{Environment, Function, FunctionConfig, InvokeError};

fn config(binary: PathBuf) -> FunctionConfig {
    FunctionConfig {
        name: "echo".to_owned(),
        binary,
        memory: 128,
        timeout: Duration::from_secs(10),
        concurrency: 1,
        variables: std::iter::empty().collect(),
        log: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_comes_back_as_it_went() {
    let mut environment = Environment::start(&config(env!("CARGO_BIN_EXE_echo").into())).await.unwrap();
    environment.initialised().await.unwrap();
    for event in [r#"{"body":"{}"}"#, "[1,2]", "null"] {
        assert_eq!(environment.invoke(event.into()).await.unwrap(), event);
    }
}

#[tokio::test]
async fn an_environment_that_is_killed_loses_its_event_and_makes_room_for_another() {
    let folder = tempfile::tempdir().unwrap();
    let hangs = folder.path().join("hangs");
    fs::write(&hangs, "#!/bin/sh\nexec sleep 60\n").unwrap();
    fs::set_permissions(&hangs, Permissions::from_mode(0o755)).unwrap();
    let function = Function::new(config(hangs));
    assert!(!function.kill_one(), "none has an event in hand");
    let killing = async {
        assert_eq!(function.invoke("2".into()).await, Err(InvokeError::Throttled), "one at once");
        assert!(function.kill_one());
    };
    let (first, ()) = tokio::join!(function.invoke("1".into()), killing);
    assert_eq!(first, Err(InvokeError::Ended("it was killed".to_owned())));
    assert!(!function.kill_one(), "none has an event in hand any longer");
}
