//! The launcher's settings.

use fleet::settings::{FromParameters, Parameters, SettingsProblems, folder};

/// The settings as of one batch: they may change during the function's life.
#[derive(Debug)]
pub struct LauncherSettings(pub control::LaunchSettings);

impl std::ops::Deref for LauncherSettings {
    type Target = control::LaunchSettings;

    fn deref(&self) -> &control::LaunchSettings {
        &self.0
    }
}

impl FromParameters for LauncherSettings {
    type Deployed = control::LaunchDeployment;

    const FOLDERS: &'static [&'static str] = &[folder::TICKET_KEYS];

    fn from_parameters(deployed: &Self::Deployed, parameters: &Parameters) -> Result<Self, SettingsProblems> {
        control::LaunchSettings::read(deployed, parameters).map(Self)
    }
}
