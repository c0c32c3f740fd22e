//! The reconciler's settings.

use std::collections::BTreeSet;

use fleet::PoolMap;
use fleet::launch::Placement;
use fleet::settings::{FromParameters, Parameters, SettingsProblems, folder};
use secrecy::SecretString;

/// The settings, as they are at the time of a pass.
#[derive(Debug)]
pub struct ReconcilerSettings {
    /// The map of pools.
    pub pools: PoolMap,
    /// The stack's name, which the families of its task definitions begin with.
    pub stack: String,
}

impl ReconcilerSettings {
    /// The clusters that the pools of the map are in.
    pub fn clusters(&self) -> BTreeSet<String> {
        // Where a task is does not depend on the revision of its definition.
        self.pools.with_retiring().map(|pool| Placement::in_stack(&self.stack, pool, None).cluster).collect()
    }
}

/// What is deployed with the function.
#[derive(Debug, Clone)]
pub struct ReconcilerDeployment {
    /// The map of pools.
    pub pools: PoolMap,
    /// The stack's name.
    pub stack: String,
}

/// All that is read for the function: its settings, and the key of the client that it calls.
#[derive(Debug)]
pub struct ReconcilerParameters {
    /// The settings.
    pub settings: ReconcilerSettings,
    /// The private key of the GitHub App that is in use.
    pub app_key: SecretString,
}

impl FromParameters for ReconcilerParameters {
    type Deployed = ReconcilerDeployment;

    const FOLDERS: &'static [&'static str] = &[folder::GITHUB_APP_KEYS];

    fn from_parameters(
        deployed: &ReconcilerDeployment,
        parameters: &Parameters,
    ) -> Result<Self, SettingsProblems> {
        let mut problems = SettingsProblems::default();
        let app_key = parameters.secrets(folder::GITHUB_APP_KEYS, &mut problems).pop();
        let ReconcilerDeployment { pools, stack } = deployed.clone();
        let settings = ReconcilerSettings { pools, stack };
        problems.all_or(app_key.map(|app_key| Self { settings, app_key }))
    }
}
