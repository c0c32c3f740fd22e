//! Launches keep to what AWS and GitHub take, as the world's map has it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use platform::PlatformWorld;
use sandbox::{Fault, Violation};

use super::violation;
use crate::plan::Plan;

/// From the moment for which a call or a registration was taken to the call, or to the reservation as it is
/// written: calls of AWS, and other writers in between.
const LATER: SignedDuration = SignedDuration::from_secs(15);

/// All functions together call `RunTask` no more often than ECS's bucket allows.
pub(super) fn calls_of_run_task(world: &PlatformWorld, plan: &Plan) -> Vec<Violation> {
    let limits = plan.pools.limits();
    let (at_once, a_second) = (i128::from(limits.run_tasks_at_once), i128::from(limits.run_tasks_a_second));
    let ecs = world.sandbox().ecs().borrow();
    let ours = ecs.tasks().filter(|task| task.runner().is_some_and(|id| !world.is_planted(&id)));
    let mut started: Vec<Timestamp> = ours.map(|task| task.started_at).collect();
    started.sort();
    for (first, &from) in started.iter().enumerate() {
        for (calls, &to) in (1_i128..).zip(started.iter().skip(first)) {
            let length = (to.duration_since(from) + LATER).as_millis();
            if calls > at_once + a_second * length / 1000 {
                let told = format!("{calls} tasks started from {from} to {to}, by {limits:?}");
                return vec![violation("RunTask is called as often as ECS takes it", told)];
            }
        }
    }
    Vec::new()
}

/// No more runners are reserved to come up in some minutes than GitHub registers in them. Where the clocks of
/// the functions differ, so do their minutes.
pub(super) fn registrations(world: &PlatformWorld, plan: &Plan) -> Vec<Violation> {
    if plan.rates.contains_key(&Fault::ClocksDiffer) {
        return Vec::new();
    }
    let table = world.sandbox().table().borrow();
    let mut minutes: BTreeMap<i64, u32> = BTreeMap::new();
    for runner in table.runners() {
        let capacity = plan.pools.get(&runner.capacity).map(|pool| pool.capacity.comes_up_in());
        let up_at = runner.reserved_at.as_second() + capacity.unwrap_or_default().as_secs();
        *minutes.entry(up_at.div_euclid(60)).or_default() += 1;
    }
    let most = plan.pools.limits().registrations();
    let of = |minute: i64| minutes.get(&minute).copied().unwrap_or(0);
    // What was taken for a minute may be written in the next one.
    let over =
        minutes.keys().find(|&&minute| of(minute) + of(minute + 1) > 3 * most || of(minute) > 2 * most);
    over.map(|&minute| {
        let told = format!("{} and {} in two minutes, of {most} each", of(minute), of(minute + 1));
        violation("no more runners come up than GitHub registers", told)
    })
    .into_iter()
    .collect()
}
