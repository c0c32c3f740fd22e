//! What the launcher is told.

use fleet::settings::{FromParameters, Parameters, SettingsProblems, folder};

/// The settings, as they are at the time of a batch: they may change while the function lives.
#[derive(Debug)]
pub struct Settings(pub control::LaunchSettings);

impl std::ops::Deref for Settings {
    type Target = control::LaunchSettings;

    fn deref(&self) -> &control::LaunchSettings {
        &self.0
    }
}

impl FromParameters for Settings {
    const FOLDERS: &'static [&'static str] = &[folder::POOLS, folder::PLACEMENTS, folder::TICKET_KEYS];

    fn from_parameters(parameters: &Parameters) -> Result<Self, SettingsProblems> {
        let mut problems = SettingsProblems::default();
        let pools = parameters.pools(&mut problems);
        control::LaunchSettings::with_pools(pools, parameters, problems).map(Self)
    }
}
