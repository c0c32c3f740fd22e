//! The scheduler's settings.

use fleet::settings::{FromParameters, Parameters, SettingsProblems, folder};

/// The settings, as they are at the time of a tick; the map of pools is on its schedule.
#[derive(Debug)]
pub struct SchedulerSettings(pub control::LaunchSettings);

impl std::ops::Deref for SchedulerSettings {
    type Target = control::LaunchSettings;

    fn deref(&self) -> &control::LaunchSettings {
        &self.0
    }
}

impl FromParameters for SchedulerSettings {
    type Deployed = control::LaunchDeployment;

    const FOLDERS: &'static [&'static str] = &[folder::TICKET_KEYS];

    fn from_parameters(deployed: &Self::Deployed, parameters: &Parameters) -> Result<Self, SettingsProblems> {
        control::LaunchSettings::read(deployed, parameters).map(Self)
    }
}
