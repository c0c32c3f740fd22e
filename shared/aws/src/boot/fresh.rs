//! Settings that stay fresh: read at boot, and again when they have become old.

use std::cell::RefCell;
use std::rc::Rc;

use fleet::metric::Metric;
use fleet::ports::Clock as _;
use fleet::settings::{FromParameters, SettingsProblems};
use jiff::{SignedDuration, Timestamp};
use tracing::{error, info};

use super::System;
use crate::parameters::ParameterStore;

/// How old settings may get. A changed pool or secret is seen within a minute.
const TIME_TO_LIVE: SignedDuration = SignedDuration::from_secs(50);

/// The wait before settings that could not be read are read again.
const RETRY: SignedDuration = SignedDuration::from_secs(10);

/// Settings with a time to live.
///
/// Where new ones can not be read, or are wrong, the last good ones stay in force: a typing error
/// in a pool stops no runner of the others.
#[derive(Debug)]
pub struct Fresh<S> {
    store: ParameterStore,
    held: RefCell<Held<S>>,
}

#[derive(Debug)]
struct Held<S> {
    settings: Rc<S>,
    stale_at: Timestamp,
    /// Whether the last reading failed.
    is_old: bool,
}

impl<S: FromParameters> Fresh<S> {
    /// Reads the settings for the first time.
    pub(super) async fn read(store: ParameterStore) -> Result<Self, SettingsProblems> {
        let settings = Rc::new(read::<S>(&store).await?);
        let held = Held { settings, stale_at: from_now(TIME_TO_LIVE), is_old: false };
        Ok(Self { store, held: RefCell::new(held) })
    }

    /// The settings of this moment.
    pub async fn current(&self) -> Rc<S> {
        let stale = System.now() >= self.held.borrow().stale_at;
        if stale {
            match read(&self.store).await {
                Ok(settings) => {
                    let settings = Rc::new(settings);
                    let held = Held { settings, stale_at: from_now(TIME_TO_LIVE), is_old: false };
                    *self.held.borrow_mut() = held;
                    info!("settings read again");
                }
                Err(problems) => {
                    {
                        let mut held = self.held.borrow_mut();
                        (held.stale_at, held.is_old) = (from_now(RETRY), true);
                    }
                    metrics::counter!(SETTINGS_REJECTED.name).increment(1);
                    problems.iter().for_each(|problem| error!(problem, "the last good settings stay"));
                }
            }
        }
        Rc::clone(&self.held.borrow().settings)
    }

    /// Whether the settings are the last good ones, because newer ones could not be read or are wrong.
    pub fn is_old(&self) -> bool {
        self.held.borrow().is_old
    }
}

/// New settings that could not be read or used.
const SETTINGS_REJECTED: Metric = Metric::counter("SettingsRejected", "New settings that are not usable");

/// All metrics of the boot.
pub(super) const METRICS: &[Metric] = &[SETTINGS_REJECTED];

async fn read<S: FromParameters>(store: &ParameterStore) -> Result<S, SettingsProblems> {
    S::from_parameters(&store.read(S::FOLDERS).await?)
}

fn from_now(length: SignedDuration) -> Timestamp {
    System.now().checked_add(length).unwrap_or(Timestamp::MAX)
}
