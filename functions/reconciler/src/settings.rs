//! What the reconciler is told.

use fleet::PoolMap;
use fleet::settings::{FromParameters, Parameters, SettingsProblems, folder};
use secrecy::SecretString;

/// The settings, as they are at the time of a pass.
#[derive(Debug)]
pub struct Settings {
    /// The map of pools.
    pub pools: PoolMap,
}

/// All that is read for the function: its settings, and the key of the client that it calls.
#[derive(Debug)]
pub struct FunctionSettings {
    /// The settings.
    pub settings: Settings,
    /// The private key of the GitHub App that is in use.
    pub app_key: SecretString,
}

impl FromParameters for FunctionSettings {
    type Deployed = PoolMap;

    const FOLDERS: &'static [&'static str] = &[folder::GITHUB_APP_KEYS];

    fn from_parameters(pools: &PoolMap, parameters: &Parameters) -> Result<Self, SettingsProblems> {
        let mut problems = SettingsProblems::default();
        let app_key = parameters.secrets(folder::GITHUB_APP_KEYS, &mut problems).pop();
        let settings = Settings { pools: pools.clone() };
        problems.all_or(app_key.map(|app_key| Self { settings, app_key }))
    }
}
