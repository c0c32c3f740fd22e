//! Settings that stay fresh: read at boot, and again when they have become old.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use fleet::metric::Metric;
use fleet::ports::{Clock as _, Random as _};
use fleet::settings::{FromParameters, SettingsProblems};
use jiff::{SignedDuration, Timestamp};
use tokio::time::{Instant, sleep, timeout};
use tracing::{error, info};

use super::System;
use crate::parameters::{ParameterStore, Versions};

/// From this age on settings are read again, beside the event that finds them so old.
///
/// No event is to wait for what was read a minute before it is too old: a tick a minute finds them so each fourteenth
/// time. KMS bills each secret that is decrypted, so only versions that are not known yet are.
pub const OLD: SignedDuration = SignedDuration::from_mins(14);

/// From this age on an event waits for new ones: the function has slept meanwhile, and a secret may have
/// been changed. So long an operator waits between two steps of a rotation (docs/OPERATIONS.md, "Rotation").
const TOO_OLD: SignedDuration = SignedDuration::from_mins(15);

/// The wait before settings that could not be read are read again.
const RETRY: SignedDuration = SignedDuration::from_secs(10);

/// How long the init phase tries to read them. Lambda gives it ten seconds in all, and what else is
/// made then is made beside it.
const INIT: Duration = Duration::from_secs(6);

/// How long an event waits for them. GitHub waits ten seconds for its answer, of which a start that read
/// nothing has taken [`INIT`] already.
const EVENT: Duration = Duration::from_secs(2);

/// How long they are read beside an event, or several: a function sleeps between them.
const BESIDE: Duration = Duration::from_secs(8);

/// A wait that ends so much too late has been frozen.
const FROZEN: Duration = Duration::from_secs(1);

/// The first wait between two tries of the init phase; the next ones are twice as long, each.
const FIRST_WAIT: Duration = Duration::from_millis(200);

/// No settings could be read since the function started. The log says why; the next event tries again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the settings could not be read yet")]
pub struct NotRead;

/// Settings that are read again and again.
///
/// Where new ones cannot be read, or are wrong, the last good ones stay in force.
#[derive(Debug)]
pub struct Fresh<S: FromParameters>(Rc<SettingsReader<S>>);

#[derive(Debug)]
struct SettingsReader<S: FromParameters> {
    store: ParameterStore,
    deployed: S::Deployed,
    held: RefCell<Option<CachedSettings<S>>>,
    /// Not before this are they read again.
    next: Cell<Timestamp>,
    /// Whether they are being read beside an event.
    is_reading: Cell<bool>,
}

#[derive(Debug)]
struct CachedSettings<S> {
    settings: Rc<S>,
    /// What they were made of.
    versions: Versions,
    read_at: Timestamp,
}

impl<S> Fresh<S>
where
    S: FromParameters + 'static,
    S::Deployed: 'static,
{
    /// Reads the settings for the first time, and tries again while the init phase has time: many
    /// functions that start at once are more than the Parameter Store answers in a second.
    pub(super) async fn read(store: ParameterStore, deployed: S::Deployed) -> Self {
        let reader = SettingsReader {
            store,
            deployed,
            held: RefCell::new(None),
            next: Cell::new(Timestamp::MIN),
            is_reading: Cell::new(false),
        };
        if timeout(INIT, reader.read_with_patience()).await.is_err() {
            error!("the settings are not read within the init phase: the next event tries again");
        }
        Self(Rc::new(reader))
    }

    /// The settings of this moment. Old ones are given at once, and read again meanwhile.
    ///
    /// It is called inside of [`super::Started::run`], on whose thread the reading goes on.
    pub async fn current(&self) -> Result<Rc<S>, NotRead> {
        let reader = &self.0;
        let may_read = reader.may_read(System.now());
        match reader.age() {
            None => drop(reader.read_within(EVENT).await),
            Some(age) if age >= TOO_OLD && may_read => drop(reader.read_within(EVENT).await),
            Some(age) if age >= OLD && may_read && !reader.is_reading.replace(true) => {
                let reader = Rc::clone(reader);
                tokio::task::spawn_local(async move { reader.read_beside().await });
            }
            Some(_) => {}
        }
        let held = reader.held.borrow();
        held.as_ref().map(|held| Rc::clone(&held.settings)).ok_or(NotRead)
    }
}

impl<S: FromParameters> SettingsReader<S> {
    /// A clock that was set back makes them as old as one that was set forward.
    fn age(&self) -> Option<SignedDuration> {
        self.held.borrow().as_ref().map(|held| System.now().duration_since(held.read_at).abs())
    }

    fn may_read(&self, now: Timestamp) -> bool {
        let left = self.next.get().duration_since(now);
        left <= SignedDuration::ZERO || left > RETRY
    }

    async fn read_with_patience(&self) {
        let mut wait = FIRST_WAIT;
        while !self.read_within(INIT).await {
            sleep(jittered(wait, System.bits())).await;
            wait *= 2;
        }
    }

    async fn read_beside(&self) {
        if self.read_within(BESIDE).await {
            tell_read_again();
        }
        self.is_reading.set(false);
    }

    /// Whether they are read, and good. Lambda freezes a function between its events, also in the middle of
    /// this: what fails after that says nothing of the Parameter Store, and the next event tries again.
    async fn read_within(&self, length: Duration) -> bool {
        let began = Instant::now();
        let late = |_| Err(SettingsProblems::one("they are not read in time"));
        match timeout(length, Box::pin(self.read_once())).await.unwrap_or_else(late) {
            Ok(held) => {
                *self.held.borrow_mut() = Some(held);
                true
            }
            Err(_) if began.elapsed() > length + FROZEN => false,
            Err(problems) => {
                self.tell(&problems);
                false
            }
        }
    }

    async fn read_once(&self) -> Result<CachedSettings<S>, SettingsProblems> {
        let known = self.held.borrow().as_ref().map(|it| (Rc::clone(&it.settings), it.versions.clone()));
        if let Some((settings, versions)) = known
            && self.store.versions(S::FOLDERS).await? == versions
        {
            return Ok(CachedSettings { settings, versions, read_at: System.now() });
        }
        let (parameters, versions) = self.store.read(S::FOLDERS).await?;
        let settings = Rc::new(S::from_parameters(&self.deployed, &parameters)?);
        parameters.blanks().for_each(|problem| {
            metrics::counter!(SETTINGS_REJECTED.name).increment(1);
            error!(problem, "a parameter is left out");
        });
        Ok(CachedSettings { settings, versions, read_at: System.now() })
    }

    fn tell(&self, problems: &SettingsProblems) {
        self.next.set(System.now().checked_add(RETRY).unwrap_or(Timestamp::MAX));
        metrics::counter!(SETTINGS_REJECTED.name).increment(1);
        let what_holds = if self.held.borrow().is_some() {
            "the last good settings stay"
        } else {
            "there are no settings yet"
        };
        problems.iter().for_each(|problem| error!(problem, what_holds, "settings not read"));
    }
}

/// The line of settings that were read again beside an event.
pub fn tell_read_again() {
    info!("settings read again");
}

/// Between half of it and the whole: those who start at once do not come back at once.
fn jittered(wait: Duration, bits: u128) -> Duration {
    let share = u32::try_from(bits % 1000).unwrap_or(0);
    wait / 2 + wait / 2 * share / 1000
}

/// Settings that could not be read or used.
const SETTINGS_REJECTED: Metric = Metric::counter("SettingsRejected", "Settings that are not usable");

/// All metrics of the boot.
pub(super) const METRICS: &[Metric] = &[SETTINGS_REJECTED];

#[cfg(test)]
mod tests;
