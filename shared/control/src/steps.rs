//! The steps of a pass, and what failed of them: each is by itself, and what went wrong is one error in
//! the end.

use std::fmt;

use ::metrics::counter;
use fleet::PoolName;
use fleet::metric::Metric;
use tracing::error;

/// Steps that failed; the others were taken all the same.
#[derive(Debug, thiserror::Error)]
pub struct Failed(pub Vec<String>);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("; "))
    }
}

/// What a step of a function fails with, and the metric that counts it.
pub trait StepFailure: fmt::Display {
    /// Steps of the function that failed.
    const COUNTED_BY: Metric;
}

/// What failed of the steps that were taken.
#[derive(Debug, Default)]
pub struct Steps(Vec<String>);

impl Steps {
    /// Writes down how a step of a pool ended, and gives what came of it.
    pub fn note<T, E: StepFailure>(&mut self, pool: &PoolName, step: &str, done: Result<T, E>) -> Option<T> {
        done.map_err(|problem| {
            error!(%pool, step, %problem, "a step failed");
            self.count::<E>(format!("{pool}, {step}: {problem}"));
        })
        .ok()
    }

    /// The same of a step that is of no pool.
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

    /// Adds what failed of other steps.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// How a pass of these steps ended.
    pub fn ended(self) -> Result<(), Failed> {
        if self.0.is_empty() { Ok(()) } else { Err(Failed(self.0)) }
    }
}
