//! The sandbox's GitHub on GitHub's own protocol: the operations of the REST API that the functions call.
//! Tokens are not checked, but have to be there.

mod deliveries;
mod key;
mod lists;
mod url;

use std::collections::BTreeSet;

use fleet::ports::{JobStatus, RunId, RunnerGroupId};
use fleet::{GithubRunnerId, JobId, Label, Repository};
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

pub use self::key::app_key;
pub use self::url::GithubUrl;
use sandbox::Sandbox;
use sandbox::github::{RemoveError, SelfHostedRunner};

/// The installation's id, in every organisation.
const INSTALLATION: u64 = 1;

/// A token, which opens nothing.
const TOKEN: &str = "ghs_sandbox";

/// What is answered: a status and a JSON body.
type StatusAndJson = (u16, Value);

#[derive(Deserialize)]
struct JitRequest {
    name: String,
    runner_group_id: u64,
    labels: Vec<String>,
}

#[derive(Deserialize)]
struct GroupRequest {
    name: String,
}

/// Answers one request, with the link to the next page where there is one.
fn answer(
    sandbox: &Sandbox,
    method: &Method,
    path: &str,
    query: &str,
    body: &[u8],
) -> (StatusAndJson, Option<String>) {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let answered = match (method.as_str(), parts.as_slice()) {
        ("GET", ["app", "hook", "deliveries"]) => return deliveries::list(sandbox, path, query),
        ("POST", ["app", "hook", "deliveries", attempt, "attempts"]) => {
            deliveries::again(sandbox, attempt, sandbox.manual_clock().now())
        }
        ("GET", ["orgs", _, "installation"]) => (200, json!({ "id": INSTALLATION })),
        ("POST", ["app", "installations", _, "access_tokens"]) => {
            // Longer than any process of a test lives.
            (201, json!({ "token": TOKEN, "expires_at": "2999-01-01T00:00:00Z", "permissions": {} }))
        }
        ("GET", ["orgs", _, "actions", "runner-groups"]) => groups(sandbox),
        ("POST", ["orgs", _, "actions", "runner-groups"]) => make_group(sandbox, body),
        ("POST", ["orgs", _, "actions", "runners", "generate-jitconfig"]) => generate(sandbox, body),
        ("GET", ["orgs", _, "actions", "runners"]) => runners(sandbox, query),
        ("GET", ["orgs", _, "actions", "runners", id]) => runner(sandbox, id),
        ("DELETE", ["orgs", _, "actions", "runners", id]) => delete(sandbox, id),
        ("GET", ["repos", _, _, "actions", "jobs", id]) => job(sandbox, id),
        ("GET", ["repos", _, _, "actions", "runs", id, "pending_deployments"]) => pending(sandbox, id),
        ("GET", ["orgs", _, "repos"]) => lists::repositories(sandbox),
        ("GET", ["repos", owner, name, "actions", "runs"]) => {
            lists::runs(sandbox, &repository(owner, name), query)
        }
        ("GET", ["repos", owner, name, "actions", "runs", id, "jobs"]) => {
            lists::jobs(sandbox, &repository(owner, name), id)
        }
        ("GET", ["repos", owner, name, "actions", "runs", id]) => run(sandbox, &repository(owner, name), id),
        ("GET", ["repos", owner, name]) => (200, json!({ "full_name": format!("{owner}/{name}") })),
        _ => problem(404, "Not Found"),
    };
    (answered, None)
}

fn repository(owner: &str, name: &str) -> Repository {
    Repository::new(format!("{owner}/{name}"))
}

fn groups(sandbox: &Sandbox) -> StatusAndJson {
    let github = sandbox.github().borrow();
    let groups: Vec<Value> = github.groups().map(|(id, name)| json!({ "id": id, "name": name })).collect();
    (200, json!({ "total_count": groups.len(), "runner_groups": groups }))
}

fn make_group(sandbox: &Sandbox, body: &[u8]) -> StatusAndJson {
    let Ok(GroupRequest { name }) = serde_json::from_slice(body) else {
        return problem(422, "Validation Failed");
    };
    let id = sandbox.github().borrow_mut().group(&name);
    (201, json!({ "id": id.0, "name": name }))
}

fn generate(sandbox: &Sandbox, body: &[u8]) -> StatusAndJson {
    let Ok(request) = serde_json::from_slice::<JitRequest>(body) else {
        return problem(422, "Validation Failed");
    };
    let mut github = sandbox.github().borrow_mut();
    let group = github.group_name(RunnerGroupId(request.runner_group_id)).map(str::to_owned);
    let Some(group) = group else { return problem(404, "Not Found") };
    match github.register(&request.name, request.labels.iter().collect(), &group) {
        None => problem(409, "Already exists"),
        Some(id) => {
            let runner = json!({
                "id": id, "name": request.name, "os": "unknown", "status": "offline", "busy": false,
                "labels": request.labels.iter().map(|name| json!({ "name": name })).collect::<Vec<_>>(),
            });
            (201, json!({ "runner": runner, "encoded_jit_config": github.jit_config(id) }))
        }
    }
}

fn runners(sandbox: &Sandbox, query: &str) -> StatusAndJson {
    let name = query.split('&').find_map(|pair| pair.strip_prefix("name="));
    let number = |key: &str, default: usize| {
        let value = query.split('&').find_map(|pair| pair.strip_prefix(key));
        value.and_then(|value| value.parse().ok()).unwrap_or(default)
    };
    // GitHub's description: 30 a page, where the request says nothing.
    let (size, page) = (number("per_page=", 30), number("page=", 1));
    let github = sandbox.github().borrow();
    let all: Vec<&SelfHostedRunner> =
        github.runners().filter(|runner| name.is_none_or(|name| runner.name == name)).collect();
    let page = all.iter().skip(page.saturating_sub(1).saturating_mul(size)).take(size);
    let runners: Vec<Value> = page.map(|runner| describe(runner)).collect();
    (200, json!({ "total_count": all.len(), "runners": runners }))
}

fn runner(sandbox: &Sandbox, id: &str) -> StatusAndJson {
    let github = sandbox.github().borrow();
    let runner = id.parse().ok().and_then(|id| github.runner(GithubRunnerId(id)));
    runner.map_or_else(|| problem(404, "Not Found"), |runner| (200, describe(runner)))
}

fn describe(it: &SelfHostedRunner) -> Value {
    let labels: Vec<Value> = it.labels.iter().map(|label| json!({ "name": Label::as_str(label) })).collect();
    let status = if it.online { "online" } else { "offline" };
    json!({
        "id": it.id, "name": it.name, "os": "linux", "status": status,
        "busy": it.job.is_some(), "labels": labels,
    })
}

fn job(sandbox: &Sandbox, id: &str) -> StatusAndJson {
    let seen = id.parse().ok().and_then(|id| sandbox.github().borrow_mut().read_job(JobId(id)));
    let Some(seen) = seen else { return problem(404, "Not Found") };
    let status = word(seen.status);
    let conclusion = if seen.may_not_have_run { "cancelled" } else { "success" };
    let job = id.parse().ok().and_then(|id| sandbox.github().borrow().look_at_job(JobId(id)));
    let times = job.as_ref().map(|job| (job.created_at, job.completed_at)).unwrap_or_default();
    let step = job.as_ref().and_then(|job| job.first_step_at);
    let labels = job.iter().flat_map(|job| job.labels.iter()).map(Label::as_str);
    let job = json!({
        "labels": labels.collect::<Vec<_>>(),
        "created_at": times.0,
        "completed_at": times.1,
        "steps": step.map(|at| json!({ "name": "Set up job", "number": 1, "started_at": at })).into_iter().collect::<Vec<_>>(),
        "id": id.parse::<u64>().ok(), "run_id": seen.run.0, "status": status,
        "conclusion": (seen.status == JobStatus::Completed).then_some(conclusion),
        "started_at": seen.started_at,
        "runner_id": seen.runner.as_ref().map(|runner| runner.id),
        "runner_name": seen.runner.as_ref().map(|runner| &runner.name),
    });
    (200, job)
}

/// What a run waits for whose jobs are gated.
fn pending(sandbox: &Sandbox, run: &str) -> StatusAndJson {
    let github = sandbox.github().borrow();
    let of_run = github.jobs().filter(|job| run.parse().is_ok_and(|run| job.run() == RunId(run)));
    let gated = of_run.filter_map(|job| github.look_at_job(job.id)).flat_map(|job| job.environments);
    let environments: BTreeSet<String> = gated.collect();
    (200, environments.iter().map(|name| json!({ "environment": { "name": name } })).collect())
}

fn word(status: JobStatus) -> &'static str {
    match status {
        JobStatus::Queued => "queued",
        JobStatus::Waiting => "waiting",
        JobStatus::InProgress => "in_progress",
        JobStatus::Completed => "completed",
    }
}

fn run(sandbox: &Sandbox, repository: &Repository, id: &str) -> StatusAndJson {
    let ended = id.parse().ok().and_then(|id| sandbox.github().borrow().read_run(repository, RunId(id)));
    let Some(ended) = ended else { return problem(404, "Not Found") };
    (200, json!({ "id": id.parse::<u64>().ok(), "status": if ended { "completed" } else { "queued" } }))
}

fn delete(sandbox: &Sandbox, id: &str) -> StatusAndJson {
    let Ok(id) = id.parse().map(GithubRunnerId) else { return problem(404, "Not Found") };
    let removed = sandbox.github().borrow_mut().remove(id);
    match removed {
        Ok(()) => (204, Value::Null),
        Err(RemoveError::NotFound) => problem(404, "Not Found"),
        Err(RemoveError::Busy) => problem(422, "Runner is currently running a job and cannot be deleted"),
    }
}

fn problem(status: u16, message: &str) -> StatusAndJson {
    (status, json!({ "message": message, "documentation_url": "https://docs.github.com/rest" }))
}
