//! The `workflow_job` payload of a job's present state, in GitHub's shape.

use serde_json::{Value, json};

use super::{Phase, WorkflowJob};

/// The payload that GitHub sends when a job has come to its present phase; whether everybody may read its
/// repository.
pub fn workflow_job(job: &WorkflowJob, is_public: bool) -> Value {
    let (action, conclusion) = match job.phase {
        // Some gates announce the job as queued, with a status that says otherwise.
        Phase::Gated => (if job.id.0.is_multiple_of(2) { "waiting" } else { "queued" }, None),
        Phase::Queued | Phase::Assigned { .. } => ("queued", None),
        Phase::InProgress => ("in_progress", None),
        Phase::Completed { conclusion } => ("completed", Some(conclusion)),
    };
    let full_name = job.plan.repository.as_str();
    let (owner, name) = full_name.split_once('/').unwrap_or(("octo-org", full_name));
    let run_id = job.run().0;
    json!({
        "action": action,
        "workflow_job": {
            "id": job.id,
            "run_id": run_id,
            "run_attempt": 1,
            "run_url": format!("https://api.github.com/repos/{full_name}/actions/runs/{run_id}"),
            "html_url": format!("https://github.com/{full_name}/actions/runs/{run_id}/job/{}", job.id),
            "name": "build",
            "workflow_name": "CI",
            "head_branch": "main",
            "status": if job.phase == Phase::Gated { "waiting" } else { action },
            "conclusion": conclusion,
            "created_at": job.queued_at,
            "started_at": job.started_at.unwrap_or(job.queued_at),
            "completed_at": job.completed_at,
            "labels": job.plan.labels,
            "steps": [],
            "runner_id": job.runner.as_ref().map(|(id, _)| id),
            "runner_name": job.runner.as_ref().map(|(_, name)| name),
            "runner_group_id": job.runner.as_ref().map(|_| 1),
            "runner_group_name": job.runner.as_ref().map(|_| "Default"),
        },
        "repository": {
            "name": name,
            "full_name": full_name,
            "owner": {"login": owner},
            "private": !is_public,
            "visibility": if is_public { "public" } else { "private" },
        },
        "organization": {"login": owner},
        "sender": {"login": "octocat", "type": "User"},
    })
}
