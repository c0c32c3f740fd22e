//! Why a pool's Auto Scaling group does not grow, in its own words: for the reason of a fence.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::pin::pin;
use std::time::Duration;

use control::LaunchContext;
use fleet::PoolName;
use fleet::ledger::Runner;
use fleet::ports::{Clock, Ledger, ListItems, Random, SendSettle};
use fleet::repair::FenceCause;
use futures_util::future::{Either, select};
use jiff::SignedDuration;
use tracing::warn;

use crate::{Scaling, Scheduler, SchedulerEcs};

/// How old an activity may be that says something of a task that has waited for five minutes. A group that
/// cannot grow tries again and again.
const RECENT: SignedDuration = SignedDuration::from_mins(15);

/// How long the answer is waited for. Without it the fence says less, and is not late.
const PATIENCE: Duration = Duration::from_secs(5);

/// Most letters of an activity's message that are kept: the reason is stored in the pool's book.
const LETTERS: usize = 400;

/// What the groups were found to say in a tick, by the pool that asked and the capacity that it asked about:
/// no call is made twice.
#[derive(Debug, Default)]
pub(crate) struct Growth(RefCell<BTreeMap<(PoolName, PoolName), Option<String>>>);

impl<L: Ledger + ListItems, C: Clock + Random, T: SchedulerEcs, S: Scaling, Q: SendSettle>
    Scheduler<L, C, T, S, Q>
{
    /// What is said of the cause of a fence beyond the cause itself: by ECS, as the ledger has kept it, or,
    /// where a task finds no capacity, by its Auto Scaling group.
    pub(crate) async fn said(
        &self,
        invocation: &LaunchContext<'_>,
        growth: &Growth,
        runner: &Runner,
        cause: FenceCause,
    ) -> Option<String> {
        if cause != FenceCause::NoCapacity {
            return cause.known_of(runner).map(str::to_owned);
        }
        let key = (runner.pool.clone(), runner.capacity.clone());
        let known = growth.0.borrow().get(&key).cloned();
        if let Some(known) = known {
            return known;
        }
        let said = self.ask_group(invocation, &runner.capacity).await;
        growth.0.borrow_mut().insert(key, said.clone());
        said
    }

    /// Asks the group of a capacity, if it has one. A failure costs nothing but the reason.
    async fn ask_group(&self, invocation: &LaunchContext<'_>, capacity: &PoolName) -> Option<String> {
        let group = invocation.settings.placements.get(capacity)?.auto_scaling_group.as_deref()?;
        let system = &self.launchpad.books.system;
        let since = system.now().checked_sub(RECENT).ok()?;
        let asked = pin!(self.scaling.describe_scaling_activities(group, since));
        let answer = match select(asked, pin!(system.sleep(PATIENCE))).await {
            Either::Left((answer, _)) => answer.map_err(|error| error.to_string()),
            Either::Right(_) => Err(format!("no answer within {} seconds", PATIENCE.as_secs())),
        };
        let message = answer
            .inspect_err(
                |problem| warn!(%capacity, group, problem, "why the group does not grow is not known"),
            )
            .ok()??;
        let message: String = message.chars().take(LETTERS).collect();
        Some(format!("group {group}: {message}"))
    }
}
