//! Makes a failing world small: fewer jobs, fewer faults, the same failure.

use sandbox::Fault;

use crate::plan::SeededWorld;
use crate::run::{WorldOutcome, run};

/// The smallest world found that breaks the same rule. The search ends when nothing smaller breaks it,
/// or before the next world when `is_time_up`: a world in which something goes round takes long.
pub fn shrink(
    world: &SeededWorld,
    outcome: &WorldOutcome,
    mut is_time_up: impl FnMut() -> bool,
) -> anyhow::Result<SeededWorld> {
    let Some(rule) = outcome.violations.first().map(|violation| violation.rule) else {
        return Ok(world.clone());
    };
    let mut smallest = SeededWorld { jobs: Some(world.jobs.unwrap_or(outcome.jobs)), ..world.clone() };
    let mut candidates = smaller(&smallest).into_iter();
    while let Some(candidate) = candidates.next()
        && !is_time_up()
    {
        if run(&candidate, false)?.violations.iter().any(|violation| violation.rule == rule) {
            candidates = smaller(&candidate).into_iter();
            smallest = candidate;
        }
    }
    Ok(smallest)
}

/// The next smaller worlds: half the jobs, one job less, one fault less.
fn smaller(world: &SeededWorld) -> Vec<SeededWorld> {
    let jobs = world.jobs.unwrap_or(0);
    let fewer = [jobs / 2, jobs * 3 / 4, jobs.saturating_sub(1)].into_iter().filter(|&fewer| fewer < jobs);
    let fewer = fewer.map(|fewer| SeededWorld { jobs: Some(fewer), ..world.clone() });
    let calmer = Fault::all().filter(|fault| !world.without.contains(fault)).map(|fault| {
        let mut without = world.without.clone();
        without.insert(fault);
        SeededWorld { without, ..world.clone() }
    });
    fewer.chain(calmer).collect()
}
