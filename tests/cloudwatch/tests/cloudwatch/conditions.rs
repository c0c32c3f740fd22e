//! Each alarm's condition, made true once: it fires, and not before. A story's name is its alarm's.
#![allow(non_snake_case, reason = "a story is named as its alarm")]

use std::collections::BTreeSet;
use std::time::Duration;

use cloudwatch::alarm::AlarmState;
use cloudwatch::metrics::Metrics;
use cloudwatch::observed::Observed;
use cloudwatch::stack;
use fleet::ledger::Totals;
use fleet::pools::DEFAULT_POOLS;
use fleet::{JobId, PoolMap, PoolName, Repository};
use jiff::{SignedDuration, Timestamp};
use platform::scene::{START, plan};
use sandbox::github::JobPlan;
use sandbox::{Fault, FunctionName, Rates};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;

/// The alarm whose metric no function of the sandbox writes: the instances' own script does.
const OF_THE_HOST: &str = "DockerVolumeAlarm";

macro_rules! stories {
    ($($alarm:ident),+ $(,)?) => {
        /// The alarms that have a story.
        const TOLD: &[&str] = &[$(stringify!($alarm)),+];
        $(#[test] fn $alarm() { fires(stringify!($alarm), stories::$alarm); })+
    };
}

stories!(
    BreakersOpenedAlarm,
    ConfigsLateAlarm,
    DeliveriesGivenUpAlarm,
    JobsGivenToNobodyAlarm,
    JobsUnreadAlarm,
    JobsUnservedAlarm,
    JobsWithoutPoolAlarm,
    LedgerDriftAlarm,
    OldestUnservedSecondsAlarm,
    PlacesRestedAlarm,
    RegistrationsTakenAlarm,
    RunnerVersionDaysAlarm,
    SecondBootsAlarm,
    TicketsRefusedAlarm,
    WebhooksLostAlarm,
);

/// The alarm is quiet in twenty calm minutes with a job, and fires in what follows.
fn fires(alarm: &str, story: fn() -> Observed) {
    let observed = story();
    let fired = observed.fired();
    let at = fired.iter().find(|(id, _)| id == alarm).map(|(_, at)| *at);
    assert!(at.is_some(), "{alarm} does not fire, but {fired:?}");
    assert!(
        at > Some(START + SignedDuration::from_secs(20 * MINUTE)),
        "{alarm} fires in calm minutes: {fired:?}"
    );
}

#[test]
fn every_alarm_has_a_story() {
    let of_template: BTreeSet<String> = stack::alarms().into_keys().collect();
    let told = TOLD.iter().copied().chain([OF_THE_HOST]).map(str::to_owned).collect();
    assert_eq!(of_template, told);
}

/// What an instance's script puts, each five minutes: the template's namespace, and no dimension.
#[test]
fn a_docker_volume_that_fills_fires_and_one_that_does_not_is_quiet() {
    let alarm = stack::alarms().remove(OF_THE_HOST).unwrap();
    for (percent, expected) in [(84.0, AlarmState::Ok), (91.0, AlarmState::Alarm)] {
        let mut metrics = Metrics::default();
        for minute in [1, 6, 11] {
            metrics.put(alarm.key(), START + SignedDuration::from_mins(minute), percent, "Percent");
        }
        let states = alarm.states(&metrics, START, START + SignedDuration::from_mins(15));
        assert_eq!(states.last().unwrap().1, expected, "{percent} %");
    }
    let script = std::fs::read_to_string(stack::root().join("images/host/root/usr/lib/mayfly/tell")).unwrap();
    assert!(script.contains(&alarm.metric_name), "the script puts it");
}

/// Twenty calm minutes, with a job.
fn calm(pools: &str) -> Observed {
    let mut observed = Observed::of(pools);
    observed.scene.queue(&["fargate-x64"]);
    observed.pass(20 * MINUTE);
    observed
}

fn set(observed: &Observed, faults: &[Fault]) {
    observed.scene.world.sandbox().set_faults(faults.iter().map(|&fault| (fault, 1.0)).collect::<Rates>());
}

/// The seven default pools, with these lines in the place of a maximum of `ec2-x64`.
fn map(maximum: &str) -> String {
    let (before, after) = DEFAULT_POOLS.split_once("[pools.ec2-x64]\n").unwrap();
    format!("{before}[pools.ec2-x64]\n{}", after.replacen("maximum = 15", maximum, 1))
}

fn outage(observed: &Observed, hours: i64) {
    let until: Timestamp = observed.now() + SignedDuration::from_hours(hours);
    observed.scene.world.sandbox().github().borrow_mut().set_outage(until);
}

#[expect(clippy::needless_pass_by_value, reason = "a map that was just read")]
fn use_map(observed: &Observed, pools: PoolMap) {
    for function in [
        FunctionName::Registrar,
        FunctionName::Launcher,
        FunctionName::Scheduler,
        FunctionName::Reconciler,
        FunctionName::Webhook,
    ] {
        observed.scene.world.functions().use_map(function, &pools);
    }
}

/// Whether a runner has asked that has no job yet.
fn asks(observed: &Observed) -> bool {
    let table = observed.scene.world.sandbox().table().borrow();
    table.runners().any(|runner| runner.boot.is_some() && runner.state.is_supply())
}

/// Another boot than the runner's own uses its ticket, and the next minutes pass.
fn use_stolen_ticket(mut observed: Observed) -> Observed {
    observed.act(|scene| {
        scene.world.steal_ticket(0);
        scene.pass(1);
    });
    observed.pass(5 * MINUTE);
    observed
}

mod stories {
    use super::*;

    pub(super) fn BreakersOpenedAlarm() -> Observed {
        let mut observed = calm(DEFAULT_POOLS);
        set(&observed, &[Fault::RunnerOutdated]);
        observed.scene.queue(&["ec2-x64"]);
        observed.pass(30 * MINUTE);
        set(&observed, &[]);
        observed
    }

    /// GitHub is out of order while a runner wants its JIT config.
    pub(super) fn ConfigsLateAlarm() -> Observed {
        let mut observed = calm(DEFAULT_POOLS);
        observed.scene.queue(&["ec2-x64"]);
        outage(&observed, 1);
        observed.pass(HOUR);
        observed
    }

    /// The queue is down for more than three days. GitHub shows nothing of the repository, so that no sweep finds the job.
    pub(super) fn DeliveriesGivenUpAlarm() -> Observed {
        let mut observed = calm(DEFAULT_POOLS);
        let repository = Repository::new("octo-org/storefront");
        observed.scene.world.sandbox().github().borrow_mut().hide_repository(&repository);
        observed.scene.world.sandbox().set_queue_down(true);
        observed.scene.queue(&["ec2-x64"]);
        observed.pass(4 * 24 * HOUR);
        observed.scene.world.sandbox().set_queue_down(false);
        observed
    }

    pub(super) fn JobsGivenToNobodyAlarm() -> Observed {
        let mut observed = calm(DEFAULT_POOLS);
        let refused = Repository::new("octo-org/storefront");
        observed.scene.world.sandbox().github().borrow_mut().refuse(refused, true);
        let job = observed.scene.queue(&["ec2-x64"]);
        observed.pass(HOUR);
        observed.scene.world.cancel_job(job);
        observed
    }

    /// GitHub does not answer for a day, and its webhook of the job's end is lost too.
    pub(super) fn JobsUnreadAlarm() -> Observed {
        let mut observed = calm(DEFAULT_POOLS);
        set(&observed, &[Fault::WebhookOfRunDropped]);
        observed.scene.queue(&["ec2-x64"]);
        outage(&observed, 25);
        observed.pass(25 * HOUR);
        set(&observed, &[]);
        observed
    }

    pub(super) fn JobsUnservedAlarm() -> Observed {
        let mut observed = calm(DEFAULT_POOLS);
        let job = observed.scene.queue(&["docker", "gpu"]);
        observed.pass(6 * MINUTE);
        observed.scene.world.cancel_job(job);
        observed
    }

    /// A pool with a full house leaves the map, and no other serves its waiting job.
    pub(super) fn JobsWithoutPoolAlarm() -> Observed {
        let mut observed = calm(&map("maximum = 1"));
        let long = JobPlan { work: Duration::from_hours(1), ..plan(&["ec2-x64"]) };
        observed.scene.world.queue_job(JobId(900), long);
        observed.pass(3 * MINUTE);
        observed.scene.world.queue_job(JobId(901), plan(&["ec2-x64"]));
        observed.pass(MINUTE);
        let (before, after) = DEFAULT_POOLS.split_once("[pools.ec2-x64]\n").unwrap();
        let (_, after) = after.split_once("\n[pools.").unwrap();
        let without = format!("{before}[pools.{after}").replace("fallback = \"ec2-x64\"\n", "");
        use_map(&observed, PoolMap::from_toml(&without).unwrap());
        observed.pass(30 * MINUTE);
        use_map(&observed, PoolMap::from_toml(DEFAULT_POOLS).unwrap());
        observed
    }

    /// Somebody writes a book by hand.
    pub(super) fn LedgerDriftAlarm() -> Observed {
        let mut observed = calm(DEFAULT_POOLS);
        let by = Totals { live: 20, ..Totals::default() };
        let pool = PoolName::new("ec2-x64").unwrap();
        observed.scene.world.sandbox().table().borrow_mut().miscount(&pool, by);
        observed.pass(20 * MINUTE);
        observed
    }

    /// A pool with one runner, which works for an hour, while another job waits.
    pub(super) fn OldestUnservedSecondsAlarm() -> Observed {
        let mut observed = calm(&map("maximum = 1"));
        let long = JobPlan { work: Duration::from_hours(1), ..plan(&["ec2-x64"]) };
        observed.scene.world.queue_job(JobId(900), long);
        observed.pass(3 * MINUTE);
        observed.scene.world.queue_job(JobId(901), plan(&["ec2-x64"]));
        observed.pass(40 * MINUTE);
        observed
    }

    /// GitHub removes each idle runner of a pool that keeps three.
    pub(super) fn PlacesRestedAlarm() -> Observed {
        let mut observed = calm(DEFAULT_POOLS);
        set(&observed, &[Fault::RunnerReaped]);
        let three = map("maximum = 15\nworking_hours_minimum = 3\noff_hours_minimum = 3");
        use_map(&observed, PoolMap::from_toml(&three).unwrap());
        observed.pass(4 * HOUR);
        set(&observed, &[]);
        use_map(&observed, PoolMap::from_toml(DEFAULT_POOLS).unwrap());
        observed.pass(5 * MINUTE);
        observed
    }

    /// A JIT config is lost on its way, and somebody else's listener runs a job by its registration.
    pub(super) fn RegistrationsTakenAlarm() -> Observed {
        let mut observed = calm(DEFAULT_POOLS);
        set(&observed, &[Fault::AnswerLost, Fault::GithubCallsBusy]);
        observed.scene.queue(&["ec2-x64"]);
        observed.pass(10 * MINUTE);
        set(&observed, &[]);
        observed
    }

    /// Nobody has built images since a month.
    pub(super) fn RunnerVersionDaysAlarm() -> Observed {
        let mut observed = calm(DEFAULT_POOLS);
        observed.scene.world.sandbox().set_runner_current_on(jiff::civil::date(2026, 9, 4));
        observed.scene.queue(&["ec2-x64"]);
        observed.pass(HOUR);
        observed
    }

    /// Somebody has read a ticket before its first question was answered, and uses it.
    pub(super) fn SecondBootsAlarm() -> Observed {
        let mut observed = calm(DEFAULT_POOLS);
        observed.scene.queue(&["ec2-x64"]);
        while !asks(&observed) {
            observed.pass(1);
        }
        use_stolen_ticket(observed)
    }

    /// Somebody uses a ticket long after its runner.
    pub(super) fn TicketsRefusedAlarm() -> Observed {
        let mut observed = calm(DEFAULT_POOLS);
        let long = JobPlan { work: Duration::from_hours(1), ..plan(&["ec2-x64"]) };
        observed.scene.world.queue_job(JobId(900), long);
        observed.pass(30 * MINUTE);
        use_stolen_ticket(observed)
    }

    /// GitHub delivers no webhook, and a job comes each other minute.
    pub(super) fn WebhooksLostAlarm() -> Observed {
        let mut observed = calm(DEFAULT_POOLS);
        set(&observed, &[Fault::WebhookDropped, Fault::WebhookOfRunDropped]);
        for _ in 0..15 {
            observed.scene.queue(&["ec2-x64"]);
            observed.pass(2 * MINUTE);
        }
        set(&observed, &[]);
        observed
    }
}
