//! The registrar's settings.

use fleet::PoolMap;
use fleet::settings::{FromParameters, Parameters, SettingsProblems, folder};
use secrecy::SecretString;

/// The settings, as they are at the time of a request: they may change while the function lives.
#[derive(Debug)]
pub struct RegistrarSettings {
    /// The map of pools.
    pub pools: PoolMap,
    /// The ticket keys that are valid now; two during a rotation.
    pub ticket_keys: Vec<SecretString>,
}

/// All that is read for the function: its settings, and the key of the client that it calls.
#[derive(Debug)]
pub struct RegistrarParameters {
    /// The settings.
    pub settings: RegistrarSettings,
    /// The private key of the GitHub App that is in use.
    pub app_key: SecretString,
}

impl FromParameters for RegistrarParameters {
    type Deployed = PoolMap;

    const FOLDERS: &'static [&'static str] = &[folder::TICKET_KEYS, folder::GITHUB_APP_KEYS];

    fn from_parameters(pools: &PoolMap, parameters: &Parameters) -> Result<Self, SettingsProblems> {
        let mut problems = SettingsProblems::default();
        let ticket_keys = parameters.secrets(folder::TICKET_KEYS, &mut problems);
        let app_key = parameters.secrets(folder::GITHUB_APP_KEYS, &mut problems).pop();
        let settings = RegistrarSettings { pools: pools.clone(), ticket_keys };
        problems.all_or(app_key.map(|app_key| Self { settings, app_key }))
    }
}
