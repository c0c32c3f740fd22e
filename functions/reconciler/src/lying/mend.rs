//! Sets one thing right. Nothing is decided here: what may have changed since the look is a condition of the
//! ledger's, or GitHub's to refuse.

use fleet::launch::SeenStop;
use fleet::ledger::{Event, Job, Runner, RunnerEvent, RunnerState};
use fleet::ports::{Clock, GithubError, Ledger, ListItems, Random, Registration, SendMessage};
use fleet::repair::SeenTask;
use fleet::repair::lying::{CountedOut, Mend, StopCause, is_at_job};
use fleet::repair::waiting::{Meaning, meaning};
use fleet::{GithubRunnerId, RunnerId};
use metrics::counter;
use tracing::info;

use crate::metrics::{FOUND, LIES_MENDED};
use crate::{Pass, PassStepError, Reconciler, ReconcilerEcs, ReconcilerGithub};

impl<L: Ledger + ListItems, C: Clock + Random, G: ReconcilerGithub, T: ReconcilerEcs, Q: SendMessage>
    Reconciler<L, C, G, T, Q>
{
    /// Does it, and says so.
    pub(super) async fn mend(&self, pass: &mut Pass<'_>, mend: &Mend) -> Result<(), PassStepError> {
        let done = match mend {
            Mend::CountOut { runner, cause: CountedOut::Offline } if self.is_online(pass, runner).await? => {
                info!(runner = %runner.id, pool = %runner.pool, "GitHub calls a runner online that its list has not");
                false
            }
            Mend::NoteStopped { .. } | Mend::CountOut { .. } => {
                let event = mend.event();
                self.books.post(&pass.settings.pools, event.as_slice()).await?;
                true
            }
            Mend::Stop { known, task, cause, .. } => {
                let registration = known.as_ref().and_then(|runner| runner.github_id);
                self.stop(pass, (mend.runner(), registration), task, *cause).await?
            }
            Mend::StopUnlessAtJob { runner, job, task } => {
                self.stop_unless_at_job(pass, runner, job, task.as_ref()).await?
            }
            Mend::Deregister { runner, registration } => self.deregister(pass, runner, registration).await?,
        };
        if done {
            let pool = mend.known().map(|runner| runner.pool.as_str());
            info!(runner = %mend.runner(), pool, found = mend.counted_as(), "set right: {}", mend.name());
            counter!(LIES_MENDED.name, FOUND => mend.counted_as()).increment(1);
        }
        Ok(())
    }

    /// Stops a task. Of a runner that had a JIT config GitHub is asked for its registration right before, because
    /// its list may be empty, or lack a page. One that is there all the same is deleted, and its runner counts as
    /// busy: it may be given a job at that moment, and has its time again. Gives whether it was stopped.
    async fn stop(
        &self,
        pass: &mut Pass<'_>,
        (runner, registration): (&RunnerId, Option<GithubRunnerId>),
        task: &SeenTask,
        cause: StopCause,
    ) -> Result<bool, PassStepError> {
        if let Some(id) = registration.filter(|_| cause.had_config())
            && self.ask_github(pass, self.github.read_runner(id)).await?.is_some()
        {
            self.is_deleted(pass, id).await?;
            self.found_busy(pass, runner).await?;
            return Ok(false);
        }
        self.ecs.stop_task(&task.cluster, &task.task, cause.why()).await?;
        Ok(true)
    }

    /// Stops the task of a runner whose job is not in progress at GitHub. Where GitHub says that the job is
    /// over, that is written down.
    async fn stop_unless_at_job(
        &self,
        pass: &mut Pass<'_>,
        runner: &Runner,
        job: &Job,
        task: Option<&SeenTask>,
    ) -> Result<bool, PassStepError> {
        let said = self.ask_for(pass, job).await?;
        if let Meaning::Tell(_, event) = meaning(job, &said, self.books.system.now()) {
            self.books.post(&pass.settings.pools, &[event]).await?;
        }
        if is_at_job(&said) {
            return Ok(false);
        }
        if let Some(task) = task {
            return self.stop(pass, (&runner.id, runner.github_id), task, StopCause::NoJob).await;
        }
        let SeenStop { class, reason, times } = SeenStop::unknown();
        let stopped = Event::Runner(runner.id.clone(), RunnerEvent::TaskStopped(class, reason, times));
        self.books.post(&pass.settings.pools, &[stopped]).await?;
        Ok(true)
    }

    /// Deletes a registration. A runner of it that GitHub calls busy is so, unless it has stopped: then
    /// GitHub is about to notice. Gives whether it was deleted.
    async fn deregister(
        &self,
        pass: &mut Pass<'_>,
        runner: &Runner,
        registration: &Registration,
    ) -> Result<bool, PassStepError> {
        if self.is_deleted(pass, registration.id).await? {
            return Ok(true);
        }
        if runner.state == RunnerState::Stopped {
            info!(runner = %runner.id, pool = %runner.pool, "the registration of a stopped runner is busy, and stays");
        } else {
            self.found_busy(pass, &runner.id).await?;
        }
        Ok(false)
    }

    /// Whether GitHub, asked for one runner, calls it online. Its list may be empty, or lack a page, for as long
    /// as an incident lasts: all idle runners would be counted out for that.
    async fn is_online(&self, pass: &mut Pass<'_>, runner: &Runner) -> Result<bool, PassStepError> {
        let Some(id) = runner.github_id else { return Ok(false) };
        let registration = self.ask_github(pass, self.github.read_runner(id)).await?;
        Ok(registration.is_some_and(|registration| registration.is_online))
    }

    async fn found_busy(&self, pass: &Pass<'_>, runner: &RunnerId) -> Result<(), PassStepError> {
        info!(%runner, "GitHub calls a silent runner busy");
        let busy = Event::Runner(runner.clone(), RunnerEvent::FoundBusy);
        self.books.post(&pass.settings.pools, &[busy]).await?;
        Ok(())
    }

    /// Whether a registration is there no longer, once it was to be deleted.
    async fn is_deleted(&self, pass: &mut Pass<'_>, id: GithubRunnerId) -> Result<bool, PassStepError> {
        match self.change_github(pass, self.github.delete_runner(id)).await {
            Ok(()) => Ok(true),
            Err(PassStepError::Github(GithubError::Busy)) => Ok(false),
            Err(problem) => Err(problem),
        }
    }
}
