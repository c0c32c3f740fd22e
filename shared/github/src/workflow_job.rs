//! The `workflow_job` payload: the fields that Mayfly needs, and GitHub's oddities smoothed.
//!
//! Published payloads lack `created_at` and `run_attempt`, carry `runner_id: 0` with an empty name
//! for jobs that never ran, and `queued` with a `status` of `waiting` behind an approval gate.

use fleet::ledger::{JobNames, JobRunner};
use fleet::{GithubRunnerId, JobId, Labels, Repository, RunnerId};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

use crate::labels;
use crate::visibility::Visibility;

/// The event's name, as the delivery's header gives it.
pub const EVENT: &str = fleet::delivery::WORKFLOW_JOB;

/// What happened to the job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WorkflowJobAction {
    /// It waits for a runner.
    Queued,
    /// It waits for an approval or a deployment rule, and asks for no runner yet.
    Waiting,
    /// A runner has taken it.
    InProgress,
    /// It has ended: run, skipped or cancelled.
    Completed,
    /// Something that GitHub did not send when this was written.
    Other(String),
}

/// A `workflow_job` delivery, as far as it says anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WorkflowJobDelivery {
    /// What happened to a job.
    Job(WorkflowJobPayload),
    /// Nothing that can be acted on: this is absent, or null.
    Nothing(&'static str),
}

impl WorkflowJobDelivery {
    /// What happened to a job, if it says that.
    pub fn job(self) -> Option<WorkflowJobPayload> {
        if let Self::Job(payload) = self { Some(payload) } else { None }
    }
}

/// What a `workflow_job` delivery says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkflowJobPayload {
    /// What happened.
    pub action: WorkflowJobAction,
    /// The job's id.
    pub job: JobId,
    /// The words of its `runs-on`; empty for a bare `runs-on: {group: …}`.
    pub labels: Labels,
    /// The runner that got it, ours or not.
    pub runner: Option<NamedRunner>,
    /// Whether it ended in a way that does not show that it ran: cancelled, or skipped.
    pub may_not_have_run: bool,
    /// When it was created, where the payload says so.
    pub created_at: Option<Timestamp>,
    /// What its workflow and its branch are called.
    pub names: JobNames,
    /// The repository.
    pub repository: Repository,
    /// Whether everybody may read the repository.
    pub is_public: bool,
}

/// A runner, as GitHub names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedRunner {
    /// GitHub's id of its registration.
    pub id: GithubRunnerId,
    /// Its name.
    pub name: String,
}

impl NamedRunner {
    /// The runner, if its name is one of ours. The name is a claim and no proof: anyone who
    /// administers a repository can register one with it.
    pub fn ours(&self) -> Option<JobRunner> {
        RunnerId::from_github_name(&self.name).map(|runner| JobRunner { github_id: self.id, runner })
    }
}

/// What is absent, or null, makes a payload that says less, and no broken one: asked for again, GitHub would
/// send the same.
#[derive(Deserialize)]
struct Payload {
    #[serde(default)]
    action: Option<String>,
    #[serde(default)]
    workflow_job: Option<JobOfPayload>,
    #[serde(default)]
    repository: Option<OfRepository>,
}

#[derive(Deserialize)]
struct JobOfPayload {
    #[serde(default)]
    id: Option<u64>,
    #[serde(default)]
    status: Option<String>,
    #[serde(default, deserialize_with = "labels::read")]
    labels: Labels,
    #[serde(default)]
    runner_id: Option<u64>,
    #[serde(default)]
    runner_name: Option<String>,
    #[serde(default)]
    conclusion: Option<String>,
    #[serde(default)]
    created_at: Option<String>,
    #[serde(default)]
    workflow_name: Option<String>,
    #[serde(default)]
    head_branch: Option<String>,
}

#[derive(Deserialize)]
struct OfRepository {
    #[serde(default)]
    full_name: Option<Repository>,
    #[serde(default)]
    private: Option<bool>,
    #[serde(default)]
    visibility: Option<String>,
}

impl<'de> Deserialize<'de> for WorkflowJobDelivery {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Payload::deserialize(deserializer).map(Self::from)
    }
}

impl From<Payload> for WorkflowJobDelivery {
    fn from(Payload { action, workflow_job, repository }: Payload) -> Self {
        let Some(action) = action else { return Self::Nothing("action") };
        let Some(job) = workflow_job else { return Self::Nothing("workflow_job") };
        let Some(id) = job.id else { return Self::Nothing("workflow_job.id") };
        let Some(repository) = repository else { return Self::Nothing("repository") };
        let OfRepository { full_name, private, visibility } = repository;
        let Some(full_name) = full_name else { return Self::Nothing("repository.full_name") };
        let is_public = Visibility { private, visibility }.is_public();
        Self::Job(WorkflowJobPayload::of(action, JobId(id), job, full_name, is_public))
    }
}

impl WorkflowJobPayload {
    fn of(action: String, id: JobId, job: JobOfPayload, repository: Repository, is_public: bool) -> Self {
        let action = match (action.as_str(), job.status.as_deref()) {
            ("waiting", _) | ("queued", Some("waiting")) => WorkflowJobAction::Waiting,
            ("queued", _) => WorkflowJobAction::Queued,
            ("in_progress", _) => WorkflowJobAction::InProgress,
            ("completed", _) => WorkflowJobAction::Completed,
            _ => WorkflowJobAction::Other(action),
        };
        let named = job.runner_id.filter(|&id| id != 0).zip(job.runner_name.filter(|name| !name.is_empty()));
        Self {
            action,
            job: id,
            labels: job.labels,
            may_not_have_run: matches!(job.conclusion.as_deref(), Some("cancelled" | "skipped")),
            runner: named.map(|(id, name)| NamedRunner { id: GithubRunnerId(id), name }),
            created_at: job.created_at.and_then(|at| at.parse().ok()),
            names: JobNames::of(job.workflow_name.as_deref(), job.head_branch.as_deref()),
            repository,
            is_public,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn payload(action: &str, job: &Value) -> Value {
        json!({"action": action, "workflow_job": job, "repository": {"full_name": "octo-org/storefront"}})
    }

    fn read(value: Value) -> WorkflowJobPayload {
        match serde_json::from_value(value).unwrap() {
            WorkflowJobDelivery::Job(payload) => payload,
            WorkflowJobDelivery::Nothing(absent) => panic!("{absent} is absent"),
        }
    }

    #[test]
    fn only_what_is_needed_is_read() {
        let job = json!({"id": 9_007_199_254_740_993_u64, "status": "in_progress", "labels": ["Linux", "x64"],
            "runner_id": 21, "runner_name": "build-box", "created_at": "2026-10-05T09:00:00Z",
            "workflow_name": "Build\u{1b}[2J", "head_branch": "b".repeat(300), "steps": [1]});
        let payload = read(payload("in_progress", &job));
        assert_eq!(payload.action, WorkflowJobAction::InProgress);
        assert_eq!(payload.job, JobId(9_007_199_254_740_993), "ids exceed 2^53");
        assert_eq!(payload.labels, ["x64", "linux"].into_iter().collect());
        let named = NamedRunner { id: GithubRunnerId(21), name: "build-box".into() };
        assert_eq!(payload.runner, Some(named));
        assert_eq!(payload.created_at, Some("2026-10-05T09:00:00Z".parse().unwrap()));
        let (workflow, branch) = (Some("Build[2J".to_owned()), Some("b".repeat(100)));
        assert_eq!(
            payload.names,
            JobNames { workflow, branch },
            "no control characters, and no more than is kept"
        );
        assert_eq!(payload.repository.as_str(), "octo-org/storefront");
    }

    #[test]
    fn githubs_oddities_are_taken() {
        let gated = read(payload("queued", &json!({"id": 1, "status": "waiting", "labels": []})));
        assert_eq!(gated.action, WorkflowJobAction::Waiting, "an approval gate");
        let bare = read(payload("queued", &json!({"id": 1})));
        assert_eq!(
            (bare.action, bare.labels.len()),
            (WorkflowJobAction::Queued, 0),
            "no labels, no status, no created_at"
        );
        for (id, name) in [(json!(0), json!("")), (json!(null), json!(null)), (json!(0), json!("x"))] {
            let skipped = read(payload("completed", &json!({"id": 1, "runner_id": id, "runner_name": name})));
            assert_eq!(skipped.runner, None, "a job that never ran");
        }
        let half = read(payload("completed", &json!({"id": 1, "labels": [null, "linux", "", null]})));
        assert_eq!(half.labels, ["linux"].into_iter().collect(), "a null is no label");
        let odd_time = read(payload("queued", &json!({"id": 1, "created_at": "soon"})));
        assert_eq!(odd_time.created_at, None);
        assert_eq!(
            read(payload("dreaming", &json!({"id": 1}))).action,
            WorkflowJobAction::Other("dreaming".into())
        );
    }

    #[test]
    fn what_is_absent_or_null_is_said_by_nobody_and_what_is_of_another_type_is_broken() {
        let whole = payload("queued", &json!({"id": 1, "labels": ["linux"]}));
        let with = |path: &str, value: Option<Value>| {
            let mut payload = whole.clone();
            let (parent, field) = path.rsplit_once('/').unwrap();
            let parent = payload.pointer_mut(parent).and_then(Value::as_object_mut).unwrap();
            parent.remove(field);
            parent.extend(value.map(|value| (field.to_owned(), value)));
            serde_json::from_value::<WorkflowJobDelivery>(payload)
        };
        for (path, absent) in [
            ("/action", "action"),
            ("/workflow_job", "workflow_job"),
            ("/workflow_job/id", "workflow_job.id"),
            ("/repository", "repository"),
            ("/repository/full_name", "repository.full_name"),
        ] {
            for value in [None, Some(Value::Null)] {
                assert_eq!(with(path, value).unwrap(), WorkflowJobDelivery::Nothing(absent), "{path}");
            }
            assert!(with(path, Some(json!(true))).is_err(), "{path} of another type");
        }
        for path in ["/workflow_job/labels", "/workflow_job/status", "/repository/private"] {
            for value in [None, Some(Value::Null)] {
                assert!(
                    matches!(with(path, value), Ok(WorkflowJobDelivery::Job(_))),
                    "{path}: nobody needs it"
                );
            }
            assert!(with(path, Some(json!(7))).is_err(), "{path} of another type");
        }
        assert_eq!(
            serde_json::from_str::<WorkflowJobDelivery>("{}").unwrap(),
            WorkflowJobDelivery::Nothing("action")
        );
    }

    #[test]
    fn a_runner_of_ours_is_known_by_its_name() {
        let id = RunnerId::from_random(42);
        let pool = fleet::PoolName::new("ec2-x64").unwrap();
        let named = |name: String| NamedRunner { id: GithubRunnerId(5), name };
        let ours = JobRunner { github_id: GithubRunnerId(5), runner: id.clone() };
        assert_eq!(named(id.github_name(&pool)).ours(), Some(ours));
        assert_eq!(named("build-box-7".into()).ours(), None);
    }
}
