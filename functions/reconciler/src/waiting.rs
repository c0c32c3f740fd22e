//! Reads the jobs that are due from GitHub, and writes down what they are.

use control::Steps;
use fleet::ledger::{EVENTS_A_TRANSACTION, Event, Item, Job, JobRunner, Listing, Runner};
use fleet::ports::{Clock, GithubError, Ledger, ListItems, Random, SendMessage};
use fleet::repair::waiting::{
    Found, Meaning, Said, at_runner, due, may_be_at, meaning, of_ended_run, of_run_that_goes_on,
    waits_strangely_long,
};
use fleet::sweep::READS_AN_HOUR;
use metrics::{counter, gauge};
use tracing::{info, warn};

use crate::metrics::{APPROVAL, CAUSE, DEMAND_FOUND_LATE, FOUND, JOBS_MENDED, JOBS_UNREAD, READS_LEFT};
use crate::snapshot::LedgerSnapshot;
use crate::{Pass, PassStepError, Reconciler, ReconcilerEcs, ReconcilerGithub};

/// Most calls that a pass makes for jobs that are due: two thirds of a minute's. The rest is for the sweep.
pub const CALLS_A_PASS: u32 = READS_AN_HOUR / 60 * 2 / 3;

/// How many idle runners are asked for, for one job that names none.
const RUNNERS_ASKED: usize = 5;

/// What became of a job.
#[expect(clippy::large_enum_variant, reason = "one for each read, which is handed on at once")]
enum JobFinding {
    /// It was read, and this is to be written.
    Told(Option<Found>, Event),
    /// GitHub has it queued as well, for a while now.
    StillQueued,
    /// There are no calls left: it is read by a later pass.
    Left,
}

impl<L: Ledger + ListItems, C: Clock + Random, G: ReconcilerGithub, T: ReconcilerEcs, Q: SendMessage>
    Reconciler<L, C, G, T, Q>
{
    /// Reads the jobs that are due, those that are due the longest first, as long as there are calls and
    /// time. What is left is still due at the next pass.
    pub(crate) async fn read_jobs(&self, pass: &mut Pass<'_>, snapshot: &LedgerSnapshot, steps: &mut Steps) {
        let jobs = due(&snapshot.jobs, &snapshot.full, pass.began);
        let (mut as_known, mut still_queued) = (Vec::new(), Vec::new());
        let mut left = jobs.len();
        for job in jobs {
            match self.read_one(pass, job, steps).await {
                JobFinding::Left => break,
                JobFinding::Told(None, event) => as_known.push(event),
                JobFinding::StillQueued => still_queued.push(job),
                JobFinding::Told(Some(found), event) => self.tell(pass, job, found, event, steps).await,
            }
            left -= 1;
        }
        self.write_down(pass, &as_known, steps).await;
        self.look_beside(pass, still_queued, steps).await;
        if left > 0 {
            info!(left, "jobs are left to the next pass");
        }
        gauge!(READS_LEFT.name).set(u32::try_from(left).unwrap_or(u32::MAX));
    }

    /// Writes events down in as many transactions as they need, each by itself.
    pub(crate) async fn write_down(&self, pass: &Pass<'_>, events: &[Event], steps: &mut Steps) {
        for events in events.chunks(EVENTS_A_TRANSACTION) {
            let posted = self.books.post(&pass.settings.pools, events).await;
            steps.note_common("jobs read", posted.map_err(PassStepError::from));
        }
    }

    /// Reads one job, and whatever else of GitHub's tells what its answer means.
    async fn read_one(&self, pass: &mut Pass<'_>, job: &Job, steps: &mut Steps) -> JobFinding {
        let said = match self.ask_for(pass, job).await {
            Ok(said) => said,
            Err(problem) if problem.ends_calls() => return left(problem, steps),
            Err(problem) => {
                steps.note_common::<(), _>(&format!("read job {}", job.id), Err(problem));
                Said::Nothing
            }
        };
        let now = self.books.system.now();
        let asked = match meaning(job, &said, now) {
            Meaning::AskRun(run) => {
                let ended = self.ask_github(pass, self.github.has_run_ended(&job.repository, run)).await;
                ended.map(|ended| if ended { of_ended_run(job) } else { of_run_that_goes_on(job) })
            }
            Meaning::AskRunners => self.busy_runner(pass, job).await.map(|runner| at_runner(job, runner)),
            known => Ok(known),
        };
        match asked {
            Ok(Meaning::Tell(found, event)) => JobFinding::Told(Some(found), event),
            Ok(_) if said.is_queued() && waits_strangely_long(job, now) => JobFinding::StillQueued,
            Ok(_) => JobFinding::Told(None, Event::JobRead { job: job.id, state: job.state }),
            Err(problem) if problem.ends_calls() => left(problem, steps),
            Err(problem) => {
                steps.note_common::<(), _>(&format!("read of job {}", job.id), Err(problem));
                JobFinding::Told(None, Event::JobRead { job: job.id, state: job.state })
            }
        }
    }

    /// What GitHub says of a job.
    pub(crate) async fn ask_for(&self, pass: &mut Pass<'_>, job: &Job) -> Result<Said, PassStepError> {
        match self.ask_github(pass, self.github.read_job(&job.repository, job.id)).await {
            Ok(seen) => Ok(Said::Job(seen)),
            Err(PassStepError::Github(GithubError::NotFound(_))) => Ok(Said::Gone),
            Err(problem) => Err(problem),
        }
    }

    /// The runner of ours that the ledger calls Idle and GitHub busy, and that could have taken the job.
    async fn busy_runner(&self, pass: &mut Pass<'_>, job: &Job) -> Result<Option<JobRunner>, PassStepError> {
        let mut idle: Vec<Runner> = Vec::new();
        for pool in pass.settings.pools.iter().filter(|pool| pool.labels.serve(&job.labels)) {
            for listing in Listing::live_runners(&pool.name) {
                let items = self.items(&listing).await?;
                idle.extend(items.iter().filter_map(Item::runner).cloned());
            }
        }
        let candidates = may_be_at(job, &idle, &pass.settings.pools);
        for candidate in candidates.into_iter().take(RUNNERS_ASKED) {
            let registered = self.ask_github(pass, self.github.read_runner(candidate.github_id)).await?;
            if registered.is_some_and(|registered| registered.is_busy) {
                return Ok(Some(candidate));
            }
        }
        Ok(None)
    }

    /// Writes down what a job is.
    pub(crate) async fn tell(
        &self,
        pass: &Pass<'_>,
        job: &Job,
        found: Found,
        event: Event,
        steps: &mut Steps,
    ) {
        let posted = self.books.post(&pass.settings.pools, &[event]).await;
        let step = format!("write what GitHub says of job {}", job.id);
        let posted = steps.note_common(&step, posted.map_err(PassStepError::from));
        if posted.is_none() {
            return;
        }
        let pool = job.pool.as_ref().map(tracing::field::display);
        let (id, repository, known) = (job.id, &job.repository, job.state);
        info!(job = %id, pool, %repository, ?known, %found, "GitHub knows a job differently");
        counter!(JOBS_MENDED.name, FOUND => found.to_string()).increment(1);
        match found {
            Found::Demand => counter!(DEMAND_FOUND_LATE.name, CAUSE => APPROVAL).increment(1),
            Found::Unread => {
                warn!(job = %id, %repository, "GitHub does not answer for a job; it counts no longer");
                counter!(JOBS_UNREAD.name).increment(1);
            }
            _ => {}
        }
    }
}

/// Calls end here for this pass.
fn left(problem: PassStepError, steps: &mut Steps) -> JobFinding {
    problem.ends("waiting jobs", steps);
    JobFinding::Left
}
