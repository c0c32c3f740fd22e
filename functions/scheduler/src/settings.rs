//! What the scheduler is told.

use fleet::settings::{FromParameters, Parameters, SettingsProblems, folder};

/// The settings, as they are at the time of a tick; the map of pools is on its schedule.
#[derive(Debug)]
pub struct Settings(pub control::LaunchSettings);

impl std::ops::Deref for Settings {
    type Target = control::LaunchSettings;

    fn deref(&self) -> &control::LaunchSettings {
        &self.0
    }
}

impl FromParameters for Settings {
    const FOLDERS: &'static [&'static str] =
        &[folder::POOLS, folder::PLACEMENTS, folder::TICKET_KEYS, folder::SCHEDULE];

    fn from_parameters(parameters: &Parameters) -> Result<Self, SettingsProblems> {
        let mut problems = SettingsProblems::default();
        let pools = parameters.pools_on_schedule(&mut problems);
        control::LaunchSettings::with_pools(pools, parameters, problems).map(Self)
    }
}
