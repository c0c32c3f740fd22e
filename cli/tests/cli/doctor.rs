//! `mayfly doctor --before-deploy`, against a server that speaks Service Quotas' JSON protocol: moto knows no
//! quotas but VPC's.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

/// What Service Quotas says of one quota.
#[derive(Clone, Copy)]
enum Says {
    /// What the account was given.
    Applied(f64),
    /// Nothing; this is what every account has.
    Default(f64),
    /// That there is no such quota here.
    Nothing,
    /// That the caller may not ask.
    Denied,
}
use Says::{Applied, Default, Denied, Nothing};

/// A new account's quotas, and what is not in its way.
const NEW: [(&str, Says); 5] = [
    ("L-1216C47A", Default(5.0)),
    ("L-34B43A08", Default(5.0)),
    ("L-3032A538", Applied(6.0)),
    ("L-36FBB829", Applied(6.0)),
    ("L-B99A9384", Applied(10.0)),
];

/// The operations that were asked for, with the code of the quota.
type AskedOperations = Arc<Mutex<Vec<String>>>;

/// Serves these quotas until the test ends.
fn quotas(says: &[(&'static str, Says)]) -> (String, AskedOperations) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (says, asked) = (says.iter().copied().collect::<BTreeMap<_, _>>(), AskedOperations::default());
    let its = Arc::clone(&asked);
    thread::spawn(move || {
        for stream in listener.incoming() {
            answer(stream.unwrap(), &says, &its);
        }
    });
    (url, asked)
}

fn answer(mut stream: TcpStream, says: &BTreeMap<&'static str, Says>, asked: &AskedOperations) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut length, mut operation, mut line) = (0, String::new(), String::new());
    while reader.read_line(&mut line).unwrap() > 2 {
        if let Some((name, value)) = line.split_once(':') {
            match name.to_lowercase().as_str() {
                "content-length" => length = value.trim().parse().unwrap(),
                "x-amz-target" => {
                    value.trim().trim_start_matches("ServiceQuotasV20190624.").clone_into(&mut operation);
                }
                _ => {}
            }
        }
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let request: Value = serde_json::from_slice(&body).unwrap();
    let code = request["QuotaCode"].as_str().unwrap();
    let service = request["ServiceCode"].as_str().unwrap();
    asked.lock().unwrap().push(format!("{operation} {service} {code}"));
    let value = |value: f64| {
        (200, json!({"Quota": {"ServiceCode": service, "QuotaCode": code, "Value": value, "Unit": "None"}}))
    };
    let error = |code: &str, message: &str| (400, json!({"__type": code, "Message": message}));
    let (status, answer) = match (says.get(code).copied().unwrap_or(Nothing), operation.as_str()) {
        (Denied, _) => {
            error("AccessDeniedException", "not authorized to perform: servicequotas:GetServiceQuota")
        }
        (Applied(quota), "GetServiceQuota") | (Default(quota), "GetAWSDefaultServiceQuota") => value(quota),
        _ => {
            error("NoSuchResourceException", "The request failed because the specified quota does not exist.")
        }
    };
    let body = answer.to_string();
    let head =
        format!("HTTP/1.1 {status} -\r\ncontent-type: application/x-amz-json-1.1\r\nconnection: close");
    write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
}

/// The command, of an account that this server knows.
fn doctor(url: &str, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mayfly"))
        .args(["doctor", "--before-deploy", "--region", "eu-central-1"])
        .args(args)
        .envs([
            ("AWS_ACCESS_KEY_ID", "nobody"),
            ("AWS_SECRET_ACCESS_KEY", "nothing"),
            ("AWS_ENDPOINT_URL_SERVICE_QUOTAS", url),
            ("AWS_MAX_ATTEMPTS", "1"),
        ])
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_new_account_starts_a_runner_or_two_on_fargate_and_none_on_ec2() {
    let (url, asked) = quotas(&NEW);
    let output = doctor(&url, &[]);
    let (said, error) = (text(&output.stdout), text(&output.stderr));
    assert_eq!((output.status.code(), error.as_str()), (Some(1), ""), "{said}");
    for line in [
        "ec2-x64: cannot start: Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances (L-1216C47A) is 5, \
         and an instance of t3.2xlarge needs 8 vCPUs",
        "fargate-x64: can start 1 of its 15 runners: Fargate On-Demand vCPU resource count (L-3032A538) is 6, all of \
         them need 60 vCPUs",
        "Fargate On-Demand vCPU resource count (L-3032A538) is 6: fargate-arm64, fargate-x64 need 100 vCPUs in all",
        "  aws service-quotas request-service-quota-increase --service-code fargate --quota-code L-3032A538 \
         --desired-value 100 --region eu-central-1",
    ] {
        assert!(said.lines().any(|it| it == line), "{line} is not in\n{said}");
    }
    let asked = asked.lock().unwrap();
    let of =
        |code: &str| asked.iter().filter(|it| it.ends_with(code)).map(String::as_str).collect::<Vec<_>>();
    assert_eq!(of("L-3032A538"), ["GetServiceQuota fargate L-3032A538"], "once, though two pools share it");
    assert_eq!(
        of("L-1216C47A"),
        ["GetServiceQuota ec2 L-1216C47A", "GetAWSDefaultServiceQuota ec2 L-1216C47A"],
        "the account was never told otherwise"
    );
    assert_eq!(of("L-B99A9384"), ["GetServiceQuota lambda L-B99A9384"]);
}

#[test]
fn an_account_with_room_is_fine_and_one_whose_minimum_cannot_start_ends_the_deploy() {
    let with =
        |standard: Says| NEW.map(|(code, says)| (code, if code == "L-1216C47A" { standard } else { says }));
    let roomy = NEW.map(|(code, _)| (code, Applied(5000.0)));
    let profile = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/pools-office-hours.toml");
    for (says, args, expected, why) in [
        (roomy, &[][..], 0, "there is room for all of them"),
        (with(Nothing), &[], 1, "a quota that the region does not have is not known"),
        (with(Applied(5.0)), &["--pools", profile], 2, "the minimum of ec2-x64 cannot start"),
    ] {
        let output = doctor(&quotas(&says).0, args);
        assert_eq!(output.status.code(), Some(expected), "{why}: {}", text(&output.stdout));
    }
}

#[test]
fn json_has_what_a_script_needs() {
    let output = doctor(&quotas(&NEW).0, &["--json"]);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&told["exit_code"], &told["region"]), (&json!(1), &json!("eu-central-1")));
    let pool = told["pools"].as_array().unwrap().iter().find(|it| it["pool"] == "fargate-x64").unwrap();
    assert_eq!(
        (&pool["can_start"], &pool["maximum"], &pool["quota"]),
        (&json!(1), &json!(15), &json!("L-3032A538"))
    );
    let quota = told["quotas"].as_array().unwrap().iter().find(|it| it["code"] == "L-3032A538").unwrap();
    assert_eq!((&quota["value"], &quota["needed"]), (&json!(6.0), &json!(100)));
    assert!(quota["command"].as_str().unwrap().ends_with("--desired-value 100 --region eu-central-1"));
}

#[test]
fn who_may_not_ask_or_reaches_nobody_is_told_in_one_line_and_goes_on() {
    let denied = NEW.map(|(code, _)| (code, Denied));
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (url, says) in [
        (
            quotas(&denied).0,
            "AccessDeniedException: not authorized to perform: servicequotas:GetServiceQuota",
        ),
        (format!("http://{nobody}"), "dispatch failure"),
    ] {
        let output = doctor(&url, &[]);
        let error = text(&output.stderr);
        assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(1), ""), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn who_has_no_credentials_or_no_region_is_told_in_one_line_and_goes_on() {
    let home = tempfile::tempdir().unwrap();
    for (args, says) in [
        (&["--region", "eu-central-1"][..], "AWS does not know you: `aws sso login`, or `aws configure`"),
        (&[], "no region is set: say --region"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_mayfly"))
            .args(["doctor", "--before-deploy"])
            .args(args)
            .env_clear()
            .env("HOME", home.path())
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .output()
            .unwrap();
        let error = text(&output.stderr);
        assert_eq!((output.status.code(), error.lines().count()), (Some(1), 1), "{error}");
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn a_map_that_is_wrong_ends_the_deploy_and_nobody_is_asked() {
    let (url, asked) = quotas(&NEW);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "[pools.one]\nlabels = 3\n").unwrap();
    let output = doctor(&url, &["--pools", file.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    assert!(asked.lock().unwrap().is_empty());
}

#[test]
fn without_a_question_it_says_which_there_is() {
    let output = Command::new(env!("CARGO_BIN_EXE_mayfly")).arg("doctor").output().unwrap();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2));
    assert!(said.contains("--before-deploy"), "{said}");
}
