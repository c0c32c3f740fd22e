//! What a sweep has found of a run's jobs goes on as a webhook would bring it.

use std::collections::BTreeMap;

use fleet::ledger::{Item, Job, JobEvent, JobMessage, Key};
use fleet::ports::{Clock, Ledger, ListItems, ListedJob, ListedRun, Priced, Random, RunId, SendMessage};
use fleet::sweep::{Untold, is_told_for_good, untold};
use fleet::version::Version;
use fleet::{DeliveryId, JobId, Repository};
use jiff::Timestamp;
use metrics::counter;
use tracing::{debug, info};

use crate::metrics::{APPROVAL, CAUSE, DEMAND_FOUND_LATE, FOUND, JOBS_MENDED, NO_DELIVERY};
use crate::{Pass, PassStepError, Reconciler, ReconcilerEcs, ReconcilerGithub};

impl<L: Ledger + ListItems, C: Clock + Random, G: ReconcilerGithub, T: ReconcilerEcs, Q: SendMessage>
    Reconciler<L, C, G, T, Q>
{
    /// One run: sends on the events of its jobs for which no webhook came.
    pub(super) async fn tell_untold(
        &self,
        pass: &mut Pass<'_>,
        repository: &Repository,
        run: ListedRun,
        listed: &Priced<Vec<ListedJob>>,
    ) -> Result<(), PassStepError> {
        if self.was_told(repository, run.id, listed.calls) {
            return Ok(());
        }
        let now = self.books.system.now();
        let settings = pass.settings;
        let pools = &settings.pools;
        // Whatever the ledger has: somebody else's jobs are none of its matter.
        let may_be_untold = |job: &&ListedJob| {
            let told = untold(repository, run.is_public, job, None, pools);
            told.is_some_and(|(_, event)| !pass.cursor.was_sent(job.id, event.action, now))
        };
        let of_ours: Vec<&ListedJob> = listed.read.iter().filter(may_be_untold).collect();
        let keys: Vec<Key> = of_ours.iter().map(|job| Key::Job(job.id)).collect();
        let items = self.read(&keys).await?;
        let known: BTreeMap<JobId, &Job> =
            items.iter().filter_map(Item::job).map(|job| (job.id, job)).collect();
        for job in known.values() {
            pass.cursor.met(job);
        }
        for job in of_ours {
            let known = known.get(&job.id).copied();
            if let Some((what, event)) = untold(repository, run.is_public, job, known, pools)
                && !pass.cursor.is_left_to_its_webhook(job.since, now)
            {
                self.send(pass, what, event, now).await?;
            }
        }
        if listed.read.iter().all(|job| is_told_for_good(job, known.get(&job.id).copied())) {
            self.memory.told.borrow_mut().add(repository, run.id);
        }
        Ok(())
    }

    /// Whether everything was told of a run for good when GitHub's list of its jobs was read last, and GitHub says
    /// that it is still the same, so the ledger is not read for it again.
    fn was_told(&self, repository: &Repository, run: RunId, calls: u32) -> bool {
        let mut told = self.memory.told.borrow_mut();
        let is_told = calls == 0 && told.has(repository, run);
        if is_told {
            told.add(repository, run);
        } else {
            told.remove(repository, run);
        }
        is_told
    }

    /// Sends on the events for which no webhook came. The launcher writes it down and launches, as if a webhook had come; if
    /// one comes too, it changes nothing.
    async fn send(
        &self,
        pass: &mut Pass<'_>,
        what: Untold,
        event: JobEvent,
        now: Timestamp,
    ) -> Result<(), PassStepError> {
        let (job, action) = (event.job, event.action);
        let delivery = DeliveryId::new(format!("sweep-{job}"));
        let message = JobMessage { version: Version, delivery, job_event: event };
        self.queue.send_message(&message).await?;
        let (pool, repository) = (&message.job_event.pool, &message.job_event.repository);
        let pool = pool.as_ref().map(tracing::field::display);
        if !pass.cursor.sent(job, action, now) {
            debug!(%job, pool, %repository, ?what, "a job is sent on once more");
            return Ok(());
        }
        info!(%job, pool, %repository, ?what, "no webhook told of a job");
        match what {
            Untold::Demand => counter!(DEMAND_FOUND_LATE.name, CAUSE => NO_DELIVERY).increment(1),
            Untold::Approval => counter!(DEMAND_FOUND_LATE.name, CAUSE => APPROVAL).increment(1),
            Untold::AtRunner => counter!(JOBS_MENDED.name, FOUND => "InProgress").increment(1),
        }
        Ok(())
    }
}
