//! What must hold in every world, whatever went wrong in it.

mod launches;
mod limits;

use std::collections::BTreeMap;

use fleet::ledger::{Job, JobState, SLOW};
use fleet::repair::lying::StopCause;
use fleet::routing::route;
use fleet::{JobId, RunnerId};
use jiff::{SignedDuration, Timestamp};
use platform::{PlatformWorld, leftovers};
use sandbox::ecs::StopDetails;
use sandbox::github::{Phase, QUEUE_LIMIT, WorkflowJob};
use sandbox::{Fault, TICKET_KEY, Violation};

use crate::plan::{Act, FORGED_JOBS, Plan};
use crate::run::SECRET;

/// How long a task without a JIT config hangs at most; twice that with one.
const HUNG_AT_MOST: SignedDuration = SignedDuration::from_hours(1);

/// From one look at the runners to the next.
const BETWEEN_LOOKS: SignedDuration = SignedDuration::from_mins(5);

/// How many tasks a look stops at least that has to: where more hang at once, they are stopped in turn.
const STOPS_A_LOOK: i32 = 15;

/// Everything that is wrong.
pub fn all(world: &PlatformWorld, plan: &Plan, at_rest: bool) -> Vec<Violation> {
    let mut found = world.sandbox().table().borrow().violations().to_vec();
    found.extend_from_slice(world.violations());
    found.extend(accepted_events_are_written_down(world, plan));
    found.extend(unverified_bodies_have_no_effect(world));
    found.extend(no_answer_tells_a_secret(world));
    found.extend(one_boot_has_a_runner(world));
    found.extend(jobs_that_no_pool_serves_launch_nothing(world, plan));
    found.extend(one_task_a_runner_of_its_pools_architecture(world, plan));
    found.extend(begun_jobs_are_not_cut_short(world));
    found.extend(configured_runners_are_not_stopped(world));
    found.extend(no_task_is_overdue_in_provisioning(world, plan));
    found.extend(jobs_end_by_githubs_word(world));
    found.extend(launches::are_bounded(world, plan));
    found.extend(limits::calls_of_run_task(world, plan));
    found.extend(limits::registrations(world, plan));
    found.extend(no_message_is_dead(world));
    if !at_rest {
        found.push(violation("the platform comes to rest", "it does not"));
    }
    let left = leftovers(world.sandbox()).into_iter();
    found.extend(left.map(|left| violation("nothing is left over at rest", left)));
    found.extend(hung_tasks_are_stopped(world));
    found.extend(no_end_is_unknown(world));
    found.extend(every_served_job_got_a_runner(world, plan));
    found.extend(refused_jobs_are_unserved(world, plan));
    found
}

fn violation(rule: &'static str, found: impl Into<String>) -> Violation {
    Violation { rule, found: found.into() }
}

/// 2xx only after the event is durably queued, and what is queued survives. The end of a job that no
/// pool serves is queued too, and tells nothing of a job that was never written down.
fn accepted_events_are_written_down(world: &PlatformWorld, plan: &Plan) -> Vec<Violation> {
    let (table, github) = (world.sandbox().table().borrow(), world.sandbox().github().borrow());
    let pools = plan.lasting_pools();
    let is_served = |id| github.job(id).is_none_or(|job| route(pools, &job.plan.labels, false).is_ok());
    let missing = world.answered_with(202).filter(|(job, phase)| {
        let told = match phase {
            Phase::Gated => return false,
            Phase::Queued | Phase::Assigned { .. } => JobState::Queued,
            Phase::InProgress => JobState::InProgress,
            Phase::Completed { .. } => JobState::Completed,
        };
        is_served(*job) && table.job(*job).is_none_or(|job| job.state < told)
    });
    let found =
        |(job, phase)| violation("an accepted event is written down", format!("job {job}, {phase:?}"));
    missing.map(found).collect()
}

fn unverified_bodies_have_no_effect(world: &PlatformWorld) -> Vec<Violation> {
    let table = world.sandbox().table().borrow();
    let forged = table.jobs().filter(|job| job.id.0 >= FORGED_JOBS);
    forged
        .map(|job| violation("an unverified body has no effect", format!("job {} is in the ledger", job.id)))
        .collect()
}

fn no_answer_tells_a_secret(world: &PlatformWorld) -> Vec<Violation> {
    let bodies = world.answers().filter_map(|answer| answer.body.as_deref());
    let telling =
        bodies.filter(|body| body.contains(SECRET) || body.contains(TICKET_KEY) || body.contains("sha256="));
    telling.map(|body| violation("no answer tells a secret", body)).collect()
}

/// A ticket is of no use to another boot than the one that asked first. Where the ledger does not answer, or
/// the registrar crashes, there is no answer.
fn one_boot_has_a_runner(world: &PlatformWorld) -> Vec<Violation> {
    let told = world.stolen_tickets().iter().filter(|&(_, status)| !matches!(status, 403 | 502 | 503));
    told.map(|(runner, status)| {
        violation("one boot has a runner", format!("the ticket of runner {runner}, stolen, got a {status}"))
    })
    .collect()
}

fn jobs_that_no_pool_serves_launch_nothing(world: &PlatformWorld, plan: &Plan) -> Vec<Violation> {
    let (table, github) = (world.sandbox().table().borrow(), world.sandbox().github().borrow());
    let unserved = github.jobs().filter(|job| route(&plan.pools, &job.plan.labels, false).is_err());
    // Its begin and its end are written down all the same.
    let counted = |job: &Job| job.pool.is_some() || job.state < JobState::InProgress;
    let written = unserved.filter(|job| table.job(job.id).is_some_and(counted));
    written
        .map(|job| violation("a job that no pool serves launches nothing", format!("job {}", job.id)))
        .collect()
}

fn one_task_a_runner_of_its_pools_architecture(world: &PlatformWorld, plan: &Plan) -> Vec<Violation> {
    let (table, ecs) = (world.sandbox().table().borrow(), world.sandbox().ecs().borrow());
    let mut tasks: BTreeMap<RunnerId, usize> = BTreeMap::new();
    let mut found = Vec::new();
    for task in ecs.tasks() {
        let Some(id) = task.runner().filter(|id| !world.is_planted(id)) else { continue };
        *tasks.entry(id.clone()).or_default() += 1;
        let Some(runner) = table.runner(&id) else {
            found.push(violation("every task was reserved before it was launched", format!("runner {id}")));
            continue;
        };
        if plan.pools.get(&runner.pool).is_none_or(|pool| pool.architecture != task.architecture) {
            found.push(violation(
                "a task has its pool's architecture",
                format!("{} on {}", runner.pool, task.architecture),
            ));
        }
    }
    let twice = tasks.into_iter().filter(|&(_, count)| count > 1);
    found.extend(
        twice.map(|(id, count)| violation("a runner is one task", format!("runner {id} has {count}"))),
    );
    found
}

/// A job that has begun ends well, unless its runner was killed by a fault, or its spot instance was
/// taken back. Of our own stops only the one that follows a spot warning may end a job: the instance is
/// going, and the stop is the notice that lets its runner end it in order.
fn begun_jobs_are_not_cut_short(world: &PlatformWorld) -> Vec<Violation> {
    let died = world.sandbox().faults_struck().get(&Fault::RunnerDiesAtWork).copied().unwrap_or(0);
    let idle = world.sandbox().faults_struck().get(&Fault::RunnerDiesIdle).copied().unwrap_or(0);
    let interrupted = {
        let ecs = world.sandbox().ecs().borrow();
        let stops = ecs.tasks().filter_map(|task| task.stop.as_ref());
        stops.filter(|stop| stop.code == "TerminationNotice" || is_after_a_spot_warning(stop)).count()
    };
    let github = world.sandbox().github().borrow();
    let cut: Vec<JobId> = github
        .jobs()
        .filter(|job| job.started_at.is_some())
        .filter(|job| matches!(job.phase, Phase::Completed { conclusion } if conclusion != "success"))
        .map(|job| job.id)
        .collect();
    let excess = cut.len() > usize::try_from(died + idle).unwrap_or(usize::MAX).saturating_add(interrupted);
    excess
        .then(|| violation("a runner that has begun a job is never stopped", format!("{cut:?}")))
        .into_iter()
        .collect()
}

/// Of our own stops only the one that follows a spot warning meets a runner that was answered its JIT config: it
/// may begin a job at any moment. Beside it only a runner that got the answer "leave" long ago, or whose job is
/// over, is stopped. The sandbox checks that GitHub does not know it then.
fn configured_runners_are_not_stopped(world: &PlatformWorld) -> Vec<Violation> {
    let (table, ecs) = (world.sandbox().table().borrow(), world.sandbox().ecs().borrow());
    let has_config = |id: &RunnerId| table.runner(id).is_some_and(|runner| !runner.has_no_config());
    let stopped = ecs.tasks().filter_map(|task| {
        let stop = task.stop.as_ref()?;
        let by_us = stop.code == "UserInitiated" && !is_after_a_spot_warning(stop);
        let runner = task.runner().filter(|id| by_us && has_config(id))?;
        (!is_of_a_silent_runner(stop)).then(|| {
            violation(
                "a runner that has its JIT config is never stopped",
                format!("runner {runner}: {}", stop.reason),
            )
        })
    });
    stopped.collect()
}

/// No task is called slow that waits for capacity.
fn no_task_is_overdue_in_provisioning(world: &PlatformWorld, plan: &Plan) -> Vec<Violation> {
    let (table, ecs) = (world.sandbox().table().borrow(), world.sandbox().ecs().borrow());
    let skew = plan.skews.values().map(|skew| skew.abs()).max().unwrap_or_default();
    let early = ecs.tasks().filter_map(|task| {
        let id = task.runner()?;
        let overdue_at = table.runner(&id)?.overdue_at?;
        let had_capacity =
            task.pull_started_at.is_some_and(|at| overdue_at.duration_since(at) + skew >= SLOW);
        (!had_capacity).then(|| violation("no task is overdue in PROVISIONING", format!("runner {id}")))
    });
    early.collect()
}

/// No job is over in the ledger that is not over at GitHub.
fn jobs_end_by_githubs_word(world: &PlatformWorld) -> Vec<Violation> {
    let (table, github) = (world.sandbox().table().borrow(), world.sandbox().github().borrow());
    let ended = table.jobs().filter(|job| job.state == JobState::Completed);
    let early =
        ended.filter(|job| !github.job(job.id).is_some_and(|it| matches!(it.phase, Phase::Completed { .. })));
    early.map(|job| violation("a job ends by GitHub's word alone", format!("job {}", job.id))).collect()
}

/// At rest no job is under way in the ledger that is over at GitHub, whatever was lost of its webhooks.
fn no_end_is_unknown(world: &PlatformWorld) -> Vec<Violation> {
    let (table, github) = (world.sandbox().table().borrow(), world.sandbox().github().borrow());
    let is_over = |id| github.job(id).is_some_and(|job| matches!(job.phase, Phase::Completed { .. }));
    // Of one that is at somebody else's runner, and that no pool serves, nobody asks.
    let is_open = |job: &&Job| job.state != JobState::Completed && job.pool.is_some();
    let open = table.jobs().filter(is_open).filter(|job| is_over(job.id));
    let found = |id, state| violation("no end of a job is unknown at rest", format!("job {id} is {state:?}"));
    open.map(|job| found(job.id, job.state)).collect()
}

/// A task that hangs is stopped within an hour, or two if it has a JIT config: then two looks have to agree,
/// twice, and where many hang they are stopped in turn. Its job, and the time in which everything else goes wrong too, do not count.
fn hung_tasks_are_stopped(world: &PlatformWorld) -> Vec<Violation> {
    let ecs = world.sandbox().ecs().borrow();
    let stopped_at = |id: &RunnerId| {
        let mut tasks = ecs.tasks().filter(|task| task.runner().as_ref() == Some(id));
        tasks.find_map(|task| task.stopped_at)
    };
    let hung = i32::try_from(world.hung().len()).unwrap_or(i32::MAX);
    // Their registrations are deleted in turn first.
    let in_turn = BETWEEN_LOOKS * (hung / STOPS_A_LOOK) * 2;
    let late = world.hung().iter().filter(|hung| {
        let since = world.sandbox().fair_since().map_or(hung.since, |fair| fair.max(hung.since));
        let since = since.max(job_ended(world, &hung.runner).unwrap_or(since));
        let longest = if hung.has_config { HUNG_AT_MOST * 2 + in_turn } else { HUNG_AT_MOST };
        stopped_at(&hung.runner).is_none_or(|at| at.duration_since(since) > longest)
    });
    late.map(|hung| {
        let at = stopped_at(&hung.runner);
        violation("a task that hangs is stopped in its time", format!("{hung:?}, stopped {at:?}"))
    })
    .collect()
}

/// When the last job of a runner ended.
fn job_ended(world: &PlatformWorld, runner: &RunnerId) -> Option<Timestamp> {
    let github = world.sandbox().github().borrow();
    let of_runner = github.jobs().filter(|job| {
        let name = job.runner.as_ref().map(|(_, name)| name);
        name.and_then(|name| RunnerId::from_github_name(name)).as_ref() == Some(runner)
    });
    of_runner.filter_map(|job| job.completed_at).max()
}

/// Whether the reconciler stopped a task because GitHub has neither its runner nor a job of it.
fn is_of_a_silent_runner(stop: &StopDetails) -> bool {
    let causes = [StopCause::ToldToLeave, StopCause::JobOver, StopCause::NoJob];
    stop.code == "UserInitiated" && causes.iter().any(|cause| stop.reason == cause.why())
}

/// Whether the launcher stopped a task because its instance is taken back.
fn is_after_a_spot_warning(stop: &StopDetails) -> bool {
    stop.code == "UserInitiated" && stop.reason.ends_with(" is interrupted")
}

/// When the faults are over, every message but the poison is read.
fn no_message_is_dead(world: &PlatformWorld) -> Vec<Violation> {
    let queue = world.sandbox().queue().borrow();
    let dead = queue.dead_letters().iter();
    dead.map(|message| violation("a bad record never stops a batch", format!("dead letter {}", message.body)))
        .collect()
}

/// Every job that a pool serves all the time has run, unless somebody cancelled it, or it was GitHub after
/// a day.
fn every_served_job_got_a_runner(world: &PlatformWorld, plan: &Plan) -> Vec<Violation> {
    let cancelled = |id: JobId| plan.acts.iter().any(|(_, act)| *act == Act::Cancel(id));
    let github = world.sandbox().github().borrow();
    let pools = plan.lasting_pools();
    let served =
        github.jobs().filter(|job| route(pools, &job.plan.labels, false).is_ok() && !cancelled(job.id));
    let served = served.filter(|job| !github.refuses(&job.plan.repository));
    let broken = plan.rates.contains_key(&Fault::BrokenForHours);
    let given_up = |job: &WorkflowJob| {
        broken && job.completed_at.is_some_and(|at| at.duration_since(job.queued_at) >= QUEUE_LIMIT)
    };
    let waiting = served.filter(|job| job.started_at.is_none() && !given_up(job));
    waiting
        .map(|job| violation("every queued job gets a runner", format!("job {} {}", job.id, job.plan.labels)))
        .collect()
}

/// A job that the runner group refuses, and that GitHub gave up in the end, was passed over by runners enough
/// to be Unserved.
fn refused_jobs_are_unserved(world: &PlatformWorld, plan: &Plan) -> Vec<Violation> {
    let (table, github) = (world.sandbox().table().borrow(), world.sandbox().github().borrow());
    // A day of broken images is a day without a runner that listens.
    let is_broken = plan.rates.contains_key(&Fault::BrokenForHours);
    let is_served = |job: &&WorkflowJob| route(plan.lasting_pools(), &job.plan.labels, false).is_ok();
    let refused = github.jobs().filter(|job| !is_broken && github.refuses(&job.plan.repository));
    let given_up = refused
        .filter(is_served)
        .filter(|job| job.completed_at.is_some_and(|at| at.duration_since(job.queued_at) >= QUEUE_LIMIT));
    let known = given_up.filter_map(|job| table.job(job.id));
    known
        .filter(|job| job.passed_over < 2)
        .map(|job| violation("a job that GitHub gives to nobody is Unserved", format!("{job:?}")))
        .collect()
}
