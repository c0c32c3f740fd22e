//! `mayfly replay`: whose task is whose, what it takes, and what it exits with.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;

use crate::{mayfly, root, stderr};

fn json(args: &[&str]) -> Value {
    let output = mayfly(&[&["replay", "--json"], args].concat());
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", stderr(&output)))
}

fn deliveries(json: &Value) -> &Vec<Value> {
    json["deliveries"].as_array().unwrap()
}

/// A copy of a sample in a folder of its own, without the file beside it.
fn alone(folder: &Path, sample: &str) -> String {
    let file = folder.join(format!("{sample}.json"));
    fs::copy(root().join("events/github").join(format!("{sample}.json")), &file).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn every_job_that_is_queued_has_its_own_task_however_launches_are_paced() {
    let all = json(&["events/github"]);
    let mut jobs = BTreeSet::new();
    for row in deliveries(&all) {
        let is_first = row["event"] == "workflow_job queued" && jobs.insert(row["job"].to_string());
        let tasks = row["tasks"].as_array().unwrap();
        let expected = usize::from(row["status"] == 202 && is_first);
        assert_eq!(tasks.len(), expected, "{}", row["name"]);
        for task in tasks {
            let pool = row["pool"].as_str().unwrap();
            let provider = match (pool.starts_with("fargate"), pool.ends_with("spot")) {
                (true, true) => "FARGATE_SPOT".to_owned(),
                (true, false) => "FARGATE".to_owned(),
                (false, _) => format!("mayfly_{pool}"),
            };
            assert_eq!(task["capacity_provider"], provider.as_str(), "{}", row["name"]);
        }
    }
}

#[test]
fn forty_jobs_of_one_pool_have_forty_rows_with_a_task_though_fifteen_run_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let sample = fs::read_to_string(root().join("events/github/queued-fargate-x64.json")).unwrap();
    for job in 0..40_u64 {
        let mut payload: Value = serde_json::from_str(&sample).unwrap();
        payload["workflow_job"]["id"] = (7000 + job).into();
        fs::write(folder.path().join(format!("{job:02}.json")), payload.to_string()).unwrap();
    }
    let all = json(&[folder.path().to_str().unwrap()]);
    assert_eq!(deliveries(&all).len(), 40, "a folder is its files");
    let tasks: BTreeSet<&str> =
        deliveries(&all).iter().map(|row| row["tasks"][0]["arn"].as_str().unwrap()).collect();
    assert_eq!(tasks.len(), 40);
}

#[test]
fn a_refusal_fails_unless_the_file_beside_it_says_that_very_status() {
    let folder = tempfile::tempdir().unwrap();
    let code = |args: &[&str]| mayfly(&[&["replay"], args].concat()).status.code();
    assert_eq!(code(&["events/github/broken-signature.json"]), Some(0));
    assert_eq!(code(&["events/github"]), Some(0));

    let file = alone(folder.path(), "broken-signature");
    let beside = folder.path().join("broken-signature.toml");
    fs::write(&beside, "[delivery]\nsignature = \"wrong\"\n").unwrap();
    let output = mayfly(&["replay", &file]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).starts_with("mayfly: broken-signature is refused: 401 "), "{}", stderr(&output));
    fs::write(&beside, "[delivery]\nsignature = \"wrong\"\n[answer]\nstatus = 400\n").unwrap();
    assert_eq!(code(&[&file]), Some(1));
}

#[test]
fn expect_makes_it_a_check_of_what_the_answers_are() {
    let queued = "events/github/queued-ec2-x64.json";
    let unserved = "events/github/no-pool.json";
    let signature = "events/github/broken-signature.json";
    for (expected, file, code) in [
        ("served", queued, 0),
        ("accepted", queued, 0),
        ("202", queued, 0),
        ("200", queued, 1),
        ("served", unserved, 1),
        ("accepted", unserved, 1),
        ("200", unserved, 0),
        ("401", signature, 0),
        ("served", signature, 1),
        ("serve", queued, 2),
        ("99", queued, 2),
    ] {
        let output = mayfly(&["replay", file, "--expect", expected]);
        assert_eq!(output.status.code(), Some(code), "{expected} {file}: {}", stderr(&output));
    }
    let output = mayfly(&["replay", unserved, "--expect", "served"]);
    assert!(stderr(&output).starts_with("mayfly: no-pool is not served by a pool: 200 no pool serves"));
}

#[test]
fn a_delivery_comes_on_standard_input() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_mayfly"))
        .args(["replay", "-", "--expect", "served"])
        .current_dir(root())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let payload = fs::read(root().join("events/github/queued-ec2-x64.json")).unwrap();
    child.stdin.take().unwrap().write_all(&payload).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn an_event_with_a_base64_body_is_replayed_like_any_other() {
    let folder = tempfile::tempdir().unwrap();
    let event = fs::read(root().join("events/lambda/queued-ec2-x64.json")).unwrap();
    let mut event: Value = serde_json::from_slice(&event).unwrap();
    event["body"] = BASE64.encode(event["body"].as_str().unwrap()).into();
    event["isBase64Encoded"] = true.into();
    let file = folder.path().join("encoded.json");
    fs::write(&file, event.to_string()).unwrap();
    let replayed = json(&[file.to_str().unwrap()]);
    let row = &deliveries(&replayed)[0];
    assert_eq!((&row["status"], &row["event"]), (&202.into(), &"workflow_job queued".into()));
    assert_eq!(row["tasks"].as_array().unwrap().len(), 1);

    event["body"] = "%%%".into();
    fs::write(&file, event.to_string()).unwrap();
    let output = mayfly(&["replay", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("its isBase64Encoded is true, and its body is not base64"));
}

#[test]
fn a_users_own_sidecar_says_only_what_it_has_to() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("starred.json");
    fs::write(&file, r#"{"action":"created","repository":{}}"#).unwrap();
    let file = file.to_str().unwrap();
    let output = mayfly(&["replay", file]);
    assert_eq!(output.status.code(), Some(2), "nobody knows its event");
    fs::write(folder.path().join("starred.toml"), "[delivery]\nevent = \"star\"\n").unwrap();
    assert_eq!(deliveries(&json(&[file]))[0]["event"], "star created");
}

#[test]
fn a_file_of_the_same_name_that_is_no_sidecar_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = alone(folder.path(), "queued-ec2-x64");
    for other in ["[package]\nname = \"x\"\n", "[task]\nbuild = \"make\"\n", "no TOML at all {", ""] {
        fs::write(folder.path().join("queued-ec2-x64.toml"), other).unwrap();
        let output = mayfly(&["replay", &file]);
        assert_eq!(output.status.code(), Some(0), "{other}: {}", stderr(&output));
    }
    for wrong in ["[delivery]\nevnt = \"ping\"\n", "[delivery\nevent = \"ping\"\n", "tells = 1\n"] {
        fs::write(folder.path().join("queued-ec2-x64.toml"), wrong).unwrap();
        let output = mayfly(&["replay", &file]);
        assert_eq!(output.status.code(), Some(2), "{wrong}");
        assert!(stderr(&output).contains("queued-ec2-x64.toml is not a sidecar: "));
    }
}

/// Answers each POST so, until the test ends.
fn function_url(status: u16, body: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut length, mut line) = (0, String::new());
            while reader.read_line(&mut line).unwrap() > 2 {
                if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                line.clear();
            }
            reader.read_exact(&mut vec![0; length]).unwrap();
            let head =
                format!("HTTP/1.1 {status} .\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).unwrap();
        }
    });
    url
}

#[test]
fn what_is_posted_has_the_shape_of_what_is_replayed() {
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let queued = "events/github/queued-ec2-x64.json";
    let url = function_url(202, r#"{"message":"queued for the launcher","pool":"ec2-x64"}"#);
    let (here, there) = (json(&[queued]), json(&[queued, "--url", &url]));
    assert_eq!(keys(&here), keys(&there));
    assert_eq!(keys(&deliveries(&here)[0]), keys(&deliveries(&there)[0]));
    for field in ["name", "event", "job", "status", "message", "pool"] {
        assert_eq!(deliveries(&here)[0][field], deliveries(&there)[0][field], "{field}");
    }
    let code =
        |url: &str, args: &[&str]| mayfly(&[&["replay", queued, "--url", url], args].concat()).status.code();
    assert_eq!(code(&url, &["--expect", "served"]), Some(0));
    let refusing = function_url(413, "<html>too large</html>");
    assert_eq!(code(&refusing, &[]), Some(1));
    assert_eq!(code("http://127.0.0.1:9", &[]), Some(2), "nobody answers");
}
