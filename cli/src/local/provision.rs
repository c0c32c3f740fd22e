//! What the template and the operator make in AWS, made in moto.

use std::time::Duration;

use anyhow::{Context as _, Result};
use aws_config::SdkConfig;
use aws_sdk_sqs::types::QueueAttributeName;
use aws_sdk_ssm::types::ParameterType;
use fleet::launch::Placement;
use fleet::schedule::Schedule;
use fleet::settings::folder;
use fleet::{Pool, PoolMap};
use sandbox::queue::MAX_RECEIVES;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::Options;

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
        let app_key = sandbox::wire::github::app_key().map_err(anyhow::Error::msg)?;
        Ok(Self { webhook, ticket_key, app_key: app_key.into() })
    }
}

/// What there is now.
#[derive(Debug, Clone)]
pub struct Provisioned {
    /// The queue.
    pub queue_url: String,
    /// Its dead-letter queue.
    pub dead_letters_url: String,
    /// The ledger's table.
    pub table: String,
}

/// Makes queue, table and parameters.
pub(super) async fn provision(config: &SdkConfig, options: &Options<'_>) -> Result<Provisioned> {
    let table = "mayfly-ledger".to_owned();
    aws::ledger::create_table(&aws_sdk_dynamodb::Client::new(config), &table).await?;
    let store = aws_sdk_ssm::Client::new(config);
    for parameter in parameters(options.pools, options.secrets)? {
        put(&store, parameter).await?;
    }
    groups(&aws_sdk_autoscaling::Client::new(config), options.pools).await?;
    let (queue_url, dead_letters_url) = queues(&aws_sdk_sqs::Client::new(config), options.visibility).await?;
    Ok(Provisioned { queue_url, dead_letters_url, table })
}

/// An Auto Scaling group for each pool on EC2 instances, with room for all of its runners.
async fn groups(client: &aws_sdk_autoscaling::Client, pools: &PoolMap) -> Result<()> {
    const LAUNCH_CONFIGURATION: &str = "mayfly";
    let made = client.create_launch_configuration().launch_configuration_name(LAUNCH_CONFIGURATION);
    made.image_id("ami-12c6146b").instance_type("t3.2xlarge").send().await?;
    for pool in pools.iter() {
        let placement = Placement::by_convention(pool);
        let Some((name, each)) = placement.auto_scaling_group.zip(pool.runners_per_instance) else {
            continue;
        };
        let group = client.create_auto_scaling_group().auto_scaling_group_name(name);
        let group = group.launch_configuration_name(LAUNCH_CONFIGURATION).availability_zones("us-east-1a");
        let most = i32::try_from(pool.maximum.div_ceil(each.max(1)))?;
        group.min_size(0).max_size(most).send().await?;
    }
    Ok(())
}

async fn queues(client: &aws_sdk_sqs::Client, visibility: Duration) -> Result<(String, String)> {
    let made = client.create_queue().queue_name("mayfly-dead-letters").send().await?;
    let dead_letters = made.queue_url.context("SQS made no queue")?;
    let arn = QueueAttributeName::QueueArn;
    let asked =
        client.get_queue_attributes().queue_url(&dead_letters).attribute_names(arn.clone()).send().await?;
    let target = asked.attributes.unwrap_or_default().remove(&arn).context("SQS gives no ARN")?;
    let redrive = json!({"deadLetterTargetArn": target, "maxReceiveCount": MAX_RECEIVES}).to_string();
    let queue = client.create_queue().queue_name("mayfly-jobs");
    let queue = queue.attributes(QueueAttributeName::VisibilityTimeout, visibility.as_secs().to_string());
    let made = queue.attributes(QueueAttributeName::RedrivePolicy, redrive).send().await?;
    Ok((made.queue_url.context("SQS made no queue")?, dead_letters))
}

/// A parameter of the Parameter Store.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// Its whole name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Whether it is a `SecureString`.
    pub is_secret: bool,
}

/// All parameters that the functions read.
pub fn parameters(pools: &PoolMap, secrets: &Secrets) -> Result<Vec<Parameter>> {
    let parameter = |folder: &str, name: &str, value: String, is_secret| Parameter {
        name: format!("{PARAMETERS}/{folder}/{name}"),
        value,
        is_secret,
    };
    let mut parameters = Vec::new();
    for pool in pools.iter() {
        let (name, placement) = (pool.name.as_str(), Placement::by_convention(pool));
        parameters.push(parameter(folder::POOLS, name, entry(pool).to_string(), false));
        parameters.push(parameter(folder::PLACEMENTS, name, serde_json::to_string(&placement)?, false));
    }
    let schedule = pools.schedule().to_value().to_string();
    parameters.push(parameter(folder::SCHEDULE, "platform", schedule, false));
    for (folder, secret) in [
        (folder::WEBHOOK_SECRETS, &secrets.webhook),
        (folder::TICKET_KEYS, &secrets.ticket_key),
        (folder::GITHUB_APP_KEYS, &secrets.app_key),
    ] {
        parameters.push(parameter(folder, "1", secret.expose_secret().to_owned(), true));
    }
    Ok(parameters)
}

async fn put(client: &aws_sdk_ssm::Client, parameter: Parameter) -> Result<()> {
    let Parameter { name, value, is_secret } = parameter;
    let kind = if is_secret { ParameterType::SecureString } else { ParameterType::String };
    let request = client.put_parameter().name(&name).value(value).r#type(kind);
    request.send().await.with_context(|| name.clone())?;
    Ok(())
}

/// A pool as an entry of the map.
fn entry(pool: &Pool) -> Value {
    let implied = ["self-hosted", "linux", pool.name.as_str()];
    let labels: Vec<&str> = pool.labels.iter().map(fleet::Label::as_str).collect();
    let own: Vec<&str> = labels
        .into_iter()
        .filter(|label| !implied.contains(label) && !pool.architecture.aliases().contains(label))
        .collect();
    let mut entry = json!({
        "labels": own,
        "architecture": pool.architecture,
        "capacity": pool.capacity,
        "cpu_units": pool.cpu_units,
        "memory_mib": pool.memory_mib,
        "disk_gib": pool.disk_gib,
        "runner_group": pool.runner_group,
        "priority": pool.priority,
        "maximum": pool.maximum,
        "working_hours_minimum": pool.working_hours_minimum,
        "off_hours_minimum": pool.off_hours_minimum,
        "sudo": pool.sudo,
    });
    let optional = [
        ("instance_types", (!pool.instance_types.is_empty()).then(|| json!(pool.instance_types))),
        ("runners_per_instance", pool.runners_per_instance.map(Value::from)),
        ("fallback", pool.fallback.as_ref().map(|name| json!(name))),
        ("off_hours_maximum", pool.off_hours_maximum.map(Value::from)),
        ("schedule", pool.schedule.as_ref().map(Schedule::to_value)),
    ];
    if let Some(entry) = entry.as_object_mut() {
        entry.extend(optional.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    }
    entry
}

#[cfg(test)]
mod tests {
    use fleet::pools::DEFAULT_POOLS;

    use super::*;

    #[test]
    fn every_pool_reads_back_from_its_entry() {
        let pools = PoolMap::from_toml(DEFAULT_POOLS).unwrap();
        let entries = pools.iter().map(|pool| (pool.name.to_string(), entry(pool)));
        assert_eq!(PoolMap::from_entries(entries).unwrap(), pools);
    }
}
