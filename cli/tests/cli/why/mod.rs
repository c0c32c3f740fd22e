//! `mayfly why` and `mayfly trace`, as a user runs them, against stand-ins of AWS and GitHub; and what must be in none of
//! their answers.

mod browser;
mod stand_in;

use std::io::Read as _;
use std::process::{Command, Output};

use fleet::ledger::{Book, Item, Job, JobState, JobTimes, Rest, RestCause, Runner};
use fleet::{BootId, JobId, PoolName, Repository, RunnerId};
use jiff::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;

use self::stand_in::{AccountContents, serve};

const JOB: u64 = 9_007_199_254_740_993;
const TICKET: &str = "0123456789abcdefghjk.a94a8fe5ccb19ba61c4c0873d391e987982fbbd3a94a8fe5ccb19ba61c4c0873";
const JIT_CONFIG: &str =
    "eyJ3b3JrZm9sZGVyIjoiX3dvcmsiLCJydW5uZXIiOiJtYXlmbHkiLCJzZXR0aW5ncyI6eyJhIjoxfX0xMjM0NTY3ODkw";
const KEY: &str = "MIIEowIBAAKCAQEAr5v3sTqU9xq2m4k1u0bZMIIEowIBAAKCAQEAr5v3sTqU9x";
const TOKEN: &str = "ghs_0123456789abcdefghijABCDEFGHIJ012345";
const PASSWORD: &str = "hunter2";

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_791_190_800 + seconds).unwrap()
}

fn pool(name: &str) -> PoolName {
    PoolName::new(name).unwrap()
}

fn runner() -> Runner {
    let id = RunnerId::parse("0123456789abcdefghjk").unwrap();
    Runner {
        boot: Some(BootId::new("the-boot").digest()),
        put_off: Some(format!("ClientException: https://{PASSWORD}@registry.example/runner, {TICKET}")),
        version: 1,
        ..Runner::reserved(id, pool("ec2-x64"), pool("ec2-x64"), at(2))
    }
}

/// A job that waits for a runner whose task starts; secrets stand wherever somebody else's words may.
fn planted() -> AccountContents {
    let mut book = Book { queued: 1, supply: 1, live: 1, version: 1, ..Book::open(pool("ec2-x64"), 15) };
    book.health.rest = Some(Rest {
        until: Timestamp::MAX,
        cause: RestCause::LaunchRefused,
        reason: format!("pull https://user:{PASSWORD}@registry.example/x?token={TOKEN} failed: {KEY}"),
    });
    let job = Job {
        pool: Some(pool("ec2-x64")),
        times: JobTimes { created_at: Some(at(0)), accepted_at: Some(at(1)), begun_at: None },
        version: 1,
        ..Job::new(
            JobId(JOB),
            JobState::Queued,
            Repository::new("octo-org/storefront"),
            ["ec2-x64"].into_iter().collect(),
            at(1),
        )
    };
    let variables = json!([{"name": "MAYFLY_TICKET", "value": TICKET}, {"name": "KEY", "value": KEY}]);
    AccountContents {
        items: vec![Item::Job(job), Item::Book(book), Item::Runner(runner())],
        tasks: vec![json!({
            "taskArn": "arn:aws:ecs:us-east-1:123456789012:task/mayfly_ec2/0123456789abcdef0123456789abcdef",
            "startedBy": runner().id, "lastStatus": "PROVISIONING", "createdAt": 1_791_190_803.25,
            "taskDefinitionArn": "arn:aws:ecs:us-east-1:123456789012:task-definition/mayfly_ec2-x64:7",
            "overrides": {"containerOverrides": [{"name": "runner", "environment": variables}]},
            "tags": [{"key": "owner", "value": format!("somebody {TOKEN}")}],
        })],
        lines: vec![
            json!({"timestamp": "2026-10-05T09:00:01Z", "level": "INFO", "message": "delivery queued",
                "job": JOB.to_string(), "ticket": TICKET, "jit_config": JIT_CONFIG,
                "problem": format!("POST https://x:{TOKEN}@api.example/?key={KEY} {JIT_CONFIG}")})
            .to_string(),
            format!("a line that is no JSON, with {TICKET}"),
        ],
        job: json!({"id": JOB, "run_id": 12, "status": "queued", "labels": ["ec2-x64", TOKEN],
            "created_at": "2026-10-05T09:00:00Z", "started_at": "2026-10-05T09:00:00Z", "steps": [],
            "runner_name": "", "env": {"SECRET": KEY}}),
        refuses_ecs: false,
    }
}

/// Runs the command against a stand-in, in an empty folder.
fn mayfly(world: AccountContents, arguments: &[&str]) -> (Output, TempDir) {
    let (url, folder) = (serve(world), TempDir::new().unwrap());
    let mut command = Command::new(env!("CARGO_BIN_EXE_mayfly"));
    command.args(arguments).current_dir(folder.path()).env_clear();
    let environment = [
        ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", KEY),
        ("AWS_REGION", "us-east-1"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("GITHUB_TOKEN", TOKEN),
    ];
    let here = [("AWS_ENDPOINT_URL", url.as_str()), ("GITHUB_API_URL", url.as_str())];
    command.envs(environment.into_iter().chain(here));
    (command.output().unwrap(), folder)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn url() -> String {
    format!("https://{TOKEN}@github.com/octo-org/storefront/actions/runs/12/job/{JOB}?pr=1&token={TOKEN}")
}

/// Every file of an archive, by its name.
fn files(archive: &std::path::Path) -> Vec<(String, String)> {
    let file = std::fs::File::open(archive).unwrap();
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(file));
    let files = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let (name, mut text) = (entry.path().unwrap().display().to_string(), String::new());
        entry.read_to_string(&mut text).unwrap();
        (name, text)
    });
    files.collect()
}

#[test]
fn the_answer_is_a_sentence_what_happens_next_and_the_evidence() {
    let (output, _folder) = mayfly(planted(), &["why", &url()]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let said = text(&output.stdout);
    let flat = said.split_whitespace().collect::<Vec<_>>().join(" ");
    for says in [
        "the task of a runner on ec2-x64 has been waiting for capacity (PROVISIONING) for",
        "next: after five minutes its capacity rests",
        "GitHub: queued, created 2026-10-05 09:00:00",
        "ledger: Queued in ec2-x64 since 2026-10-05 09:00:01",
        "pool ec2-x64: 1 queued, 1 on their way or idle (0 idle), 1 of 15 live",
        "task 0123456789abcdef0123456789abcdef PROVISIONING",
        "pull https://…@registry.example/x?…",
    ] {
        assert!(flat.contains(says), "{said} does not say {says:?}");
    }
}

#[test]
fn no_secret_that_is_planted_is_in_any_answer_page_or_archive() {
    for (command, file) in [
        (&["why", "--save", "out.tar.gz", "--html", "out.html"][..], Some("out.html")),
        (&["why", "--json"], None),
        (&["trace", "--save", "out.tar.gz"], None),
        (&["trace", "--json"], None),
    ] {
        let url = url();
        let (output, folder) = mayfly(planted(), &[command, &[url.as_str()]].concat());
        assert!(output.status.success(), "{command:?}: {}", text(&output.stderr));
        let mut written =
            vec![("stdout".to_owned(), text(&output.stdout)), ("stderr".to_owned(), text(&output.stderr))];
        written
            .extend(file.map(|it| (it.to_owned(), std::fs::read_to_string(folder.path().join(it)).unwrap())));
        let archive = folder.path().join("out.tar.gz");
        if archive.exists() {
            let files = files(&archive);
            let names: Vec<&str> = files.iter().filter_map(|(name, _)| name.rsplit('/').next()).collect();
            let expected = [
                "why.json",
                "trace.json",
                "ledger.json",
                "github.json",
                "tasks.json",
                "map.json",
                "logs.jsonl",
                "index.html",
            ];
            assert_eq!(names, expected);
            let logs = &files.iter().find(|(name, _)| name.ends_with("logs.jsonl")).unwrap().1;
            let line: Value = serde_json::from_str(logs.lines().next().unwrap()).unwrap();
            assert_eq!(
                (&line["message"], &line["function"]),
                (&json!("delivery queued"), &json!("Launcher"))
            );
            assert_eq!(logs.lines().count(), 1, "what is no JSON is left out");
            written.extend(files);
        }
        let boot = BootId::new("the-boot").digest().to_string();
        for secret in
            [TICKET, JIT_CONFIG, KEY, TOKEN, PASSWORD, "MAYFLY_TICKET", "overrides", "123456789012", &boot]
        {
            for (name, text) in &written {
                assert!(!text.contains(secret), "{command:?}: {secret:?} is in {name}");
            }
        }
    }
}

#[test]
fn who_cannot_be_asked_is_named_and_the_others_answer() {
    let number = JOB.to_string();
    let (output, _folder) = mayfly(AccountContents { refuses_ecs: true, ..planted() }, &["why", &number]);
    let said = text(&output.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.starts_with("a runner on ec2-x64 has been starting for"), "{said}");
    assert!(
        said.contains("ECS: not read: AccessDeniedException: not authorized to perform: ecs:ListTasks"),
        "{said}"
    );

    let mut alone = Command::new(env!("CARGO_BIN_EXE_mayfly"));
    let folder = TempDir::new().unwrap();
    let nobody = alone.args(["why", "--json", &number]).current_dir(folder.path()).env_clear();
    let output = nobody.env("AWS_EC2_METADATA_DISABLED", "true").output().unwrap();
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(said["sentence"], "the ledger could not be read: no region is set: say --region");
    assert_eq!(said["reason"]["kind"], "ledger_unread");
}

#[test]
fn what_names_no_job_is_told_without_being_repeated() {
    let run = format!("https://{TOKEN}@github.com/octo-org/storefront/actions/runs/12");
    let (output, _folder) = mayfly(AccountContents::default(), &["trace", &run]);
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2));
    assert!(told.starts_with("mayfly: that URL is of a run") && !told.contains(TOKEN), "{told}");
}

#[test]
fn the_page_fetches_nothing_runs_nothing_and_shows_what_is_said_as_text() {
    let (_, folder) = mayfly(planted(), &["why", "--html", "page.html", &url()]);
    let page = std::fs::read_to_string(folder.path().join("page.html")).unwrap();
    for absent in ["<script", "<link", "<img", "src=", "href=", "url(", "@import", "http-equiv=\"refresh"] {
        assert!(!page.contains(absent), "{absent}");
    }
    assert!(page.contains("default-src 'none'") && page.contains("color-scheme: light dark"));
    for tag in [
        "html", "head", "body", "main", "table", "thead", "tbody", "tfoot", "tr", "td", "ul", "li", "h1",
        "h2", "style", "footer",
    ] {
        let count = |mark: &str| page.matches(mark).count();
        let opened = count(&format!("<{tag}>")) + count(&format!("<{tag} "));
        assert_eq!(opened, count(&format!("</{tag}>")), "each {tag} that is opened is closed");
    }
}
