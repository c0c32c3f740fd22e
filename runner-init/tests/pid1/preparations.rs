//! What is looked after before the first question: Docker and the tool cache.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixListener;
use std::process::Command;
use std::thread;

use fleet::launch::exit_code::JOB_DONE;
use sha2::{Digest as _, Sha256};

use crate::registrar::{ScriptedAnswer, ScriptedRegistrar};
use crate::task::{command, open_folder, path, to_the_end};

fn registrar() -> ScriptedRegistrar {
    let steps = "say Running job: build; sleep 1";
    ScriptedRegistrar::start(vec![ScriptedAnswer::config(steps)], vec![ScriptedAnswer::wait(60)])
}

#[test]
fn docker_is_waited_for_until_it_is_well() {
    let folder = open_folder();
    let (_, socket) = path(&folder, "docker.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    thread::spawn(move || {
        for status in ["503 Service Unavailable", "200 OK"] {
            let (mut stream, _) = listener.accept().unwrap();
            assert!(stream.read(&mut [0; 256]).unwrap() > 0);
            write!(stream, "HTTP/1.0 {status}\r\n\r\n").unwrap();
        }
    });
    let registrar = registrar();
    let mut task = command(&registrar);
    task.env("MAYFLY_DOCKER_SOCKET", &socket);
    let ended = to_the_end(task);
    assert_eq!(i64::from(ended.code), JOB_DONE, "{}", ended.log);
}

#[test]
fn a_tool_cache_is_restored_from_an_archive_of_the_right_digest_only() {
    let folder = open_folder();
    let (archive, _) = path(&folder, "cache.tar");
    fs::create_dir(folder.path().join("node")).unwrap();
    fs::write(folder.path().join("node/x64.complete"), "").unwrap();
    let mut tar = Command::new("tar");
    tar.args(["--create", "--file", &archive, "node"]).current_dir(folder.path());
    assert!(tar.status().unwrap().success());
    let digest = hex::encode(Sha256::digest(fs::read(&archive).unwrap()));
    for (digest, restored) in [(digest.clone(), true), (digest.replace(['1', '2', '3'], "4"), false)] {
        let (cache, registrar) = (open_folder(), registrar());
        let mut task = command(&registrar);
        task.env("MAYFLY_TOOL_CACHE_ARCHIVE", &archive).env("MAYFLY_TOOL_CACHE_SHA256", digest);
        task.env("RUNNER_TOOL_CACHE", cache.path());
        let ended = to_the_end(task);
        assert_eq!(i64::from(ended.code), JOB_DONE, "{}", ended.log);
        assert_eq!(cache.path().join("node/x64.complete").exists(), restored, "{}", ended.log);
        assert_eq!(ended.log.contains("its SHA-256 is another one"), !restored, "{}", ended.log);
    }
}

#[test]
fn a_command_restores_it_and_sees_nothing_of_the_task() {
    for (command_line, told) in
        [("env > $RUNNER_TOOL_CACHE/seen", "tool cache restored"), ("exit 3", "not restored")]
    {
        let (cache, registrar) = (open_folder(), registrar());
        let mut task = command(&registrar);
        task.env("MAYFLY_TOOL_CACHE_COMMAND", command_line).env("RUNNER_TOOL_CACHE", cache.path());
        let ended = to_the_end(task);
        assert_eq!(i64::from(ended.code), JOB_DONE, "{}", ended.log);
        assert!(ended.log.contains(told), "{}", ended.log);
        let seen = fs::read_to_string(cache.path().join("seen")).unwrap_or_default();
        assert!(!seen.contains("MAYFLY") && !seen.contains("AWS_") && !seen.contains("ECS_"), "{seen}");
    }
}
