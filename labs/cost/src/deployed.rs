//! What the templates say of that which costs: memory, schedules, the queue, the table, how long logs are kept.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use sandbox::FunctionName;
use serde_json::{Value, json};

use crate::usage;

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
pub struct Deployed {
    /// Megabytes of each function.
    pub memory: BTreeMap<FunctionName, u32>,
    /// Whether the launcher's event source has a maximum concurrency.
    pub has_maximum_concurrency: bool,
    /// Whether a key of KMS encrypts the table.
    pub has_table_key: bool,
    /// Whether the table can be restored to any point in time.
    pub has_recovery: bool,
    /// How long logs are kept.
    pub log_days: f64,
}

impl Deployed {
    /// Reads the templates. What the sandbox does otherwise, or has other prices, is an error.
    pub fn read() -> Result<Self> {
        Self::of(&template("template.yaml")?, &template("infra/storage.yaml")?)
    }

    /// What these templates say: `template.yaml` and `infra/storage.yaml`, as JSON.
    fn of(template: &Value, storage: &Value) -> Result<Self> {
        let resources = &template["Resources"];
        let default = |name: &str| &template["Parameters"][name]["Default"];
        ensure!(
            *default("FunctionArchitecture") == "arm64",
            "FunctionArchitecture is {}: prices.toml has the prices of arm64",
            default("FunctionArchitecture")
        );
        for schedule in ["EveryMinute", "ReconcilerEveryMinute"] {
            let rate = &resources[schedule]["Properties"]["ScheduleExpression"];
            ensure!(*rate == "rate(1 minute)", "{schedule} is {rate}: in the sandbox it is each minute");
        }
        let jobs = &resources["LauncherFunction"]["Properties"]["Events"]["Jobs"]["Properties"];
        let batch = &jobs["BatchSize"];
        ensure!(*batch == sandbox::queue::BATCH, "BatchSize is {batch}: in the sandbox {}", sandbox::queue::BATCH);
        let table = &storage["Resources"]["LedgerTable"]["Properties"];
        let billing = &table["BillingMode"];
        ensure!(*billing == "PAY_PER_REQUEST", "the table's BillingMode is {billing}: its units have another price");
        let projections: Vec<&Value> = table["GlobalSecondaryIndexes"]
            .as_array()
            .context("the table has no index")?
            .iter()
            .map(|index| &index["Projection"])
            .collect();
        let keys_only = json!({"ProjectionType": "KEYS_ONLY"});
        ensure!(projections == [&keys_only], "the table's indexes are not one of its keys only, which is counted");
        Ok(Self {
            memory: FUNCTIONS.iter().map(|&it| Ok((it, memory(resources, it)?))).collect::<Result<_>>()?,
            has_maximum_concurrency: jobs["ScalingConfig"]["MaximumConcurrency"].is_number(),
            has_table_key: table["SSESpecification"]["SSEEnabled"] == true,
            has_recovery: table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] == true,
            log_days: default("LogRetentionDays").as_f64().context("LogRetentionDays has no default")?,
        })
    }
}

/// A function's memory.
fn memory(resources: &Value, function: FunctionName) -> Result<u32> {
    let name = usage::name(function);
    let id = name.chars().next().map(|first| first.to_ascii_uppercase()).into_iter();
    let id: String = id.chain(name.chars().skip(1)).chain("Function".chars()).collect();
    let size = resources[&id]["Properties"]["MemorySize"].as_u64();
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
