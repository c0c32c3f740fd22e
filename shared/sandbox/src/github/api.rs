//! What GitHub's API knows beside jobs and runners: groups, limits, outages.

use std::time::Duration;

use fleet::GithubRunnerId;
use fleet::ports::RunnerGroupId;
use jiff::{SignedDuration, Timestamp};

use super::limits::{GithubLimits, UsedLimits};
use crate::Operation;

/// How long GitHub asks to wait at its limit.
pub const LIMIT_WAIT: SignedDuration = SignedDuration::from_secs(60);

/// What the sandbox's JIT configs begin with; GitHub's id of the registration follows.
const JIT_CONFIG: &str = "sandbox-jit-config-";

/// The state of the API.
#[derive(Debug, Default)]
pub(super) struct Api {
    groups: Vec<String>,
    out_until: Option<Timestamp>,
    wait_until: Option<Timestamp>,
    calls: Vec<Timestamp>,
    listeners_url: Option<String>,
    used: UsedLimits,
}

/// The registration that a JIT config is of.
pub(crate) fn registration_of(jit_config: &str) -> Option<GithubRunnerId> {
    jit_config.strip_prefix(JIT_CONFIG)?.parse().ok().map(GithubRunnerId)
}

impl super::Github {
    /// The JIT config of a registration. For a listener that is a process it is the step that it takes.
    pub fn jit_config(&self, runner: GithubRunnerId) -> String {
        match &self.api.listeners_url {
            Some(url) => format!("connect {url} {runner}"),
            None => format!("{JIT_CONFIG}{runner}"),
        }
    }

    /// Listeners are processes from now on, and connect to this URL.
    pub(crate) fn set_listeners_url(&mut self, url: &str) {
        self.api.listeners_url = Some(url.to_owned());
    }

    /// The id of the runner group of this name, which is created if it is missing.
    pub fn group(&mut self, name: &str) -> RunnerGroupId {
        let groups = &mut self.api.groups;
        let place = groups.iter().position(|group| group == name).unwrap_or_else(|| {
            groups.push(name.to_owned());
            groups.len() - 1
        });
        RunnerGroupId(place as u64 + 1)
    }

    /// A runner group's name.
    pub fn group_name(&self, group: RunnerGroupId) -> Option<&str> {
        let place = usize::try_from(group.0).ok()?.checked_sub(1)?;
        self.api.groups.get(place).map(String::as_str)
    }

    /// Every runner group, with its id.
    pub fn groups(&self) -> impl Iterator<Item = (u64, &str)> {
        (1..).zip(self.api.groups.iter().map(String::as_str))
    }

    /// Limits calls from now on.
    pub fn set_limits(&mut self, limits: GithubLimits) {
        self.api.used.limits = limits;
    }

    /// How many calls the limits have refused so far.
    pub fn refused_by_limits(&self) -> u64 {
        self.api.used.refused
    }

    /// Takes a call out of the limits, or says how long GitHub asks to wait.
    pub(crate) fn take_call(&mut self, operation: Operation, now: Timestamp) -> Result<(), Duration> {
        self.api.used.take(operation, now)
    }

    /// GitHub's API answers nobody until then.
    pub fn set_outage(&mut self, until: Timestamp) {
        self.api.out_until = Some(until);
    }

    /// Whether the API is out of order.
    pub fn is_out(&self, now: Timestamp) -> bool {
        self.api.out_until.is_some_and(|until| now < until)
    }

    /// From now on GitHub asks everybody to wait, for [`LIMIT_WAIT`].
    pub fn ask_to_wait(&mut self, now: Timestamp) {
        self.api.wait_until = now.checked_add(LIMIT_WAIT).ok();
    }

    /// How long GitHub asks to wait, if it does.
    pub fn asks_to_wait(&self, now: Timestamp) -> Option<Duration> {
        let until = self.api.wait_until.filter(|&until| now < until)?;
        Some(until.duration_since(now).unsigned_abs().max(Duration::from_secs(1)))
    }

    /// Counts a call that GitHub's secondary limit is about.
    pub(crate) fn count_call(&mut self, now: Timestamp) {
        self.api.calls.push(now);
    }

    /// When the calls were made that GitHub's secondary limit is about.
    pub fn limited_calls(&self) -> &[Timestamp] {
        &self.api.calls
    }
}
