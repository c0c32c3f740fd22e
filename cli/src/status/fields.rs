//! Which fields are written: only those named here, so nothing else slips in. Overrides, environments and
//! tags are not among them, nor is the boot that a runner is bound to.

use fleet::Pool;
use fleet::ledger::{Book, Job, Runner};
use fleet::ports::TaskDescription;
use fleet::status::{GithubJob, Lookup, Stage, Waterfall, masked};
use serde_json::{Map, Value, json};

use super::diagnosis::Diagnosis;

/// The fields of a log line that are kept, with the time from CloudWatch.
const OF_LINES: [&str; 23] = [
    "action",
    "code",
    "delivery",
    "error",
    "from",
    "github_id",
    "job",
    "level",
    "listener",
    "message",
    "pool",
    "problem",
    "reason",
    "retry_after",
    "runner",
    "seconds",
    "state",
    "status",
    "target",
    "task",
    "timestamp",
    "to",
    "why",
];

/// Every text in a value, with anything masked that looks like a secret.
pub fn clean(value: Value) -> Value {
    match value {
        Value::String(text) => masked(&text).into(),
        Value::Array(values) => values.into_iter().map(clean).collect(),
        Value::Object(fields) => {
            fields.into_iter().map(|(name, it)| (name, clean(it))).collect::<Map<_, _>>().into()
        }
        other => other,
    }
}

/// The answer of `mayfly why --json`.
pub fn why(seen: &Diagnosis) -> Value {
    clean(json!({
        "job": seen.picture.id,
        "at": seen.why.now,
        "sentence": seen.why.sentence(),
        "next": seen.why.next(),
        "reason": seen.why.reason,
        "evidence": seen.why.evidence,
    }))
}

/// The answer of `mayfly trace --json`.
pub fn trace(seen: &Diagnosis) -> Value {
    clean(json!({
        "job": seen.picture.id,
        "at": seen.why.now,
        "sentence": seen.why.sentence(),
        "waterfall": seen.waterfall.as_ref().map(waterfall),
    }))
}

fn waterfall(it: &Waterfall) -> Value {
    let stage = |it: &Stage| {
        json!({
            "name": it.name, "with": it.with, "by": it.by, "from": it.from, "to": it.to,
            "milliseconds": it.milliseconds,
        })
    };
    json!({
        "queued_at": it.queued_at, "until": it.until, "milliseconds": it.milliseconds,
        "has_begun": it.has_begun, "stages": it.stages.iter().map(stage).collect::<Vec<_>>(), "notes": it.notes,
    })
}

/// The ledger's items: the job, and the runners and books in question.
pub fn ledger(seen: &Diagnosis) -> Value {
    let picture = &seen.picture;
    clean(json!({
        "job": of_source(&picture.job, job),
        "waiting": picture.waiting,
        "runners": picture.runners.values().map(runner).collect::<Vec<_>>(),
        "books": picture.books.values().map(book).collect::<Vec<_>>(),
        "github_waits_until": picture.budget.as_ref().and_then(|budget| budget.wait_until),
        "meters": picture.meters.iter().map(|it| json!({"meter": it.meter, "spent": it.spent})).collect::<Vec<_>>(),
    }))
}

/// What GitHub says of the job.
pub fn github(seen: &Diagnosis) -> Value {
    clean(of_source(&seen.picture.github, |it: &GithubJob| {
        json!({
            "repository": it.repository, "run": it.run, "status": it.status, "conclusion": it.conclusion,
            "labels": it.labels, "is_public": it.is_public, "environments": it.environments,
            "runner": it.runner.as_ref().map(|runner| json!({"id": runner.id, "name": runner.name})),
            "created_at": it.created_at, "started_at": it.started_at, "first_step_at": it.first_step_at,
            "completed_at": it.completed_at,
        })
    }))
}

/// The tasks that ECS lists, without the account's id.
pub fn tasks(seen: &Diagnosis) -> Value {
    clean(of_source(&seen.picture.tasks, |tasks| tasks.values().map(task).collect()))
}

/// The map of pools.
pub fn map(seen: &Diagnosis) -> Value {
    let pools: Vec<Value> = seen.picture.pools.with_retiring().map(pool).collect();
    clean(json!({"pools": pools, "limits": seen.picture.pools.limits()}))
}

/// A log line of the functions, if it is JSON.
pub fn log_line(line: &str) -> Option<Value> {
    let fields: Map<String, Value> = serde_json::from_str(line).ok()?;
    let kept = fields.into_iter().filter(|(name, value)| {
        OF_LINES.contains(&name.as_str()) && !matches!(value, Value::Object(_) | Value::Array(_))
    });
    Some(clean(kept.collect::<Map<_, _>>().into()))
}

fn of_source<T>(source: &Lookup<T>, fields: impl Fn(&T) -> Value) -> Value {
    match source {
        Lookup::Read(read) => fields(read),
        Lookup::Absent => Value::Null,
        Lookup::Unread(why) => json!({"unread": why}),
    }
}

fn job(it: &Job) -> Value {
    json!({
        "id": it.id, "state": it.state, "pool": it.pool, "repository": it.repository, "is_public": it.is_public,
        "labels": it.labels, "runner": it.runner, "seen_at": it.seen_at, "changed_at": it.changed_at,
        "heard_at": it.heard_at, "read_at": it.read_at, "passed_over": it.passed_over, "unserved": it.unserved,
        "created_at": it.times.created_at, "accepted_at": it.times.accepted_at, "begun_at": it.times.begun_at,
        "version": it.version,
    })
}

fn runner(it: &Runner) -> Value {
    let times = &it.times;
    json!({
        "id": it.id, "state": it.state, "pool": it.pool, "capacity": it.capacity, "asked_at": it.asked_at,
        "github_id": it.github_id, "job": it.job, "listened": it.listened, "overdue_at": it.overdue_at,
        "put_off": it.put_off, "leaves": it.leaves, "reserved_at": it.reserved_at, "changed_at": it.changed_at,
        "version": it.version,
        "milliseconds_after_reservation": {
            "created": times.created, "pull_started": times.pull_started, "pull_stopped": times.pull_stopped,
            "started": times.started, "booted": times.booted, "asked": times.asked,
            "registered": times.registered, "listened": times.listened,
        },
    })
}

fn book(it: &Book) -> Value {
    let health = &it.health;
    let rest = health.rest.as_ref();
    json!({
        "pool": it.pool, "queued": it.queued, "supply": it.supply, "idle": it.idle, "live": it.live,
        "minimum": it.minimum, "maximum": it.maximum, "version": it.version,
        "failures": health.failures, "run_failure_thirds": health.run_failure_thirds,
        "last_start": health.last_start, "last_job": health.last_job,
        "rest": rest.map(|it| json!({"until": it.until, "cause": it.cause, "reason": it.reason})),
    })
}

fn task(it: &TaskDescription) -> Value {
    let id = it.task.as_str().rsplit('/').next();
    let stop = it.stop.as_ref();
    json!({
        "task": id, "runner": it.runner, "last_status": it.last_status, "created_at": it.times.created_at,
        "pull_started_at": it.times.pull_started_at, "pull_stopped_at": it.times.pull_stopped_at,
        "started_at": it.times.started_at,
        "stop": stop.map(|it| json!({"code": it.code, "reason": it.reason, "exit_code": it.exit_code})),
    })
}

fn pool(it: &Pool) -> Value {
    json!({
        "name": it.name, "labels": it.labels, "architecture": it.architecture, "capacity": it.capacity,
        "instance_types": it.instance_types, "runners_per_instance": it.runners_per_instance,
        "cpu_units": it.cpu_units, "memory_mib": it.memory_mib, "disk_gib": it.disk_gib,
        "runner_group": it.runner_group, "priority": it.priority, "fallback": it.fallback, "maximum": it.maximum,
        "off_hours_maximum": it.off_hours_maximum, "working_hours_minimum": it.working_hours_minimum,
        "off_hours_minimum": it.off_hours_minimum, "sudo": it.sudo, "job_summary": it.job_summary,
        "public_repositories": it.public_repositories,
        "has_an_image_of_its_own": it.image.is_some(),
    })
}
