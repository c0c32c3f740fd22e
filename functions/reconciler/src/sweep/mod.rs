//! Looks through repositories for jobs that no webhook told of, and sends them on as a webhook would.

mod ask;
mod enqueue;
mod round;
mod written;

use control::Steps;
use fleet::Repository;
use fleet::ledger::{Item, Key};
use fleet::ports::{Clock, Ledger, ListItems, Random, SendMessage};
use fleet::sweep::SweepCursor;
use jiff::{SignedDuration, Timestamp};
use metrics::gauge;
use tracing::warn;

use crate::metrics::{SWEEP_SECONDS, WEBHOOKS_LOST};
use crate::snapshot::LedgerSnapshot;
use crate::{CALLING_TIME, CALLS_A_LOOK, Pass, Reconciler, ReconcilerEcs, ReconcilerGithub};

/// How long after the beginning of a pass a second sweep begins, while webhooks are lost.
const SECOND_SWEEP: SignedDuration = SignedDuration::from_secs(30);

/// Requests of a sweep, whether they count or not: GitHub's secondary limit counts them all.
const REQUESTS_A_SWEEP: u32 = 200;

/// Whose turn it is in a sweep.
type Turns = fn(&SweepCursor, Timestamp) -> Vec<Repository>;

impl<L: Ledger + ListItems, C: Clock + Random, G: ReconcilerGithub, T: ReconcilerEcs, Q: SendMessage>
    Reconciler<L, C, G, T, Q>
{
    /// How far the sweeps are; `None` where that cannot be read.
    pub(crate) async fn sweep_cursor(&self, steps: &mut Steps) -> Option<SweepCursor> {
        let items = steps.note_common("how far the sweeps are", self.read(&[Key::Sweep]).await)?;
        Some(items.iter().find_map(Item::sweep).cloned().unwrap_or_default())
    }

    /// Looks through repositories, for so long after the beginning of the pass.
    pub(crate) async fn sweep(
        &self,
        pass: &mut Pass<'_>,
        snapshot: &LedgerSnapshot,
        time: SignedDuration,
        steps: &mut Steps,
    ) {
        // GitHub's own list has the repositories with the newest pushes alone; jobs come by schedules too.
        for job in snapshot.jobs.iter().chain(&snapshot.in_progress) {
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
        self.memory.told.borrow_mut().begin();
        if let Err(problem) = self.look_through(pass, turns, steps).await {
            problem.ends("sweep", steps);
        }
        self.sweep_has_ended(pass, steps).await;
        gauge!(SWEEP_SECONDS.name).set(pass.cursor.oldest_turn(self.books.system.now()).as_secs_f64());
    }
}
