//! Lets a world happen.

use std::collections::BTreeMap;

use fleet::ledger::Totals;
use fleet::{DeliveryId, InstanceId, PoolName, Repository, RunnerId};
use jiff::{SignedDuration, Timestamp};
use platform::{Platform, PlatformWorld};
use sandbox::delivery::{Delivery, function_url_event};
use sandbox::ecs::RunTaskError;
use sandbox::github::Phase;
use sandbox::{Fault, Line, Race, Rates, Sandbox, Violation, placements_of};
use serde_json::json;

use crate::check;
use crate::plan::{Act, Map, Plan, REFUSED, SeededWorld};

/// The secret that the world's GitHub signs with.
pub const SECRET: &str = "the simulation's webhook secret";

/// The cluster of the pools that run on EC2 instances.
const INSTANCES: &str = "mayfly_ec2";

/// A message that nobody understands.
const POISON: &str = "{\"neither\":\"job nor event\"}";

/// How long GitHub's API is out of order.
const OUTAGE: SignedDuration = SignedDuration::from_hours(1);

/// How long the faults go on after the last act.
const STORM_GOES_ON: SignedDuration = SignedDuration::from_hours(1);

/// How long a world is given to come to rest.
const REST_WITHIN: SignedDuration = SignedDuration::from_hours(96);

/// How often somebody looks after the dead-letter queue when the faults are over: a message that was
/// received too often in their time goes there when it comes into sight.
const REDRIVES: u32 = 3;

/// How long it takes until that is done again.
const BETWEEN_REDRIVES: SignedDuration = SignedDuration::from_mins(40);

/// What came of a world.
#[derive(Debug)]
pub struct WorldOutcome {
    /// What must never be, and was.
    pub violations: Vec<Violation>,
    /// How often each fault struck.
    pub struck: BTreeMap<Fault, u32>,
    /// Jobs there were.
    pub jobs: usize,
    /// Tasks that were started.
    pub tasks: usize,
    /// How long each job that ran had waited for its runner.
    pub waited: Vec<SignedDuration>,
    /// How often each race was run.
    pub races: BTreeMap<Race, u32>,
    /// What happened, if the journal was kept.
    pub timeline: Vec<Line>,
}

/// Lets a world happen, to its end, and checks it. `keep` keeps its timeline.
pub fn run(world: &SeededWorld, keep: bool) -> anyhow::Result<WorldOutcome> {
    let plan = Plan::of(world)?;
    let sandbox = Sandbox::new(world.seed, crate::plan::START, plan.delays.clone(), &plan.pools);
    if keep {
        sandbox.journal().borrow_mut().keep();
    }
    sandbox.set_faults(plan.rates.clone());
    sandbox.set_skews(plan.skews.clone());
    for fault in Fault::OF_A_WORLD {
        sandbox.strikes(fault);
    }
    sandbox.github().borrow_mut().refuse(Repository::new(REFUSED), true);
    if plan.rates.contains_key(&Fault::WebhooksNever) {
        sandbox.github().borrow_mut().send_no_webhooks();
    }
    if plan.is_wide {
        sandbox.github().borrow_mut().run_by_schedules();
    }
    let mut world = Platform::world(sandbox.clone(), &plan.pools, &SECRET.into());
    for (at, act) in &plan.acts {
        world.run_until(*at);
        perform(&mut world, &plan, act);
    }
    world.run_until(later(sandbox.manual_clock().now(), STORM_GOES_ON));

    sandbox.set_faults(Rates::new());
    for _ in 0..REDRIVES {
        redrive(&sandbox);
        world.run_until(later(sandbox.manual_clock().now(), BETWEEN_REDRIVES));
    }
    let at_rest = world.run_to_rest(REST_WITHIN);
    let violations = check::all(&world, &plan, at_rest);
    Ok(WorldOutcome {
        violations,
        struck: sandbox.faults_struck(),
        jobs: sandbox.github().borrow().jobs().count(),
        tasks: sandbox.ecs().borrow().tasks().count(),
        waited: waited(&sandbox),
        races: sandbox.table().borrow().races().clone(),
        timeline: sandbox.journal().borrow().lines().to_vec(),
    })
}

/// How long each job that ran had waited for its runner.
fn waited(sandbox: &Sandbox) -> Vec<SignedDuration> {
    let github = sandbox.github().borrow();
    github.jobs().filter_map(|job| Some(job.started_at?.duration_since(job.queued_at))).collect()
}

fn perform(world: &mut PlatformWorld, plan: &Plan, act: &Act) {
    match act {
        Act::Queue(job, what) => world.queue_job(*job, what.clone()),
        Act::Push(name, numbers) => {
            let now = world.sandbox().manual_clock().now();
            for number in numbers.clone() {
                let repository = Repository::new(format!("{name}{number}"));
                world.sandbox().github().borrow_mut().push(&repository, now);
            }
        }
        Act::Gate(job, what) => world.gate_job(*job, what.clone()),
        Act::Approve(job, twice) => {
            world.approve_job(*job);
            if *twice {
                world.redeliver(*job);
            }
        }
        Act::Cancel(job) => {
            let phase = world.sandbox().github().borrow().job(*job).map(|job| job.phase);
            if matches!(phase, Some(Phase::Gated | Phase::Queued | Phase::Assigned { .. })) {
                world.cancel_job(*job);
            }
        }
        Act::Rerun(job, again, what) => {
            let phase = world.sandbox().github().borrow().job(*job).map(|job| job.phase);
            if matches!(phase, Some(Phase::Completed { .. })) {
                world.redeliver(*job);
                world.queue_job(*again, what.clone());
            }
        }
        Act::Forge(job) => forge(world, job.0),
        Act::Poison => {
            let now = world.sandbox().manual_clock().now();
            world.sandbox().queue().borrow_mut().send(POISON.to_owned(), now, now);
        }
        Act::Interrupt(place) => interrupt(world, *place),
        Act::Outage => {
            let until = later(world.sandbox().manual_clock().now(), OUTAGE);
            world.sandbox().github().borrow_mut().set_outage(until);
        }
        Act::Steal(place) => world.steal_ticket(*place),
        Act::PlantTask(number) => plant_task(world, plan, *number),
        Act::PlantRegistration(place, online) => {
            world.plant_registration(*place, *online);
        }
        Act::LoseRegistration(place) => {
            world.lose_registration(*place);
        }
        Act::ReadMap(function, map) => {
            let map = if *map == Map::Whole { &plan.pools } else { &plan.smaller };
            world.functions().use_map(*function, map);
        }
        Act::Deploy(code, message) => {
            let refusal = RunTaskError::Exception((*code).to_owned(), (*message).to_owned());
            set_outage(world.sandbox(), plan, Some(&refusal));
        }
        Act::Miscount(place, by) => miscount(world.sandbox(), *place, *by),
        Act::Deployed => set_outage(world.sandbox(), plan, None),
        Act::Break(fault) => world.sandbox().set_fault(*fault, 1.0),
        Act::Mend(fault) => {
            world.sandbox().set_fault(*fault, plan.rates.get(fault).copied().unwrap_or(0.0));
        }
    }
}

/// Starts a task that nobody reserved, in one of the pools.
fn plant_task(world: &mut PlatformWorld, plan: &Plan, number: u128) {
    let pools: Vec<_> = plan.smaller.iter().collect();
    let place = usize::try_from(number).unwrap_or(0) % pools.len().max(1);
    if let Some(pool) = pools.get(place) {
        // No runner that is reserved has so high a number.
        world.plant_task(pool, &RunnerId::from_random(u128::MAX - number));
    }
}

/// Lets every launch fail like this, or none any longer.
fn set_outage(sandbox: &Sandbox, plan: &Plan, refusal: Option<&RunTaskError>) {
    for placement in placements_of(&plan.pools).values() {
        sandbox.ecs().borrow_mut().set_outage(&placement.capacity_provider, refusal.cloned());
    }
}

/// Writes a book by hand, if there is one.
fn miscount(sandbox: &Sandbox, place: usize, by: Totals) {
    let mut table = sandbox.table().borrow_mut();
    let pools: Vec<PoolName> = table.books().map(|book| book.pool.clone()).collect();
    if let Some(pool) = pools.get(place % pools.len().max(1)) {
        table.miscount(pool, by);
    }
}

/// Takes a spot instance back, if there is one.
fn interrupt(world: &mut PlatformWorld, place: usize) {
    let up: Vec<InstanceId> = {
        let ecs = world.sandbox().ecs().borrow();
        let instances = ecs.container_instances(INSTANCES).into_iter().flatten();
        let spot = instances.filter(|it| !it.draining && it.capacity_provider.ends_with("-spot"));
        spot.map(|it| it.instance.clone()).collect()
    };
    if let Some(instance) = up.get(place % up.len().max(1)) {
        world.interrupt_instance(instance);
    }
}

/// A delivery like GitHub's, signed with another secret.
fn forge(world: &mut PlatformWorld, job: u64) {
    let id = DeliveryId::new(format!("forged-{job}"));
    let body = json!({
        "action": "queued",
        "workflow_job": {"id": job, "labels": ["linux"]},
        "repository": {"full_name": "octo-org/storefront"},
    });
    let delivery = Delivery { id: id.clone(), event: "workflow_job".to_owned(), body: body.to_string() };
    let event = function_url_event(delivery.headers(&"not the secret".into()), &delivery.body);
    if let Ok(request) = serde_json::from_value(event) {
        world.post(id, request);
    }
}

/// What a person does with the dead-letter queue when the faults are over: everything is tried again
/// but the poison.
fn redrive(sandbox: &Sandbox) {
    let now = sandbox.manual_clock().now();
    let mut queue = sandbox.queue().borrow_mut();
    let dead = queue.take_dead_letters();
    dead.into_iter()
        .filter(|message| message.body != POISON)
        .for_each(|message| queue.send(message.body, message.sent_at, now));
}

fn later(now: Timestamp, by: SignedDuration) -> Timestamp {
    now.checked_add(by).unwrap_or(now)
}
