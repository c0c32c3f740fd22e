//! What `mayfly local` shows: URLs, lines to paste, and a line for each thing that happens.

use std::path::Path;

use fleet::quote;
use github::{WorkflowJobAction, WorkflowJobDelivery, WorkflowJobPayload};
use serde_json::Value;
use wire::aws::AnsweredDelivery;

/// The sample delivery of the lines to paste.
const SAMPLE: &str = "events/github/queued-ec2-arm64.json";

/// Its job.
const SAMPLES_JOB: u64 = 53_100_000_006;

/// The places to show, once they exist.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places<'a> {
    /// This program.
    pub(super) program: &'a Path,
    /// AWS's URL.
    pub(super) aws: &'a str,
    /// GitHub's URL.
    pub(super) github: &'a str,
    /// The webhook's URL.
    pub(super) webhook: &'a str,
    /// The registrar's URL.
    pub(super) registrar: &'a str,
    /// The ledger's table.
    pub(super) table: &'a str,
    /// The organisation.
    pub(super) organisation: &'a str,
    /// The folder of the functions' logs.
    pub(super) logs: &'a Path,
}

/// The lines that say that everything is ready. Those between "Paste" and "Ctrl-C" work in a fresh shell, in
/// this order.
pub(super) fn ready(places: &Places<'_>) -> String {
    let Places { aws, github, webhook, registrar, table, organisation, .. } = places;
    let (program, logs) = (places.program.display(), places.logs.display());
    let why = if cfg!(feature = "why") {
        format!("  {program} why {SAMPLES_JOB} --organisation {organisation} --table {table}\n")
    } else {
        String::new()
    };
    format!(
        "AWS        {aws}\n\
         GitHub     {github}\n\
         webhook    {webhook}\n\
         registrar  {registrar}ask\n\
         logs       {logs}/*.log\n\
         \n\
         Paste into another shell:\n  \
           export AWS_ENDPOINT_URL={aws} AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local AWS_DEFAULT_REGION=us-east-1\n  \
           export GITHUB_API_URL={github} GITHUB_TOKEN=local\n  \
           {program} replay {SAMPLE} --url {webhook}\n  \
           aws ecs list-tasks --cluster mayfly_ec2\n\
         {why}\
         Ctrl-C ends all of it. What happens from now on, in UTC:\n"
    )
}

/// The line for a delivery that was answered.
pub(super) fn delivery(delivery: &AnsweredDelivery) -> String {
    let payload = job(delivery);
    let action = payload.as_ref().map(|payload| format!(" {}", action(&payload.action))).unwrap_or_default();
    let job = payload.map(|payload| format!(", job {}", payload.job)).unwrap_or_default();
    let event = if delivery.event.is_empty() { "no event".to_owned() } else { quote::name(&delivery.event) };
    let answer: Value = serde_json::from_str(&delivery.answer).unwrap_or_default();
    let sentence = answer.get("message").and_then(Value::as_str).unwrap_or(&delivery.answer);
    let (at, status) = (delivery.at.strftime("%H:%M:%S"), delivery.status);
    format!("{at}  delivery {event}{action}{job}: {status} {}", quote::sentence(sentence))
}

/// The job in a delivery, if it concerns one.
pub(super) fn job(delivery: &AnsweredDelivery) -> Option<WorkflowJobPayload> {
    serde_json::from_slice(&delivery.body).ok().and_then(WorkflowJobDelivery::job)
}

fn action(action: &WorkflowJobAction) -> String {
    match action {
        WorkflowJobAction::Queued => "queued".to_owned(),
        WorkflowJobAction::Waiting => "waiting".to_owned(),
        WorkflowJobAction::InProgress => "in_progress".to_owned(),
        WorkflowJobAction::Completed => "completed".to_owned(),
        WorkflowJobAction::Other(other) => quote::name(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(event: &str, body: &str, status: u16, answer: &str) -> String {
        delivery(&AnsweredDelivery {
            at: "2026-10-05T09:00:01.5Z".parse().unwrap(),
            event: event.to_owned(),
            body: body.to_owned().into(),
            status,
            answer: answer.to_owned(),
        })
    }

    #[test]
    fn a_delivery_is_a_line() {
        let queued =
            std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(SAMPLE));
        let queued = queued.unwrap();
        for (event, body, status, answer, line) in [
            (
                "workflow_job",
                queued.as_str(),
                202,
                r#"{"message":"queued for the launcher","pool":"ec2-arm64"}"#,
                "09:00:01  delivery workflow_job queued, job 53100000006: 202 queued for the launcher",
            ),
            (
                "workflow_job",
                &queued.replacen("\"queued\"", "\"in_progress\"", 1),
                202,
                r#"{"message":"queued for the launcher"}"#,
                "09:00:01  delivery workflow_job in_progress, job 53100000006: 202 queued for the launcher",
            ),
            ("ping", "{}", 200, r#"{"message":"pong"}"#, "09:00:01  delivery ping: 200 pong"),
            ("", "no JSON", 401, "", "09:00:01  delivery no event: 401 "),
            ("a\u{1b}[2J", "{}", 502, "<html>\n", "09:00:01  delivery a\\u{1b}[2J: 502 <html>\\n"),
        ] {
            assert_eq!(answered(event, body, status, answer), line);
        }
    }

    #[test]
    fn the_ready_lines_say_where_everything_is_and_what_to_paste() {
        let text = ready(&Places {
            program: Path::new("target/debug/mayfly"),
            aws: "http://127.0.0.1:4566",
            github: "http://127.0.0.1:4567",
            webhook: "http://127.0.0.1:4566/_mayfly/webhook/",
            registrar: "http://127.0.0.1:4566/_mayfly/registrar/",
            table: "mayfly-Ledger",
            organisation: "octo-org",
            logs: Path::new("target/debug/mayfly-local-logs"),
        });
        let why = "  target/debug/mayfly why 53100000006 --organisation octo-org --table mayfly-Ledger\n";
        let expected = "\
AWS        http://127.0.0.1:4566
GitHub     http://127.0.0.1:4567
webhook    http://127.0.0.1:4566/_mayfly/webhook/
registrar  http://127.0.0.1:4566/_mayfly/registrar/ask
logs       target/debug/mayfly-local-logs/*.log

Paste into another shell:
  export AWS_ENDPOINT_URL=http://127.0.0.1:4566 AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local AWS_DEFAULT_REGION=us-east-1
  export GITHUB_API_URL=http://127.0.0.1:4567 GITHUB_TOKEN=local
  target/debug/mayfly replay events/github/queued-ec2-arm64.json --url http://127.0.0.1:4566/_mayfly/webhook/
  aws ecs list-tasks --cluster mayfly_ec2
WHYCtrl-C ends all of it. What happens from now on, in UTC:
";
        let why = if cfg!(feature = "why") { why } else { "" };
        assert_eq!(text, expected.replace("WHY", why));
    }
}
