//! Repositories, runs and jobs as lists, on one page each and without an `ETag`: every read counts.

use fleet::ports::{JobStatus, ListedJob, ListedRun, RunId, RunStatus};
use fleet::{Label, Repository};
use sandbox::Sandbox;
use serde_json::{Value, json};

use super::{StatusAndJson, problem, word};

pub(super) fn repositories(sandbox: &Sandbox) -> StatusAndJson {
    let listed = sandbox.github().borrow_mut().list_repositories().read;
    let listed = listed.iter().map(|(repository, pushed_at)| {
        json!({ "full_name": repository, "pushed_at": pushed_at, "archived": false })
    });
    (200, listed.collect())
}

pub(super) fn runs(sandbox: &Sandbox, repository: &Repository, query: &str) -> StatusAndJson {
    let status = query.split('&').find_map(|pair| pair.strip_prefix("status="));
    let asked = match status {
        Some("queued") => RunStatus::Queued,
        Some("in_progress") => RunStatus::InProgress,
        // Nobody asks for others.
        _ => return problem(422, "Validation Failed"),
    };
    let Some(listed) = sandbox.github().borrow_mut().list_runs(repository, asked) else {
        return problem(404, "Not Found");
    };
    let shape = |run: &ListedRun| {
        let repository = json!({ "full_name": repository, "private": !run.is_public });
        json!({ "id": run.id, "status": status, "repository": repository })
    };
    let runs: Vec<Value> = listed.read.iter().map(shape).collect();
    (200, json!({ "total_count": runs.len(), "workflow_runs": runs }))
}

pub(super) fn jobs(sandbox: &Sandbox, repository: &Repository, run: &str) -> StatusAndJson {
    let run = run.parse().ok().map(RunId);
    let listed = run.and_then(|run| sandbox.github().borrow_mut().list_jobs(repository, run));
    let Some(listed) = listed else { return problem(404, "Not Found") };
    let jobs: Vec<Value> = listed.read.iter().map(shape).collect();
    (200, json!({ "total_count": jobs.len(), "jobs": jobs }))
}

fn shape(job: &ListedJob) -> Value {
    let labels: Vec<&str> = job.labels.iter().map(Label::as_str).collect();
    json!({
        "id": job.id, "status": word(job.status), "labels": labels,
        "runner_id": job.runner.as_ref().map(|runner| runner.id),
        "runner_name": job.runner.as_ref().map(|runner| &runner.name),
        "created_at": job.since, "started_at": job.since.filter(|_| job.status != JobStatus::Queued),
    })
}
