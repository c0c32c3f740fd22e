//! The `reconciler` function, each minute: what the webhooks missed, as GitHub says it is.
//!
//! A pass asks for the deliveries that have failed, takes a snapshot of the ledger, lets the rules of [`fleet::repair`] say what GitHub is to be
//! asked for, and writes down what it answers. It looks at how things are, not at what it did a minute ago:
//! a pass that is missed, that comes twice, or that is cut off does no harm. What there are no calls or no
//! time for comes at the next one. Each step is by itself; what went wrong is one error in the end.
//!
//! It launches nothing: the scheduler settles every pool each minute.

mod books;
mod deliveries;
mod lying;
pub mod metrics;
mod passed_over;
mod settings;
mod snapshot;
mod steps;
mod waiting;

use ::metrics::gauge;
use control::{Bookkeeper, BudgetError, Failed, Steps};
use fleet::ports::{
    Clock, DeleteRunner, DescribeTasks, Ledger, ListDeliveries, ListItems, ListRunners, ListTasks, Random,
    ReadJob, ReadRepository, ReadRun, ReadRunner, Redeliver, StopTask,
};
use jiff::{SignedDuration, Timestamp};

pub use self::lying::CALLS_A_LOOK;
use self::metrics::OLDEST_UNSERVED_SECONDS;
pub use self::settings::{Deployed, FunctionSettings, Settings};
pub use self::steps::StepError;
pub use self::waiting::CALLS_A_PASS;

/// How long after its beginning a pass may still begin a call. The function is ended after 50 seconds
/// (`template.yaml`): the rest is for the last answer, and for writing down what came before.
pub const CALLING_TIME: SignedDuration = SignedDuration::from_secs(30);

/// GitHub, with all that the reconciler does there.
pub trait Github:
    ListDeliveries + Redeliver + ReadJob + ReadRepository + ReadRun + ReadRunner + ListRunners + DeleteRunner
{
}

impl<T> Github for T where
    T: ListDeliveries
        + Redeliver
        + ReadJob
        + ReadRepository
        + ReadRun
        + ReadRunner
        + ListRunners
        + DeleteRunner
{
}

/// ECS, with all that the reconciler does there.
pub trait Ecs: ListTasks + DescribeTasks + StopTask {}

impl<T: ListTasks + DescribeTasks + StopTask> Ecs for T {}

/// The function.
#[derive(Debug)]
pub struct Reconciler<L, C, G, T> {
    /// The ledger, with the clock and the random bits that its transactions need.
    pub books: Bookkeeper<L, C>,
    /// Who knows how the jobs are.
    pub github: G,
    /// Who runs the tasks.
    pub ecs: T,
}

/// One pass.
struct Pass<'a> {
    settings: &'a Settings,
    began: Timestamp,
    calls_left: u32,
}

impl Pass<'_> {
    /// Takes one call, unless they are used up, or the time is.
    fn take_call(&mut self, now: Timestamp) -> Result<(), BudgetError> {
        let is_late = now.duration_since(self.began) > CALLING_TIME;
        self.calls_left =
            self.calls_left.checked_sub(1).filter(|_| !is_late).ok_or(BudgetError::Spent(now))?;
        Ok(())
    }
}

impl<L: Ledger + ListItems, C: Clock + Random, G: Github, T: Ecs> Reconciler<L, C, G, T> {
    /// One pass, with the settings of this moment.
    pub async fn handle(&self, settings: &Settings) -> Result<(), Failed> {
        let began = self.books.system.now();
        let mut steps = Steps::default();
        if snapshot::is_fifth_minute(began) {
            let mut look = Pass { settings, began, calls_left: CALLS_A_LOOK };
            self.mend_lies(&mut look, &mut steps).await;
        }
        let snapshot = self.snapshot(began, &mut steps).await;
        let waited = snapshot.oldest_queued().map_or(0, |since| began.duration_since(since).as_secs().max(0));
        gauge!(OLDEST_UNSERVED_SECONDS.name).set(u32::try_from(waited).unwrap_or(u32::MAX));
        let mut pass = Pass { settings, began, calls_left: CALLS_A_PASS };
        self.redeliver(&pass, &mut steps).await;
        self.read_jobs(&mut pass, &snapshot, &mut steps).await;
        if snapshot::is_fifth_minute(began) {
            self.count_books(&pass, &snapshot.books, &mut steps).await;
        }
        steps.ended()
    }
}
