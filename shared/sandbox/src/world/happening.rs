//! What is going to happen in a world.

use fleet::{GithubRunnerId, InstanceId, JobId, TaskArn};

use crate::delivery::Delivery;

/// Something that is going to happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Happening {
    /// GitHub posts a webhook.
    Post(Delivery),
    /// A task comes to its next status.
    TaskMovesOn(TaskArn),
    /// PID 1 claims.
    Claim(TaskArn),
    /// PID 1 asks for its release, if it is idle.
    AskRelease(TaskArn),
    /// PID 1 leaves, if it is still idle.
    Leave(TaskArn),
    /// PID 1 exits with 0, as if it had run a job.
    ExitWithoutJob(TaskArn),
    /// The instance, or the container, is gone from one moment to the next.
    Die(TaskArn),
    /// ECS gives a task up that never came to run.
    FailsToStart(TaskArn, &'static str),
    /// PID 1 interrupts the job of a task that has to stop, if it is still at it.
    Interrupt(TaskArn),
    /// An EC2 instance is gone, with all that runs on it.
    InstanceGone(InstanceId),
    /// An event of ECS reaches the queue.
    TaskEvent(String),
    /// A runner picks up the job that it was given.
    PickUp(JobId, GithubRunnerId),
    /// An assigned job is looked after.
    PickUpLimit(JobId),
    /// A job's work is done.
    JobEnds(JobId),
    /// GitHub gives up a job whose runner is gone.
    JobAbandoned(JobId),
    /// GitHub gives up a job that nobody took in a day.
    QueueLimit(JobId),
    /// GitHub forgets a runner that was offline for a day.
    ForgetOffline(GithubRunnerId),
}
