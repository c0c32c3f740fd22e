//! Looks through repositories for jobs that no webhook told of, and sends them on as a webhook would.

use std::collections::{BTreeMap, BTreeSet};

use control::Steps;
use fleet::ledger::{Item, Job, JobEvent, JobMessage, Key, Put};
use fleet::ports::{
    Clock, GithubError, Ledger, LedgerError, ListItems, ListedJob, ListedRun, Priced, Random, RunStatus,
    SendMessage,
};
use fleet::sweep::{RUNS_A_TURN, SweepCursor, Untold, untold};
use fleet::version::Version;
use fleet::{DeliveryId, JobId, Repository};
use jiff::{SignedDuration, Timestamp};
use metrics::{counter, gauge};
use tracing::{debug, info, warn};

use crate::metrics::{
    APPROVAL, CAUSE, DEMAND_FOUND_LATE, FOUND, JOBS_MENDED, NO_DELIVERY, READS, SWEEP_SECONDS, WEBHOOKS_LOST,
};
use crate::snapshot::Snapshot;
use crate::{CALLING_TIME, CALLS_A_LOOK, Ecs, Github, Pass, Reconciler, StepError};

/// How long after the beginning of a pass a second sweep begins, while webhooks are lost.
const SECOND_SWEEP: SignedDuration = SignedDuration::from_secs(30);

/// Requests of a sweep, whether they count or not: GitHub's secondary limit counts them all.
const REQUESTS_A_SWEEP: u32 = 200;

/// Requests that are taken out of the minute's budget at once.
const REQUESTS_AT_ONCE: u32 = 50;

/// What those cost of that budget, which counts calls that change something: GitHub's secondary limit takes
/// five points for one of those, and one for a read.
const COST_AT_ONCE: u32 = REQUESTS_AT_ONCE / 5;

/// After so many calls in a row without an answer GitHub is left alone until the next sweep.
const UNANSWERED: u32 = 3;

/// Whose turn it is in a sweep.
type Turns = fn(&SweepCursor, Timestamp) -> Vec<Repository>;

impl<L: Ledger + ListItems, C: Clock + Random, G: Github, T: Ecs, Q: SendMessage> Reconciler<L, C, G, T, Q> {
    /// How far the sweeps are; `None` where that cannot be read.
    pub(crate) async fn sweep_cursor(&self, steps: &mut Steps) -> Option<SweepCursor> {
        let items = steps.note_common("how far the sweeps are", self.read(&[Key::Sweep]).await)?;
        Some(items.iter().find_map(Item::sweep).cloned().unwrap_or_default())
    }

    /// Looks through repositories, for so long after the beginning of the pass.
    pub(crate) async fn sweep(
        &self,
        pass: &mut Pass<'_>,
        snapshot: &Snapshot,
        time: SignedDuration,
        steps: &mut Steps,
    ) {
        for job in &snapshot.jobs {
            pass.cursor.met(job);
        }
        pass.allow(REQUESTS_A_SWEEP, time);
        self.sweep_once(pass, SweepCursor::turns, steps).await;
        let is_lost = pass.cursor.webhooks_are_lost(self.books.system.now());
        gauge!(WEBHOOKS_LOST.name).set(f64::from(u8::from(is_lost)));
        if is_lost {
            warn!("jobs are found that no webhook tells of; look at the webhook's deliveries at GitHub");
        }
    }

    /// Looks through the most active ones once more, half a minute after the pass began, while webhooks are
    /// lost.
    pub(crate) async fn sweep_again(&self, pass: &mut Pass<'_>, steps: &mut Steps) {
        let now = self.books.system.now();
        let is_lost = pass.cursor.webhooks_are_lost(now);
        if !is_lost {
            return;
        }
        let second = pass.began.checked_add(SECOND_SWEEP).unwrap_or(now);
        if let Ok(wait) = second.duration_since(now).try_into() {
            self.books.system.sleep(wait).await;
        }
        pass.allow(REQUESTS_A_SWEEP, CALLING_TIME);
        self.sweep_once(pass, SweepCursor::active_turns, steps).await;
    }

    /// Looks through the repositories whose turn it is, as long as there are calls and time, and writes down
    /// how far it came.
    async fn sweep_once(&self, pass: &mut Pass<'_>, turns: Turns, steps: &mut Steps) {
        // However many repositories there are, the next look at the runners has its calls.
        pass.spare = CALLS_A_LOOK;
        if let Err(problem) = self.look_through(pass, turns, steps).await {
            problem.ends("sweep", steps);
        }
        let now = self.books.system.now();
        pass.cursor.has_ended();
        gauge!(SWEEP_SECONDS.name).set(pass.cursor.oldest_turn(now).as_secs_f64());
        steps.note_common("how far the sweep came", self.write_cursor(pass).await);
    }

    /// Gives each repository its turn. An error is what ends the sweep before its time.
    async fn look_through(
        &self,
        pass: &mut Pass<'_>,
        turns: Turns,
        steps: &mut Steps,
    ) -> Result<(), StepError> {
        match self.list(pass, self.github.list_repositories()).await {
            Ok(listed) => pass.cursor.listed(&listed),
            Err(problem) if problem.ends_calls() => return Err(problem),
            Err(problem) => drop(steps.note_common::<(), _>("repositories", Err(problem))),
        }
        // What a pass that is ended here has begun is known to the next one.
        pass.cursor.begins();
        steps.note_common("a sweep's begin", self.write_cursor(pass).await);
        let mut unanswered = 0;
        for repository in turns(&pass.cursor, self.books.system.now()) {
            let Err(problem) = self.turn(pass, &repository).await else {
                unanswered = 0;
                continue;
            };
            let now = self.books.system.now();
            match problem {
                StepError::Github(GithubError::NotFound(why) | GithubError::Refused(why)) => {
                    info!(%repository, why, "GitHub does not show a repository; it is asked for in an hour");
                    pass.cursor.hidden(&repository, now);
                }
                problem if problem.ends_calls() => return Err(problem),
                problem => {
                    unanswered += 1;
                    if unanswered == UNANSWERED {
                        return Err(problem);
                    }
                    // The others have their turns first.
                    pass.cursor.took_turn(&repository, now, None);
                    steps.note_common::<(), _>(&format!("sweep {repository}"), Err(problem));
                }
            }
        }
        Ok(())
    }

    /// One repository: the jobs of its runs that are not over. A run may have begun while another of its
    /// jobs waits.
    async fn turn(&self, pass: &mut Pass<'_>, repository: &Repository) -> Result<(), StepError> {
        let mut runs: BTreeSet<ListedRun> = BTreeSet::new();
        // A run that begins between the two is in both, not in none.
        for status in [RunStatus::Queued, RunStatus::InProgress] {
            runs.extend(self.list(pass, self.github.list_runs(repository, status)).await?);
        }
        let before = pass.cursor.candidates.get(repository).and_then(|candidate| candidate.read_to);
        runs.retain(|run| before.is_none_or(|before| run.id > before));
        let mut read_to = None;
        for &run in runs.iter().take(RUNS_A_TURN) {
            if let Err(problem) = self.read_run(pass, repository, run).await {
                pass.cursor.stopped_at(repository, read_to);
                return Err(problem);
            }
            read_to = Some(run.id);
        }
        let goes_on = runs.len() > RUNS_A_TURN;
        pass.cursor.took_turn(repository, self.books.system.now(), read_to.filter(|_| goes_on));
        Ok(())
    }

    /// One run: what nobody was told of its jobs is sent on.
    async fn read_run(
        &self,
        pass: &mut Pass<'_>,
        repository: &Repository,
        run: ListedRun,
    ) -> Result<(), StepError> {
        let listed = match self.list(pass, self.github.list_jobs(repository, run.id)).await {
            Err(StepError::Github(GithubError::NotFound(_))) => return Ok(()),
            listed => listed?,
        };
        let now = self.books.system.now();
        let settings = pass.settings;
        let pools = &settings.pools;
        // Whatever the ledger has: somebody else's jobs are none of its matter.
        let may_be_untold = |job: &&ListedJob| {
            let told = untold(repository, run.is_public, job, None, pools);
            told.is_some_and(|(_, event)| !pass.cursor.was_sent(job.id, event.action, now))
        };
        let of_ours: Vec<&ListedJob> = listed.iter().filter(may_be_untold).collect();
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
        Ok(())
    }

    /// Sends on what nobody was told. The launcher writes it down and launches, as if a webhook had come; if
    /// one comes too, it changes nothing.
    async fn send(
        &self,
        pass: &mut Pass<'_>,
        what: Untold,
        event: JobEvent,
        now: Timestamp,
    ) -> Result<(), StepError> {
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

    /// One request, if one may be made that counts; what it has cost is known afterwards.
    async fn list<A>(
        &self,
        pass: &mut Pass<'_>,
        call: impl Future<Output = Result<Priced<A>, GithubError>>,
    ) -> Result<A, StepError> {
        let now = self.books.system.now();
        pass.may_call(now)?;
        // Before the first one of a sweep too: GitHub may have asked to wait.
        if (pass.calls_left + 1).is_multiple_of(REQUESTS_AT_ONCE) {
            self.books.spend(pass.settings.pools.limits(), COST_AT_ONCE).await?;
        }
        let answered = call.await;
        pass.pay(answered.as_ref().map_or(1, |priced| priced.calls), now);
        if let Err(GithubError::Wait(length)) = &answered {
            self.books.remember_wait(*length).await;
        }
        Ok(answered?.read)
    }

    /// Writes down how far the sweeps are. If another pass has done so meanwhile, what both have done.
    async fn write_cursor(&self, pass: &mut Pass<'_>) -> Result<(), StepError> {
        let now = self.books.system.now();
        pass.cursor.forget(now);
        pass.cursor.version += 1;
        let mut written = self.books.ledger.commit(&[Put(Item::Sweep(pass.cursor.clone()))]).await;
        if written == Err(LedgerError::Conflict) {
            let items = self.read(&[Key::Sweep]).await?;
            let first = items.iter().find_map(Item::sweep).cloned().unwrap_or_default();
            let ours = std::mem::take(&mut pass.cursor);
            pass.cursor = ours.beside(&first, pass.calls, now);
            pass.cursor.version += 1;
            written = self.books.ledger.commit(&[Put(Item::Sweep(pass.cursor.clone()))]).await;
        }
        written?;
        counter!(READS.name).increment(u64::from(std::mem::take(&mut pass.calls)));
        Ok(())
    }
}
