//! What is going to happen in a world.

use fleet::{GithubRunnerId, InstanceId, JobId, TaskArn};

use super::World;
use crate::delivery::Delivery;
use crate::github::{LatePost, Phase};

/// Something that is going to happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Happening {
    /// GitHub posts a webhook.
    Post(Delivery),
    /// The same once more, because somebody asked for it.
    Redeliver(Delivery),
    /// A task comes to its next status.
    TaskMovesOn(TaskArn),
    /// PID 1 has made its preparations, or could not.
    Prepared(TaskArn, bool),
    /// The runner program has come up, and connects.
    ListenerUp(TaskArn),
    /// PID 1 has waited for the answer to its question of this number for as long as it does.
    OutOfPatience(TaskArn, u64),
    /// GitHub removes the registration of a task's runner, if it is idle.
    Reaped(TaskArn),
    /// A registration is made whose registrar has ended.
    LatePost(LatePost),
    /// A time has come that PID 1 waits for, unless it waits for another one by now.
    Due(TaskArn),
    /// The runner program that was asked to end does.
    Interrupted(TaskArn),
    /// The runner program ends with 0, as if it had run a job.
    EndsWithoutJob(TaskArn),
    /// The image's own program ends, with 0.
    ImageEnds(TaskArn),
    /// The instance, or the container, is gone from one moment to the next.
    Die(TaskArn),
    /// ECS gives a task up that never came to run.
    FailsToStart(TaskArn, &'static str),
    /// An EC2 instance is gone, with all that runs on it.
    InstanceGone(InstanceId),
    /// An event of ECS reaches the queue.
    TaskEvent(String),
    /// A runner picks up the job that it was given.
    PickUp(JobId, GithubRunnerId),
    /// An assigned job is looked after.
    PickUpLimit(JobId),
    /// The worker process of a task's job is there.
    WorkerStarts(TaskArn),
    /// A job's work is done.
    JobEnds(JobId),
    /// GitHub gives up a job whose runner is gone.
    JobAbandoned(JobId),
    /// GitHub gives up a job that nobody took in a day.
    QueueLimit(JobId),
    /// GitHub forgets a runner that was offline for a day.
    ForgetOffline(GithubRunnerId),
}

impl<F> World<F> {
    /// GitHub's limits of a day, and PID 1's patience, are of no interest once what they limit is over.
    /// Where one comes next, those are dropped, so that the platform can be at rest.
    pub(super) fn drop_stale_limits(&mut self) {
        let (agenda, processes) = (&mut self.agenda, &self.processes);
        let github = self.sandbox.github().borrow();
        let stale = |happening: &Happening| match happening {
            Happening::QueueLimit(job) => github.job(*job).is_none_or(|job| job.phase != Phase::Queued),
            Happening::ForgetOffline(runner) => github.runner(*runner).is_none(),
            Happening::OutOfPatience(task, number) => {
                processes.get(task).is_none_or(|process| process.awaited != Some(*number))
            }
            _ => false,
        };
        if agenda.peek().is_some_and(stale) {
            agenda.retain(|happening| !stale(happening));
        }
    }
}
