//! The ports that are calls of ECS.

use fleet::launch::{LaunchFailure, RunTaskRequest, stack_of};
use fleet::ports::{
    DescribeTasks, EcsError, ListContainerInstances, ListTasks, RunTask, StopTask, TaskDescription,
    TaskFilter, TaskStop,
};
use fleet::{ContainerInstanceArn, InstanceId, RunnerId, TaskArn};

use crate::ecs::{Exception, RunTaskError, Task, TaskStatus};
use crate::faults::{Call, CrashPoint, Fault};
use crate::journal::Subject;
use crate::{Operation, Sandbox};

/// Most tasks that one `ListTasks` lists, and that one `DescribeTasks` takes.
const PAGE: usize = 100;

/// Calls of `DescribeTasks` that are under way at once, as `aws::tasks` makes them.
const DESCRIBED_AT_ONCE: usize = 5;

impl RunTask for Sandbox {
    async fn run_task(&self, request: &RunTaskRequest) -> Result<TaskArn, LaunchFailure> {
        self.begin(Operation::RunTask).await;
        self.may_crash(CrashPoint::Before, Call::RunTask).await;
        let answer = self.start_task(request);
        self.end(Operation::RunTask).await;
        self.may_crash(CrashPoint::After, Call::RunTask).await;
        let task = match answer {
            // The runner has its task, whatever has changed in the request since.
            Ok(task) | Err(RunTaskError::Conflict(task)) => task,
            Err(RunTaskError::Failure(reason)) => return Err(LaunchFailure::said(reason)),
            Err(RunTaskError::Exception(code, message)) => {
                return Err(LaunchFailure::said(format!("{code}: {message}")));
            }
        };
        if self.strikes(Fault::RunTaskAnswerLost) {
            return Err(LaunchFailure::unanswered("time-out".to_owned()));
        }
        Ok(task)
    }
}

impl StopTask for Sandbox {
    async fn stop_task(&self, cluster: &str, task: &TaskArn, reason: &str) -> Result<(), EcsError> {
        self.begin(Operation::StopTask).await;
        self.may_crash(CrashPoint::Before, Call::StopTask).await;
        self.note_stop_of_a_registered_runner(task, reason);
        let answer = self.ecs().borrow_mut().stop_task(cluster, task, reason);
        self.end(Operation::StopTask).await;
        self.may_crash(CrashPoint::After, Call::StopTask).await;
        match answer {
            Err(Exception { code: "InvalidParameterException", .. }) => Ok(()),
            other => other.map_err(|exception| ecs_error(&exception)),
        }
    }
}

impl Sandbox {
    /// A runner that GitHub knows may begin a job at any moment: it is stopped only where its instance is taken
    /// back.
    fn note_stop_of_a_registered_runner(&self, task: &TaskArn, reason: &str) {
        // One of another id is that of an answer which nobody got.
        let is_registered = |id: &RunnerId| {
            let registration = self.table().borrow().runner(id).and_then(|runner| runner.github_id);
            registration.is_some_and(|id| self.github().borrow().runner(id).is_some())
        };
        let runner = self.ecs().borrow().task(task).filter(|it| it.stop.is_none()).and_then(Task::runner);
        if let Some(id) = runner.filter(|id| !reason.ends_with(" is interrupted") && is_registered(id)) {
            let found = format!("runner {id}: {reason}");
            self.table().borrow_mut().note_violation("a runner that GitHub knows is never stopped", found);
        }
    }
}

impl ListTasks for Sandbox {
    async fn list_tasks(&self, cluster: &str, filter: &TaskFilter) -> Result<Vec<TaskArn>, EcsError> {
        self.begin(Operation::ListTasks).await;
        let listed = self.ecs().borrow().list_tasks(cluster, filter, self.manual_clock().now());
        let count = listed.as_ref().map_or(0, Vec::len);
        self.pages(Operation::ListTasks, count, PAGE, 1).await;
        self.end(Operation::ListTasks).await;
        listed.map_err(|exception| ecs_error(&exception))
    }
}

impl DescribeTasks for Sandbox {
    async fn describe_tasks(
        &self,
        cluster: &str,
        tasks: &[TaskArn],
    ) -> Result<Vec<TaskDescription>, EcsError> {
        self.begin(Operation::DescribeTasks).await;
        let described = {
            let ecs = self.ecs().borrow();
            let described = ecs.describe_tasks(cluster, tasks, self.manual_clock().now());
            described.map(|tasks| tasks.into_iter().map(description).collect())
        };
        self.pages(Operation::DescribeTasks, tasks.len(), PAGE, DESCRIBED_AT_ONCE).await;
        self.end(Operation::DescribeTasks).await;
        described.map_err(|exception| ecs_error(&exception))
    }
}

impl ListContainerInstances for Sandbox {
    async fn list_container_instances(
        &self,
        cluster: &str,
        instance: &InstanceId,
    ) -> Result<Vec<ContainerInstanceArn>, EcsError> {
        self.begin(Operation::ListContainerInstances).await;
        let listed = {
            let ecs = self.ecs().borrow();
            let instances = ecs.container_instances(cluster);
            instances.map(|all| all.filter(|it| it.instance == *instance).map(|it| it.arn.clone()).collect())
        };
        self.end(Operation::ListContainerInstances).await;
        listed.map_err(|exception| ecs_error(&exception))
    }
}

impl Sandbox {
    /// `RunTask`, with the faults that strike it, and with its line in the journal.
    pub fn start_task(&self, request: &RunTaskRequest) -> Result<TaskArn, RunTaskError> {
        let answer = match self.refusal() {
            Some(refusal) => Err(refusal),
            None => self.ecs().borrow_mut().run_task(request, self.manual_clock().now()),
        };
        if let Ok(task) = &answer {
            self.note_launch(task);
        }
        answer
    }

    /// How `RunTask` refuses by a fault, if one strikes.
    fn refusal(&self) -> Option<RunTaskError> {
        let exception =
            |code: &str, message: &str| RunTaskError::Exception(code.to_owned(), message.to_owned());
        if self.strikes(Fault::RunTaskThrottled) {
            Some(exception("ThrottlingException", "Rate exceeded"))
        } else if self.strikes(Fault::RunTaskAgentFails) {
            Some(RunTaskError::Failure("AGENT".to_owned()))
        } else if self.strikes(Fault::RunTaskNoCapacity) {
            Some(RunTaskError::Failure("Capacity is unavailable at this time.".to_owned()))
        } else if self.strikes(Fault::RunTaskRefused) {
            Some(exception("AccessDeniedException", "not authorized to perform: ecs:RunTask"))
        } else {
            None
        }
    }

    fn note_launch(&self, arn: &TaskArn) {
        let ecs = self.ecs().borrow();
        let Some((task, runner)) = ecs.task(arn).and_then(|task| Some((task, task.runner()?))) else {
            return;
        };
        if task.started_at == self.manual_clock().now() {
            let (definition, provider) = (&task.request.task_definition, task.capacity_provider());
            let text = || format!("launched: {definition}, {} on {provider}", task.architecture);
            self.note(|| Subject::Runner(runner), text);
        }
    }
}

fn description(task: &Task) -> TaskDescription {
    TaskDescription {
        task: task.arn.clone(),
        runner: task.runner(),
        last_status: task.status.to_string(),
        times: task.times(),
        stop: task.stop.as_ref().filter(|_| task.status == TaskStatus::Stopped).map(|stop| TaskStop {
            code: Some(stop.code.to_owned()),
            reason: stop.reason.clone(),
            exit_code: stop.exit_code,
        }),
        stack: stack_of(&task.request.task_definition).map(str::to_owned),
    }
}

fn ecs_error(exception: &Exception) -> EcsError {
    EcsError(exception.to_string())
}
