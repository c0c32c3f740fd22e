//! The webhook's settings.

use fleet::PoolMap;
use fleet::settings::{FromParameters, Parameters, SettingsProblems, folder};
use secrecy::SecretString;

/// What is deployed with the function.
#[derive(Debug, Clone)]
pub struct WebhookDeployment {
    /// The GitHub organisation whose jobs get runners.
    pub organisation: String,
    /// The map of pools.
    pub pools: PoolMap,
    /// Whether the names of workflows and branches are kept, for the lines of what jobs cost.
    pub job_names: bool,
}

/// The settings as of one request: they may change during the function's life.
#[derive(Debug)]
pub struct WebhookSettings {
    /// The webhook secrets that are currently valid; two during a rotation.
    pub secrets: Vec<SecretString>,
    /// What is deployed with the function.
    pub deployed: WebhookDeployment,
}

impl FromParameters for WebhookSettings {
    type Deployed = WebhookDeployment;

    const FOLDERS: &'static [&'static str] = &[folder::WEBHOOK_SECRETS];

    fn from_parameters(
        deployed: &WebhookDeployment,
        parameters: &Parameters,
    ) -> Result<Self, SettingsProblems> {
        let mut problems = SettingsProblems::default();
        let secrets = parameters.secrets(folder::WEBHOOK_SECRETS, &mut problems);
        problems.all_or(Some(Self { secrets, deployed: deployed.clone() }))
    }
}
