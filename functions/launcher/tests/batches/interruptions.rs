//! EC2 Spot instances that will be interrupted.

use fleet::TaskArn;
use fleet::launch::TaskTimes;
use fleet::ledger::RunnerState;
use fleet::ports::TaskDescription;

use crate::fake::{INSTANCE, LauncherStage, job_event, warning};
use kit::recording::record;

const POOL: &str = "ec2-x64-spot";

#[test]
fn a_starting_runner_is_stopped_and_the_one_that_replaces_it_is_launched_in_the_same_batch() {
    let stage = LauncherStage::new();
    let runner = stage.runner_on_instance(1, POOL);
    let failed = stage.handle(&[warning(INSTANCE)]);
    assert!(failed.is_empty());
    assert_eq!(stage.state(&runner), RunnerState::Leaving);
    let launched = stage.ecs.launched.borrow();
    assert_eq!(launched.len(), 2, "the job's runner, and its replacement");
    assert_ne!(launched[1].started_by, runner.as_str());
    assert_eq!(stage.totals(POOL), (1, 1, 2), "the first one lives until its task has stopped");
    let reason = "its instance i-0123456789abcdef0 is interrupted".to_owned();
    assert_eq!(*stage.ecs.stopped.borrow(), [(TaskArn::new(format!("task-of-{runner}")), reason)]);
}

#[test]
fn an_idle_runner_leaves_the_books_and_a_busy_one_keeps_its_job() {
    let stage = LauncherStage::new();
    let busy = stage.runner_on_instance(1, POOL);
    stage.register(&busy, 71);
    stage.handle(&[job_event("in_progress", 1, POOL, Some((&busy, 71)))]);
    let idle = stage.runner_on_instance(2, POOL);
    stage.register(&idle, 72);
    stage.handle(&[job_event("completed", 2, POOL, None)]);
    assert_eq!(stage.totals(POOL), (0, 1, 2));

    let failed = stage.handle(&[warning(INSTANCE)]);
    assert!(failed.is_empty());
    assert_eq!((stage.state(&busy), stage.state(&idle)), (RunnerState::Busy, RunnerState::Leaving));
    assert_eq!(stage.totals(POOL), (0, 0, 2), "no job waits, so no runner is replaced");
    assert_eq!(stage.ecs.stopped.borrow().len(), 2, "the stop is the notice that both of them get");
    assert_eq!(stage.ecs.launched.borrow().len(), 2);
}

#[test]
fn an_instance_or_a_task_that_is_not_ours_is_left_alone() {
    let stage = LauncherStage::new();
    let stranger = TaskDescription {
        task: TaskArn::new("somebody-elses"),
        runner: None,
        stack: None,
        last_status: "RUNNING".to_owned(),
        times: TaskTimes::default(),
        stop: None,
    };
    stage.ecs.on_instance.borrow_mut().push(stranger);
    for instance in ["i-0fedcba9876543210", INSTANCE] {
        let (failed, recording) = record(|| stage.handle(&[warning(instance)]));
        assert!(failed.is_empty(), "{instance}");
        assert!(recording.lines.is_empty(), "{instance}: {:?}", recording.lines);
    }
    assert!(stage.ecs.stopped.borrow().is_empty());
    assert_eq!(
        *stage.ecs.searched.borrow(),
        ["mayfly_ec2", "mayfly_ec2"],
        "no instance is in a cluster of Fargate"
    );
}

#[test]
fn a_warning_whose_steps_fail_comes_again_and_repeats_nothing() {
    let stage = LauncherStage::new();
    stage.runner_on_instance(1, POOL);
    for (verb, launched) in
        [("ListContainerInstances", 1), ("ListTasks", 1), ("DescribeTasks", 1), ("StopTask", 2)]
    {
        stage.ecs.broken.set(verb);
        let (failed, recording) = record(|| stage.handle(&[warning(INSTANCE), warning("i-0")]));
        let both = verb == "ListContainerInstances";
        assert_eq!(failed, if both { vec![0, 1] } else { vec![0] }, "{verb}");
        assert_eq!(stage.ecs.launched.borrow().len(), launched, "{verb}");
        let lines = recording.lines("spot interruption not followed to its end");
        let problem = lines[0]["fields"]["problem"].as_str().unwrap();
        assert_eq!(problem, format!("ECS: {verb}: time-out"));
    }
    stage.ecs.broken.set("nothing");
    assert!(stage.handle(&[warning(INSTANCE)]).is_empty());
    assert_eq!(stage.ecs.launched.borrow().len(), 2, "replaced once");
    assert_eq!(stage.ecs.stopped.borrow().len(), 1);
}
