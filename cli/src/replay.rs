//! Replays deliveries through the functions over the sandbox.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result};
use fleet::ledger::{Book, Item, JobState};
use fleet::{JobId, Pool, PoolMap, RunnerId, TaskArn};
use github::{WorkflowJobAction, WorkflowJobDelivery, WorkflowJobPayload};
use jiff::{SignedDuration, Timestamp};
use sandbox::ecs::TaskStatus;
use sandbox::github::JobPlan;
use sandbox::{Delays, Line, Sandbox, World};
use secrecy::SecretString;

use crate::delivered::{ACCEPTED, Delivered, StartedTask};
use crate::delivery_file::DeliveryFile;
use platform::{Platform, leftovers};

/// When the replay's clock begins: a Monday morning.
const START: Timestamp = Timestamp::constant(1_791_190_800, 0);

/// How long a replayed job works.
const WORK: Duration = Duration::from_mins(2);

/// How long the platform may take to come to rest.
const REST_WITHIN: SignedDuration = SignedDuration::from_hours(2);

/// A replay in progress.
#[derive(Debug)]
pub struct Replay {
    pools: PoolMap,
    world: World<Platform>,
    secret: SecretString,
    seen: BTreeSet<TaskArn>,
}

impl Replay {
    /// Starts a replay on an empty platform with these pools, deployed for this organisation.
    pub fn new(organisation: &str, pools: &PoolMap, secret: &SecretString) -> Self {
        let sandbox = Sandbox::new(0, START, Delays::default(), pools);
        sandbox.journal().borrow_mut().keep();
        let functions = Platform::new(&sandbox, pools, secret.clone()).of_organisation(organisation, pools);
        let world = World::new(sandbox, functions, secret.clone());
        Self { pools: pools.clone(), world, secret: secret.clone(), seen: BTreeSet::new() }
    }

    /// Delivers one event, and lets everything happen that happens at once.
    pub fn deliver(&mut self, source: &DeliveryFile) -> Result<Delivered> {
        let request = serde_json::from_value(source.function_url_event(&self.secret))
            .with_context(|| format!("{} does not read as a Function URL event", source.name))?;
        self.world.post(source.id.clone(), request);
        self.world.drain();

        let answer = self.world.answer(&source.id).cloned().unwrap_or_default();
        let payload = serde_json::from_value(source.payload.clone()).ok().and_then(WorkflowJobDelivery::job);
        if answer.status_code == ACCEPTED
            && let Some(payload) = &payload
        {
            self.tell_github(payload);
        }
        Ok(Delivered::answered(source, answer.status_code, answer.body.as_deref().unwrap_or_default()))
    }

    /// Lets time pass until nothing is left to happen. Returns `false` if that takes too long.
    pub fn rest(&mut self) -> bool {
        self.world.run_to_rest(REST_WITHIN)
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.world.sandbox().manual_clock().now()
    }

    /// The book of each pool of the map; an empty one if nothing was written yet.
    pub fn books(&self) -> Vec<Book> {
        let table = self.world.sandbox().table().borrow();
        let book = |pool: &Pool| {
            let written = table.book(&pool.name).cloned();
            written.unwrap_or_else(|| Book::open(pool.name.clone(), pool.maximum))
        };
        self.pools.iter().map(book).collect()
    }

    /// A job's state in the ledger.
    pub fn job_state(&self, job: JobId) -> Option<JobState> {
        self.world.sandbox().table().borrow().job(job).map(|job| job.state)
    }

    /// The exit code of a stopped task.
    pub fn exit_code(&self, task: &TaskArn) -> Option<i64> {
        let ecs = self.world.sandbox().ecs().borrow();
        let task = ecs.task(task).filter(|task| task.status == TaskStatus::Stopped)?;
        task.stop.as_ref()?.exit_code
    }

    /// What happened, line by line.
    pub fn lines(&self) -> Vec<Line> {
        self.world.sandbox().journal().borrow().lines().to_vec()
    }

    /// Whatever a platform at rest should not have.
    pub fn leftovers(&self) -> Vec<String> {
        leftovers(self.world.sandbox())
    }

    /// Every item of the ledger.
    pub fn items(&self) -> Vec<Item> {
        self.world.sandbox().table().borrow().items().cloned().collect()
    }

    /// GitHub's stand-in plays the rest of a job that Mayfly accepted.
    fn tell_github(&mut self, payload: &WorkflowJobPayload) {
        let plan =
            JobPlan { repository: payload.repository.clone(), labels: payload.labels.clone(), work: WORK };
        if payload.is_public {
            self.world.sandbox().github().borrow_mut().publish(payload.repository.clone());
        }
        if payload.action == WorkflowJobAction::Queued {
            self.world.learn_job(payload.job, plan);
        } else {
            self.world.follow_delivery(payload);
        }
    }

    /// Gives each delivery that asked for a runner the task that its pool started for it. Call it once the
    /// platform has come to rest: launches are paced, so a task may come later than the next delivery.
    ///
    /// A pool's tasks are alike, and GitHub gives a job to any of them. So a job's task is the one that ran
    /// it. The remaining tasks go, in order, to jobs that were cancelled or that another pool's runner took.
    /// A job without a task got another job's.
    pub fn credit(&mut self, delivered: &mut [Delivered]) {
        let new = self.new_tasks();
        let mut seen = BTreeSet::new();
        let mut asking: Vec<&mut Delivered> =
            delivered.iter_mut().filter(|row| row.asks() && seen.insert(row.job)).collect();
        let serves = |task: &StartedTask, row: &Delivered| self.pool_of(&task.runner) == row.pool;
        let mut free: Vec<&StartedTask> = new.iter().collect();
        for row in &mut asking {
            let ran = self.runner_of(row.job);
            let own = |task: &&StartedTask| Some(&task.runner) == ran.as_ref() && serves(task, row);
            if let Some(place) = free.iter().position(own) {
                row.tasks.push(free.remove(place).clone());
            }
        }
        for row in asking.iter_mut().filter(|row| row.tasks.is_empty()) {
            let place = free.iter().position(|task| serves(task, row));
            let task =
                place.map(|place| free.remove(place)).or_else(|| new.iter().find(|task| serves(task, row)));
            row.tasks.extend(task.cloned());
        }
    }

    /// The runner that took a job.
    fn runner_of(&self, job: Option<JobId>) -> Option<RunnerId> {
        self.world.sandbox().table().borrow().job(job?)?.runner.clone()
    }

    /// The pool for which a runner was reserved.
    fn pool_of(&self, runner: &RunnerId) -> Option<String> {
        let table = self.world.sandbox().table().borrow();
        table.runner(runner).map(|runner| runner.pool.to_string())
    }

    /// The tasks started since the last call.
    fn new_tasks(&mut self) -> Vec<StartedTask> {
        let ecs = self.world.sandbox().ecs().borrow();
        let new = ecs.tasks().filter(|task| !self.seen.contains(&task.arn));
        let new: Vec<StartedTask> = new
            .filter_map(|task| {
                Some(StartedTask {
                    arn: task.arn.clone(),
                    runner: task.runner()?,
                    architecture: task.architecture,
                    capacity_provider: task.capacity_provider().to_owned(),
                })
            })
            .collect();
        self.seen.extend(new.iter().map(|task| task.arn.clone()));
        new
    }
}
