//! The `reconciler` function, each minute: what the webhooks missed, as GitHub says it is.
//!
//! A pass takes a snapshot of the ledger. It asks for the deliveries that have failed, beside all that follows. Every
//! fifth one looks for runners, tasks and registrations that lie. Then the rules of [`fleet::repair`] say what
//! GitHub is to be asked for, and the pass writes down what it answers. Then it looks through repositories for jobs
//! that no webhook told of ([`fleet::sweep`]). It looks at how things are, not at what it did a minute ago: a pass that
//! is missed, that comes twice, or that is cut off does no harm. What there are no calls or no time for comes
//! at the next one. Each step is by itself; what went wrong is one error in the end.
//!
//! It launches nothing: what a sweep finds goes to the launcher, and the scheduler settles every pool each
//! minute.

mod books;
mod calls;
mod deliveries;
mod lying;
mod memory;
pub mod metrics;
mod pass;
mod passed_over;
mod settings;
mod snapshot;
mod steps;
mod sweep;
mod waiting;

use ::metrics::gauge;
use control::{Bookkeeper, Failed, Steps};
use fleet::ports::{
    Clock, DeleteRunner, DescribeTasks, Ledger, ListDeliveries, ListItems, ListJobs, ListRepositories,
    ListRunners, ListRuns, ListTasks, Random, ReadJob, ReadRepository, ReadRun, ReadRunner, Redeliver,
    SendMessage, StopTask,
};
use fleet::repair::lying::Evidence;
use futures_util::future::join;
use jiff::SignedDuration;

pub use self::lying::CALLS_A_LOOK;
use self::memory::Memory;
use self::metrics::OLDEST_UNSERVED_SECONDS;
use self::pass::Pass;
pub use self::settings::{ReconcilerDeployment, ReconcilerParameters, ReconcilerSettings};
use self::snapshot::LedgerSnapshot;
pub use self::steps::PassStepError;
pub use self::waiting::CALLS_A_PASS;

/// How long after its beginning a pass may still begin a call. The function is ended after 58 seconds
/// (`template.yaml`): the rest is for the last answer, and for writing down what came before.
pub const CALLING_TIME: SignedDuration = SignedDuration::from_secs(45);

/// How long after its beginning a pass may still begin to read a job that is due: the sweep comes after them.
const READING_TIME: SignedDuration = SignedDuration::from_secs(20);

/// How long after its beginning a pass that looks at everything may still begin to ask ECS and GitHub for it.
const LOOKING_TIME: SignedDuration = SignedDuration::from_secs(24);

/// How long after its beginning such a pass may still begin to set something right. However slow the answers
/// were, there is time for that: runners that lie have only every fifth pass.
const MENDING_TIME: SignedDuration = SignedDuration::from_secs(34);

/// How long after its beginning such a pass may still begin to read a job, or to sweep: the books are counted
/// after that.
const BEFORE_BOOKS: SignedDuration = SignedDuration::from_secs(39);

/// GitHub, with all that the reconciler does there.
pub trait ReconcilerGithub:
    ListDeliveries
    + Redeliver
    + ReadJob
    + ReadRepository
    + ReadRun
    + ReadRunner
    + ListRunners
    + DeleteRunner
    + GithubLists
{
}

impl<T> ReconcilerGithub for T where
    T: ListDeliveries
        + Redeliver
        + ReadJob
        + ReadRepository
        + ReadRun
        + ReadRunner
        + ListRunners
        + DeleteRunner
        + GithubLists
{
}

/// GitHub's lists in which jobs without a webhook are found.
pub trait GithubLists: ListRepositories + ListRuns + ListJobs {}

impl<T: ListRepositories + ListRuns + ListJobs> GithubLists for T {}

/// ECS, with all that the reconciler does there.
pub trait ReconcilerEcs: ListTasks + DescribeTasks + StopTask {}

impl<T: ListTasks + DescribeTasks + StopTask> ReconcilerEcs for T {}

/// The function.
#[derive(Debug)]
pub struct Reconciler<L, C, G, T, Q> {
    /// The ledger, with the clock and the random bits that its transactions need.
    pub books: Bookkeeper<L, C>,
    /// GitHub, which knows the state of each job.
    pub github: G,
    /// ECS, which runs the tasks.
    pub ecs: T,
    /// The queue to the launcher, which writes down what a sweep has found, and launches at once.
    pub queue: Q,
    memory: Memory,
}

impl<L, C, G, T, Q> Reconciler<L, C, G, T, Q> {
    /// The function as it is when Lambda has just started it.
    pub fn new(books: Bookkeeper<L, C>, github: G, ecs: T, queue: Q) -> Self {
        Self { books, github, ecs, queue, memory: Memory::default() }
    }
}

impl<L: Ledger + ListItems, C: Clock + Random, G: ReconcilerGithub, T: ReconcilerEcs, Q: SendMessage>
    Reconciler<L, C, G, T, Q>
{
    /// One pass, with the settings of this moment.
    pub async fn handle(&self, settings: &ReconcilerSettings) -> Result<(), Failed> {
        let began = self.books.system.now();
        let mut steps = Steps::default();
        let looks = snapshot::is_fifth_minute(began);
        let mut snapshot = self.snapshot(began, &mut steps).await;
        self.memory.unchanged.borrow_mut().saw(&snapshot.books, self.books.system.now());
        let waited = snapshot.oldest_queued().map_or(0, |since| began.duration_since(since).as_secs().max(0));
        gauge!(OLDEST_UNSERVED_SECONDS.name).set(u32::try_from(waited).unwrap_or(u32::MAX));
        let stored = self.sweep_cursor(&mut steps).await;
        let is_known = stored.is_some();
        let mut pass = Pass::begin(settings, began, stored.unwrap_or_default(), self.memory.cursor.take());
        let sweeps_at_once = is_known && !looks && snapshot.jobs.is_empty();
        let taken = self.take_calls(&mut pass, sweeps_at_once).await;
        // GitHub's answers to the one are waited for beside those to the other.
        let work = async {
            let seen = if looks { Some(self.look(&mut pass, &mut snapshot, &mut steps).await) } else { None };
            let (reading, sweeping) =
                if looks { (BEFORE_BOOKS, BEFORE_BOOKS) } else { (READING_TIME, CALLING_TIME) };
            pass.allow(CALLS_A_PASS, reading);
            self.read_jobs(&mut pass, &snapshot, &mut steps).await;
            if is_known {
                self.sweep(&mut pass, &snapshot, sweeping, &mut steps).await;
            }
            seen
        };
        let (redelivered, seen) = join(self.redeliver(settings, began, taken), work).await;
        self.redelivered(&mut pass, redelivered, &mut steps);
        if let Some(seen) = &seen {
            self.count_books(&pass, &snapshot, seen, &mut steps).await;
        }
        if is_known {
            self.sweep_again(&mut pass, &mut steps).await;
        }
        steps.ended()
    }

    /// Compares everything, and repairs what differs. After that the jobs in progress without a runner are known too.
    async fn look(&self, pass: &mut Pass<'_>, snapshot: &mut LedgerSnapshot, steps: &mut Steps) -> Evidence {
        let seen = self.mend_lies(pass, snapshot, steps).await;
        snapshot.jobs.extend(self.left_in_progress(snapshot, &seen, steps).await);
        seen
    }
}
