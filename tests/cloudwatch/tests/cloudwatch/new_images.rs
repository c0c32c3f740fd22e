//! The life of an image: GitHub stops taking its runner program, and a new one serves again; a new one is broken, and
//! the one before serves again.

use cloudwatch::observed::Observed;
use fleet::ledger::{JobState, RestCause};
use fleet::{JobId, PoolName};
use jiff::civil::date;
use platform::scene::START;
use sandbox::{Fault, Rates};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;

/// What the image does from now on.
fn image(observed: &Observed, fault: Option<Fault>) {
    observed.scene.world.sandbox().set_faults(fault.into_iter().map(|fault| (fault, 1.0)).collect::<Rates>());
}

/// Why the breaker of `ec2-x64` is open.
fn breaker(observed: &Observed) -> Option<(RestCause, String)> {
    let table = observed.scene.world.sandbox().table().borrow();
    let rest = table.book(&PoolName::new("ec2-x64").unwrap())?.health.rest.clone()?;
    Some((rest.cause, rest.reason))
}

fn state(observed: &Observed, job: JobId) -> JobState {
    observed.scene.world.sandbox().table().borrow().job(job).unwrap().state
}

#[test]
fn github_stops_taking_a_version_and_a_new_image_serves_again() {
    let mut observed = Observed::of(fleet::pools::DEFAULT_POOLS);
    observed.scene.world.sandbox().set_runner_current_on(date(2026, 9, 4));
    let warned = observed.scene.queue(&["ec2-x64"]);
    observed.pass(2 * HOUR);
    assert_eq!(state(&observed, warned), JobState::Completed, "GitHub takes it for ten days more");
    assert_eq!(breaker(&observed), None);

    image(&observed, Some(Fault::RunnerOutdated));
    let waiting = observed.scene.queue(&["ec2-x64"]);
    observed.pass(HOUR);
    let (cause, reason) = breaker(&observed).expect("the breaker is open");
    assert_eq!(cause, RestCause::RunFailures);
    assert!(reason.contains("runner outdated: GitHub refuses this version"), "{reason}");
    assert_ne!(state(&observed, waiting), JobState::Completed);

    let today = jiff::tz::TimeZone::UTC.to_datetime(START).date();
    observed.scene.world.sandbox().set_runner_current_on(today);
    image(&observed, None);
    observed.pass(2 * HOUR);
    assert_eq!(state(&observed, waiting), JobState::Completed, "the next trial has the new image");
    assert_eq!(breaker(&observed), None, "what has worked closes it");

    let fired = observed.fired();
    let at = |alarm: &str| fired.iter().find(|(id, _)| id == alarm).map(|(_, at)| *at);
    let (old, open) = (at("RunnerVersionDaysAlarm"), at("BreakersOpenedAlarm"));
    assert!(old.is_some() && old < open, "the old version alarms before it is refused: {fired:?}");
}

#[test]
fn a_broken_image_opens_the_breaker_in_three_boots_and_the_one_before_serves_again() {
    let mut observed = Observed::of(fleet::pools::DEFAULT_POOLS);
    image(&observed, Some(Fault::ImageEnds));
    let before = observed.scene.tasks().len();
    let job = observed.scene.queue(&["ec2-x64"]);
    let mut passed = 0;
    while breaker(&observed).is_none() && passed < HOUR {
        observed.pass(MINUTE);
        passed += MINUTE;
    }
    let (cause, _) = breaker(&observed).expect("the breaker is open");
    assert_eq!(cause, RestCause::BootFailures);
    assert_eq!(observed.scene.tasks().len() - before, 3, "three failed boots");
    assert_ne!(state(&observed, job), JobState::Completed);

    // `make images-rollback`, `make deploy`.
    image(&observed, None);
    observed.pass(2 * HOUR);
    assert_eq!(state(&observed, job), JobState::Completed);
    assert_eq!(breaker(&observed), None);
    assert!(observed.fired().iter().any(|(id, _)| id == "BreakersOpenedAlarm"));
}
