//! Which limit a run reached, and which would have to be raised to make it faster.

use std::collections::{BTreeMap, BTreeSet};

use fleet::RunnerId;
use jiff::Timestamp;

use crate::bench::Bench;

/// The points of a JIT config.
const POINTS: u32 = 5;

/// From what share of it a limit binds, in percent: reads share GitHub's points, and launchers stay below
/// `RunTask`'s rate on purpose.
const BINDS_FROM: (u32, u32) = (60, 80);

/// The limits that bind, the one that delays the end first.
pub fn binds(
    bench: &Bench,
    began: Timestamp,
    launches: &[Timestamp],
    configs: &BTreeMap<&RunnerId, Timestamp>,
) -> String {
    let sandbox = bench.sandbox();
    let ecs = sandbox.ecs().borrow();
    let configs: Vec<_> = configs.values().copied().collect();
    let mut all = Vec::new();
    let a_minute = bench.limits_of_github().points_a_minute.map(|points| (points, points / POINTS));
    // A minute's worth, or a burst, goes through at once: fewer calls say nothing.
    let a_minute = a_minute.filter(|(_, most)| configs.len() > *most as usize);
    let run_task = bench.data.ecs.run_task.filter(|most| launches.len() > most.burst as usize);
    if let (Some((points, most)), Some(rate)) = (a_minute, a_minute_of(&configs))
        && rate >= part(most, BINDS_FROM.0)
    {
        all.push(format!("GitHub's {points} points a minute: {rate:.0} JIT configs a minute, of {most}"));
    }
    if let (Some(most), 1..) = (bench.data.ecs.provisioning, ecs.strain().refused) {
        let refused = ecs.strain().refused;
        all.push(format!("ECS's {most} tasks in PROVISIONING a cluster: {refused} calls of RunTask refused"));
    }
    if let (Some(most), Some(rate)) = (run_task, rate(launches, began))
        && rate >= part(most.a_second, BINDS_FROM.1)
    {
        all.push(format!("RunTask's {} a second: {rate:.1} a second", most.a_second));
    }
    if bench.was_full {
        all.push("the pool's maximum".to_owned());
    }
    if all.is_empty() {
        return "no limit: the time goes into deliveries, calls, the start of tasks and Mayfly's own pace"
            .to_owned();
    }
    all.join("; then ")
}

/// The number a second, from the first to the last of those after the beginning; `None` if there are too
/// few to tell.
#[allow(clippy::cast_precision_loss, reason = "at most some thousands")]
fn rate(moments: &[Timestamp], began: Timestamp) -> Option<f64> {
    const ENOUGH: usize = 50;
    let moments: Vec<_> = moments.iter().filter(|at| **at >= began).collect();
    let (first, last) = (moments.iter().min()?, moments.iter().max()?);
    let seconds = last.duration_since(**first).as_secs_f64();
    (moments.len() >= ENOUGH && seconds > 0.0).then(|| (moments.len() - 1) as f64 / seconds)
}

/// The mean number in the clock minutes that had any.
#[allow(clippy::cast_precision_loss, reason = "at most some thousands")]
fn a_minute_of(moments: &[Timestamp]) -> Option<f64> {
    let minutes: BTreeSet<i64> = moments.iter().map(|at| at.as_second().div_euclid(60)).collect();
    (!minutes.is_empty()).then(|| moments.len() as f64 / minutes.len() as f64)
}

fn part(of: u32, percent: u32) -> f64 {
    f64::from(of) * f64::from(percent) / 100.0
}
