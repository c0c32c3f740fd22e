//! The lines of what runners cost, which go to a log group of their own: it is kept for longer than the functions' logs, and
//! has the names of repositories, workflows and branches, which those do not have.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use fleet::cost::TARGET;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

/// The field that holds the line.
const LINE: &str = "line";

/// Takes the lines out of what is logged.
pub struct CostLines<F>(F);

impl<F: Fn(String)> CostLines<F> {
    /// Each line is given to this.
    pub fn to(take: F) -> Self {
        Self(take)
    }
}

impl<S: Subscriber, F: Fn(String) + Send + Sync + 'static> Layer<S> for CostLines<F> {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == TARGET {
            let mut found = Found(None);
            event.record(&mut found);
            found.0.into_iter().for_each(&self.0);
        }
    }
}

struct Found(Option<String>);

impl Visit for Found {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == LINE {
            self.0 = Some(value.to_owned());
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}

/// The lines of an event that is under way.
#[derive(Debug, Clone, Default)]
pub(super) struct Kept(Arc<Mutex<Vec<String>>>);

impl Kept {
    pub(super) fn add(&self, line: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    pub(super) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
