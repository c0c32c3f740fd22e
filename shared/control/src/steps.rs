//! The steps of a pass. They are independent: one that fails stops no other, and the pass ends with one error
//! for all that failed.

use std::fmt;

use ::metrics::counter;
use fleet::PoolName;
use fleet::metric::Metric;
use tracing::error;

/// The steps that failed. All others were taken.
#[derive(Debug, thiserror::Error)]
pub struct Failed(pub Vec<String>);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("; "))
    }
}

/// The error of a failed step, and the metric that counts it.
pub trait StepFailure: fmt::Display {
    /// Steps of the function that failed.
    const COUNTED_BY: Metric;
}

/// The failures among the steps taken.
#[derive(Debug, Default)]
pub struct Steps(Vec<String>);

impl Steps {
    /// Records how a step of one pool ended, and returns its result.
    pub fn note<T, E: StepFailure>(&mut self, pool: &PoolName, step: &str, done: Result<T, E>) -> Option<T> {
        done.map_err(|problem| {
            error!(%pool, step, %problem, "a step failed");
            self.count::<E>(format!("{pool}, {step}: {problem}"));
        })
        .ok()
    }

    /// The same for a step that belongs to no pool.
    pub fn note_common<T, E: StepFailure>(&mut self, step: &str, done: Result<T, E>) -> Option<T> {
        done.map_err(|problem| {
            error!(step, %problem, "a step failed");
            self.count::<E>(format!("{step}: {problem}"));
        })
        .ok()
    }

    fn count<E: StepFailure>(&mut self, failed: String) {
        counter!(E::COUNTED_BY.name).increment(1);
        self.0.push(failed);
    }

    /// Adds the failures of other steps.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The result of a pass with these steps.
    pub fn ended(self) -> Result<(), Failed> {
        if self.0.is_empty() { Ok(()) } else { Err(Failed(self.0)) }
    }
}
