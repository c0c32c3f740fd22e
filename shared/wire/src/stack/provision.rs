//! The stack in ministack, and what an operator puts beside it: the secrets.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::ministack::Ministack;
use anyhow::{Context as _, Result};
use aws_config::SdkConfig;
use aws_sdk_sqs::types::QueueAttributeName;
use aws_sdk_ssm::types::ParameterType;
use control::LaunchDeployment;
use fleet::launch::{Placement, Placements};
use fleet::settings::folder;
use fleet::{PoolMap, PoolName};
use sandbox::queue::VISIBILITY;
use secrecy::{ExposeSecret, SecretString};

use super::Options;
use super::formation::{Code, Formation, Templates};

/// The path of the parameters, as in `template.yaml`.
pub const PARAMETERS: &str = "/mayfly";

/// The secrets that an operator puts into the Parameter Store.
#[derive(Debug, Clone)]
pub struct Secrets {
    /// What GitHub signs with.
    pub webhook: SecretString,
    /// What tickets are issued under.
    pub ticket_key: SecretString,
    /// What the GitHub App signs with.
    pub app_key: SecretString,
}

impl Secrets {
    /// These two, and a key of an App that is known on this machine alone.
    pub fn with_new_app(webhook: SecretString, ticket_key: SecretString) -> Result<Self> {
        let app_key = crate::github::app_key().map_err(anyhow::Error::msg)?;
        Ok(Self { webhook, ticket_key, app_key: app_key.into() })
    }

    /// Each by the name of its parameter.
    pub fn parameters(&self) -> [(String, &str); 3] {
        [
            (folder::WEBHOOK_SECRETS, &self.webhook),
            (folder::TICKET_KEYS, &self.ticket_key),
            (folder::GITHUB_APP_KEYS, &self.app_key),
        ]
        .map(|(folder, secret)| (format!("{PARAMETERS}/{folder}/1"), secret.expose_secret()))
    }
}

/// What there is now.
#[derive(Debug, Clone)]
pub struct Provisioned {
    /// The stack.
    pub formation: Formation,
    /// The queue.
    pub queue_url: String,
    /// Its dead-letter queue.
    pub dead_letters_url: String,
    /// The ledger's table.
    pub table: String,
    /// The pools, as the functions read them.
    pub pools: PoolMap,
    /// Where the pools' tasks are put, as the functions read it.
    pub placements: BTreeMap<PoolName, Placement>,
}

/// Deploys the stack, and adds the operator's part.
pub(super) async fn provision(
    config: &SdkConfig,
    ministack: &Ministack,
    templates: &Templates,
    code: Code<'_>,
    options: &Options<'_>,
) -> Result<Provisioned> {
    let formation = templates.deploy(ministack, Some(code), &[])?;
    let store = aws_sdk_ssm::Client::new(config);
    for (name, value) in options.secrets.parameters() {
        let request = store.put_parameter().name(&name).value(value).r#type(ParameterType::SecureString);
        request.send().await.context(name)?;
    }
    let queue_url = formation.output("JobQueueUrl")?;
    if options.visibility != VISIBILITY {
        set_visibility(&aws_sdk_sqs::Client::new(config), &queue_url, options.visibility).await?;
    }
    let told = &formation.function("Launcher")?.variables;
    let placements = told.get("MAYFLY_PLACEMENTS").context("the launcher has no MAYFLY_PLACEMENTS")?;
    let placements: Placements = serde_json::from_str(placements).context("MAYFLY_PLACEMENTS")?;
    let LaunchDeployment { pools, placements } =
        LaunchDeployment::new(PoolMap::from_toml(options.map)?, &placements)?;
    let table = told.get("MAYFLY_TABLE").context("the launcher has no MAYFLY_TABLE")?.clone();
    let dead_letters_url = formation.output("DeadLetterQueueUrl")?;
    Ok(Provisioned { formation, queue_url, dead_letters_url, table, pools, placements })
}

/// The one thing of the template that a burst does not wait for: how long a message that was received
/// stays out of sight.
async fn set_visibility(client: &aws_sdk_sqs::Client, queue: &str, visibility: Duration) -> Result<()> {
    let request = client.set_queue_attributes().queue_url(queue);
    request
        .attributes(QueueAttributeName::VisibilityTimeout, visibility.as_secs().to_string())
        .send()
        .await?;
    Ok(())
}
