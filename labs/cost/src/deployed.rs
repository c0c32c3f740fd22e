//! What the templates say about costs: memory, schedules, the queue, the table, how long logs are kept.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use sandbox::FunctionName;
use serde_json::{Value, json};

/// Every function.
pub const FUNCTIONS: [FunctionName; 5] = [
    FunctionName::Webhook,
    FunctionName::Launcher,
    FunctionName::Registrar,
    FunctionName::Scheduler,
    FunctionName::Reconciler,
];

/// What is deployed.
#[derive(Debug, Clone, PartialEq)]
pub struct DeployedStack {
    /// Megabytes of each function.
    pub memory: BTreeMap<FunctionName, u32>,
    /// The functions for which Lambda logs its own lines when an event succeeds.
    pub logged_by_lambda: BTreeSet<FunctionName>,
    /// Whether the launcher's event source has a maximum concurrency.
    pub has_maximum_concurrency: bool,
    /// Whether a key of KMS encrypts the table.
    pub has_table_key: bool,
    /// Whether the table can be restored to any point in time.
    pub has_recovery: bool,
    /// How long logs are kept.
    pub log_days: f64,
}

impl DeployedStack {
    /// Reads the templates. A value that the sandbox does not share, or that has another price, is an error.
    pub fn read() -> Result<Self> {
        Self::of(&template("template.yaml")?, &template("infra/storage.yaml")?)
    }

    /// What these templates say: `template.yaml` and `infra/storage.yaml`, as JSON.
    fn of(template: &Value, storage: &Value) -> Result<Self> {
        let default = |name: &str| at(template, &format!("/Parameters/{name}/Default"));
        let jobs = at(template, "/Resources/LauncherFunction/Properties/Events/Jobs/Properties");
        let table = at(storage, "/Resources/LedgerTable/Properties");
        let rule = at(template, "/Resources/EveryMinuteRule");
        let ticks: Value = at(rule, "/Properties/Targets")
            .as_array()
            .map_or(Value::Null, |targets| targets.iter().map(|target| at(target, "/Id").clone()).collect());
        let indexes = at(table, "/GlobalSecondaryIndexes").as_array().context("the table has no index")?;
        let projections: Value =
            indexes.iter().map(|index| at(index, "/Projection/ProjectionType").clone()).collect();
        for (what, found, counted) in [
            ("FunctionArchitecture", default("FunctionArchitecture"), json!("arm64")),
            ("Type of EveryMinuteRule", at(rule, "/Type"), json!("AWS::Events::Rule")),
            (
                "ScheduleExpression of EveryMinuteRule",
                at(rule, "/Properties/ScheduleExpression"),
                json!("rate(1 minute)"),
            ),
            ("targets of EveryMinuteRule", &ticks, json!(["Scheduler", "Reconciler"])),
            ("BatchSize of the launcher", at(jobs, "/BatchSize"), json!(sandbox::queue::BATCH)),
            ("BillingMode of the table", at(table, "/BillingMode"), json!("PAY_PER_REQUEST")),
            ("projections of the table's indexes", &projections, json!(["KEYS_ONLY"])),
        ] {
            ensure!(*found == counted, "{what}: the templates have {found}, and counted is {counted}");
        }
        Ok(Self {
            memory: FUNCTIONS.iter().map(|&it| Ok((it, memory(template, it)?))).collect::<Result<_>>()?,
            logged_by_lambda: FUNCTIONS.into_iter().filter(|&it| is_logged(template, it)).collect(),
            has_maximum_concurrency: at(jobs, "/ScalingConfig/MaximumConcurrency").is_number(),
            has_table_key: *at(table, "/SSESpecification/SSEEnabled") == true,
            has_recovery: *at(table, "/PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled") == true,
            log_days: default("LogRetentionDays").as_f64().context("LogRetentionDays has no default")?,
        })
    }
}

/// The mirror's tasks, of `infra/mirror.yaml`.
#[derive(Debug, Clone, PartialEq)]
pub struct MirrorTask {
    /// How many there are.
    pub count: f64,
    /// Virtual CPUs of each.
    pub vcpus: f64,
    /// Gigabytes of each.
    pub gb: f64,
}

impl MirrorTask {
    /// Reads the template. A value that has another price is an error.
    pub fn read() -> Result<Self> {
        Self::of(&template("infra/mirror.yaml")?)
    }

    fn of(template: &Value) -> Result<Self> {
        let service = at(template, "/Resources/Service/Properties");
        let task = at(template, "/Resources/Task/Properties");
        for (what, found, counted) in [
            ("LaunchType of the mirror", at(service, "/LaunchType"), json!("FARGATE")),
            ("CpuArchitecture of the mirror", at(task, "/RuntimePlatform/CpuArchitecture"), json!("ARM64")),
        ] {
            ensure!(*found == counted, "{what}: the template has {found}, and counted is {counted}");
        }
        let size = |name: &str| {
            let text = at(task, &format!("/{name}")).as_str();
            text.and_then(|it| it.parse::<f64>().ok())
                .with_context(|| format!("the mirror's {name} is no number"))
        };
        let count = at(service, "/DesiredCount").as_f64().context("the mirror has no DesiredCount")?;
        // ECS counts 1024 units of a vCPU, and MiB.
        Ok(Self { count, vcpus: size("Cpu")? / 1024.0, gb: size("Memory")? / 1024.0 })
    }
}

/// The value there; `null` if there is none.
fn at<'a>(template: &'a Value, pointer: &str) -> &'a Value {
    template.pointer(pointer).unwrap_or(&Value::Null)
}

/// Whether Lambda logs its own lines of a function at INFO, which it does by default.
fn is_logged(template: &Value, function: FunctionName) -> bool {
    let level = format!("/Resources/{function:?}Function/Properties/LoggingConfig/SystemLogLevel");
    *at(template, &level) != "WARN"
}

/// A function's memory.
fn memory(template: &Value, function: FunctionName) -> Result<u32> {
    let id = format!("{function:?}Function");
    let size = at(template, &format!("/Resources/{id}/Properties/MemorySize")).as_u64();
    Ok(u32::try_from(size.with_context(|| format!("{id} has no MemorySize"))?)?)
}

/// A template as JSON, by its path from the root.
fn template(path: &str) -> Result<Value> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let python = root.join(".venv/bin/python");
    ensure!(python.exists(), "PyYAML is not installed: `make .venv/.installed` does it");
    let mut command = Command::new(python);
    command.arg(root.join("tests/contracts/template/to_json.py")).arg(root.join(path));
    let output = command.stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "{path} is not read: standard error says why");
    serde_json::from_slice(&output.stdout).with_context(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lambda_logs_lines_of_its_own_where_the_template_does_not_say_warn() {
        let (mut template, storage) =
            (template("template.yaml").unwrap(), template("infra/storage.yaml").unwrap());
        for (level, expected) in [
            (json!("WARN"), vec![]),
            (json!("INFO"), vec![FunctionName::Launcher]),
            (json!(null), vec![FunctionName::Launcher]),
        ] {
            let pointer = "/Resources/LauncherFunction/Properties/LoggingConfig/SystemLogLevel";
            *template.pointer_mut(pointer).unwrap() = level.clone();
            let logged = DeployedStack::of(&template, &storage).unwrap().logged_by_lambda;
            assert_eq!(logged, expected.into_iter().collect(), "{level}");
        }
    }

    #[test]
    fn the_mirrors_task_is_the_templates() {
        let good = template("infra/mirror.yaml").unwrap();
        assert_eq!(MirrorTask::of(&good).unwrap(), MirrorTask { count: 1.0, vcpus: 0.25, gb: 0.5 });
        for (pointer, value, expected) in [
            (
                "/Resources/Task/Properties/RuntimePlatform/CpuArchitecture",
                json!("X86_64"),
                "CpuArchitecture",
            ),
            ("/Resources/Service/Properties/LaunchType", json!("EC2"), "LaunchType"),
            ("/Resources/Task/Properties/Cpu", json!("much"), "Cpu"),
        ] {
            let mut other = good.clone();
            *other.pointer_mut(pointer).unwrap() = value;
            let problem = MirrorTask::of(&other).unwrap_err().to_string();
            assert!(problem.contains(expected), "{pointer}: {problem}");
        }
    }

    #[test]
    fn what_the_account_does_not_count_is_an_error_that_names_it() {
        let (good, storage) = (template("template.yaml").unwrap(), template("infra/storage.yaml").unwrap());
        assert!(DeployedStack::of(&good, &storage).is_ok(), "as they are");
        for (pointer, value, expected) in [
            ("/Parameters/FunctionArchitecture/Default", json!("x86_64"), "FunctionArchitecture"),
            (
                "/Resources/EveryMinuteRule/Properties/ScheduleExpression",
                json!("rate(5 minutes)"),
                "ScheduleExpression of EveryMinuteRule",
            ),
            ("/Resources/EveryMinuteRule/Type", json!("AWS::Scheduler::Schedule"), "Type of EveryMinuteRule"),
            (
                "/Resources/EveryMinuteRule/Properties/Targets/1/Id",
                json!("Another"),
                "targets of EveryMinuteRule",
            ),
            (
                "/Resources/LauncherFunction/Properties/Events/Jobs/Properties/BatchSize",
                json!(20),
                "BatchSize",
            ),
            ("/Resources/WebhookFunction/Properties/MemorySize", json!(null), "WebhookFunction"),
            ("/Parameters/LogRetentionDays/Default", json!(null), "LogRetentionDays"),
        ] {
            let mut other = good.clone();
            *other.pointer_mut(pointer).unwrap() = value;
            let problem = DeployedStack::of(&other, &storage).unwrap_err().to_string();
            assert!(problem.contains(expected), "{pointer}: {problem}");
        }
        for (pointer, value, expected) in [
            ("/Resources/LedgerTable/Properties/BillingMode", json!("PROVISIONED"), "BillingMode"),
            (
                "/Resources/LedgerTable/Properties/GlobalSecondaryIndexes/0/Projection/ProjectionType",
                json!("ALL"),
                "indexes",
            ),
        ] {
            let mut other = storage.clone();
            *other.pointer_mut(pointer).unwrap() = value;
            let problem = DeployedStack::of(&good, &other).unwrap_err().to_string();
            assert!(problem.contains(expected), "{pointer}: {problem}");
        }
    }
}
