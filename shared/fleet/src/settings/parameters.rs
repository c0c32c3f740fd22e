//! Parameters under one path: the pool map, where its tasks are put, and the secrets.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::SettingsProblems;
use crate::ids::PoolName;
use crate::launch::Placement;
use crate::pools::{PoolMap, PoolMapError};
use crate::schedule::Schedule;

/// The folders under the path, each of which a function is allowed to read or not.
pub mod folder {
    /// One pool a parameter: a JSON object with the fields of a table of `pools.toml`.
    pub const POOLS: &str = "pools";
    /// One pool a parameter: a JSON object, [`crate::launch::Placement`].
    pub const PLACEMENTS: &str = "placements";
    /// The webhook secrets that are valid now, under any names: one, or two during a rotation.
    pub const WEBHOOK_SECRETS: &str = "webhook-secrets";
    /// The ticket keys that are valid now. The one whose name sorts last issues new tickets.
    pub const TICKET_KEYS: &str = "ticket-keys";
    /// The platform's schedule, in one parameter of any name: a JSON object in the form of
    /// `pools.toml`'s table `[schedule]`.
    pub const SCHEDULE: &str = "schedule";
    /// The private keys of the GitHub App, in PEM. The one whose name sorts last is in use.
    pub const GITHUB_APP_KEYS: &str = "github-app-keys";
}

/// Makes a map of the pools' entries.
type ReadPools = fn(Vec<(String, Value)>) -> Result<PoolMap, PoolMapError>;

/// Settings that are read from parameters.
pub trait FromParameters: Sized {
    /// The folders that have to be read for them.
    const FOLDERS: &'static [&'static str];

    /// Reads them.
    fn from_parameters(parameters: &Parameters) -> Result<Self, SettingsProblems>;
}

/// Parameters, by `folder/name`. All values are kept as secrets, whichever of them are.
#[derive(Debug, Clone, Default)]
pub struct Parameters {
    path: String,
    values: BTreeMap<String, SecretString>,
}

impl Parameters {
    /// No parameters yet, under this path.
    pub fn under(path: &str) -> Self {
        Self { path: path.trim_end_matches('/').to_owned(), values: BTreeMap::new() }
    }

    /// Adds one by its full name. One that does not lie under the path is left out.
    pub fn add(&mut self, full_name: &str, value: impl Into<SecretString>) {
        if let Some(name) = full_name.strip_prefix(&self.path).and_then(|name| name.strip_prefix('/')) {
            self.values.insert(name.to_owned(), value.into());
        }
    }

    /// The map of pools, without their schedules.
    pub fn pools(&self, problems: &mut SettingsProblems) -> Option<PoolMap> {
        self.read_pools(PoolMap::without_schedules, problems)
    }

    fn read_pools(&self, read: ReadPools, problems: &mut SettingsProblems) -> Option<PoolMap> {
        match read(self.values_of(folder::POOLS, problems)) {
            Ok(pools) => Some(pools),
            Err(error) => {
                for problem in &error.0 {
                    problems.note(self.named(folder::POOLS, problem));
                }
                None
            }
        }
    }

    /// The map of pools with their schedules, and the platform's where the folder `schedule` holds one.
    pub fn pools_on_schedule(&self, problems: &mut SettingsProblems) -> Option<PoolMap> {
        let pools = self.read_pools(PoolMap::from_entries, problems);
        let mut written: Vec<(String, Value)> = self.values_of(folder::SCHEDULE, problems);
        if written.len() > 1 {
            problems.note(self.named(folder::SCHEDULE, ": holds more than one parameter; leave one"));
        }
        let Some((_, value)) = written.pop() else { return pools };
        match Schedule::from_value(value) {
            Ok(schedule) => pools.map(|pools| pools.with_schedule(schedule)),
            Err(error) => {
                for problem in &error.0 {
                    problems.note(self.named(folder::SCHEDULE, problem));
                }
                None
            }
        }
    }

    /// Where the tasks of each of these pools are put. A pool without a placement is a problem.
    pub fn placements(
        &self,
        pools: Option<&PoolMap>,
        problems: &mut SettingsProblems,
    ) -> BTreeMap<PoolName, Placement> {
        let found: BTreeMap<String, Placement> =
            self.values_of(folder::PLACEMENTS, problems).into_iter().collect();
        let mut placements = BTreeMap::new();
        for pool in pools.into_iter().flat_map(PoolMap::iter) {
            let name = format!("{}/{}", folder::PLACEMENTS, pool.name);
            match found.get(pool.name.as_str()) {
                Some(placement) => drop(placements.insert(pool.name.clone(), placement.clone())),
                None if self.values.contains_key(&name) => {}
                None => problems.note(format!(
                    "{}/{name}: is not there; it says where the pool's tasks are put",
                    self.path
                )),
            }
        }
        placements
    }

    /// The secrets of a folder, in the order of their names; at least one. White space around a
    /// secret is not a part of it.
    pub fn secrets(&self, folder: &str, problems: &mut SettingsProblems) -> Vec<SecretString> {
        let mut secrets = Vec::new();
        for (name, value) in self.folder(folder) {
            match value.expose_secret().trim() {
                "" => problems.note(format!("{}/{folder}/{name}: is empty", self.path)),
                secret => secrets.push(secret.into()),
            }
        }
        if self.folder(folder).next().is_none() {
            problems.note(format!(
                "{}/{folder}/: holds no parameter; put a SecureString there, under any name",
                self.path
            ));
        }
        secrets
    }

    fn folder<'a>(&'a self, folder: &str) -> impl Iterator<Item = (&'a str, &'a SecretString)> {
        let prefix = format!("{folder}/");
        self.values.iter().filter_map(move |(name, value)| Some((name.strip_prefix(&prefix)?, value)))
    }

    /// The JSON values of a folder.
    fn values_of<T: serde::de::DeserializeOwned>(
        &self,
        folder: &str,
        problems: &mut SettingsProblems,
    ) -> Vec<(String, T)> {
        let mut values = Vec::new();
        for (name, value) in self.folder(folder) {
            match serde_json::from_str(value.expose_secret()) {
                Ok(value) => values.push((name.to_owned(), value)),
                Err(error) => problems.note(self.named(folder, format!("{name}: {error}"))),
            }
        }
        values
    }

    fn named(&self, folder: &str, rest: impl std::fmt::Display) -> String {
        format!("{}/{folder}/{rest}", self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POOL: &str = r#"{"architecture":"arm64","capacity":"fargate","labels":[],"cpu_units":4096,"memory_mib":16384,"disk_gib":60,"runner_group":"fargate","priority":10,"maximum":5}"#;

    fn parameters(values: &[(&str, &str)]) -> Parameters {
        let mut parameters = Parameters::under("/mayfly/");
        for &(name, value) in values {
            parameters.add(name, value);
        }
        parameters
    }

    #[test]
    fn secrets_come_in_the_order_of_their_names_without_white_space() {
        let parameters = parameters(&[
            ("/mayfly/webhook-secrets/b", "new\n"),
            ("/mayfly/webhook-secrets/a", "old"),
            ("/elsewhere/webhook-secrets/c", "not ours"),
        ]);
        let mut problems = SettingsProblems::default();
        let secrets = parameters.secrets(folder::WEBHOOK_SECRETS, &mut problems);
        let secrets: Vec<&str> = secrets.iter().map(ExposeSecret::expose_secret).collect();
        assert_eq!((secrets, problems.iter().count()), (vec!["old", "new"], 0));
    }

    #[test]
    fn whatever_is_wrong_is_told_by_name_and_without_its_value() {
        let parameters = parameters(&[
            ("/mayfly/ticket-keys/1", " "),
            ("/mayfly/pools/broken", "hunter2"),
            ("/mayfly/placements/other", r#"{"cluster":"ecs","hunter2":true}"#),
        ]);
        let mut problems = SettingsProblems::default();
        parameters.secrets(folder::TICKET_KEYS, &mut problems);
        parameters.secrets(folder::WEBHOOK_SECRETS, &mut problems);
        let pools = parameters.pools(&mut problems);
        assert_eq!(pools, None);
        let told = problems.to_string();
        for name in ["/mayfly/ticket-keys/1: is empty", "/mayfly/webhook-secrets/:", "/mayfly/pools/broken:"]
        {
            assert!(told.contains(name), "{told:?} does not name {name}");
        }
        assert!(!told.contains("hunter2"), "{told}");
    }

    #[test]
    fn the_schedule_is_one_parameter_of_any_name_or_the_default() {
        let zone = |values: &[(&str, &str)]| {
            let with_pool: Vec<_> = values.iter().copied().chain([("/mayfly/pools/one", POOL)]).collect();
            let mut problems = SettingsProblems::default();
            let pools = parameters(&with_pool).pools_on_schedule(&mut problems);
            let zone = |pools: PoolMap| pools.schedule().zone().iana_name().map(str::to_owned);
            (pools.and_then(zone).unwrap_or_default(), problems.to_string())
        };
        let london = ("/mayfly/schedule/platform", r#"{"time_zone":"Europe/London"}"#);
        assert_eq!(zone(&[]), ("UTC".to_owned(), String::new()));
        assert_eq!(zone(&[london]), ("Europe/London".to_owned(), String::new()));
        let (_, two) = zone(&[london, ("/mayfly/schedule/other", "{}")]);
        assert!(two.contains("/mayfly/schedule/: holds more than one"), "{two}");
        let (_, wrong) = zone(&[("/mayfly/schedule/platform", r#"{"time_zone":"London"}"#)]);
        assert!(wrong.contains("/mayfly/schedule/schedule.time_zone: \"London\" is no IANA"), "{wrong}");
    }

    #[test]
    fn a_pool_needs_a_placement() {
        let parameters = parameters(&[("/mayfly/pools/one", POOL)]);
        let mut problems = SettingsProblems::default();
        let pools = parameters.pools(&mut problems);
        assert_eq!(problems, SettingsProblems::default());
        assert_eq!(parameters.placements(pools.as_ref(), &mut problems).len(), 0);
        assert!(problems.to_string().starts_with("/mayfly/placements/one: is not there"), "{problems}");
    }
}
