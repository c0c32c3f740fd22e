//! Tasks that `StopTask` stops, and what ECS reports of tasks and instances.

use std::time::Duration;

use fleet::ports::{
    DescribeTasks as _, ListContainerInstances as _, ListTasks as _, StopTask as _, TaskFilter,
};
use fleet::{InstanceId, JobId, TaskArn};
use platform::scene::{Scene, plan};
use sandbox::Sandbox;
use sandbox::ecs::{Task, TaskStatus};
use sandbox::github::{JobPlan, Phase};

fn task(scene: &Scene, place: usize) -> Task {
    scene.world.sandbox().ecs().borrow().tasks().nth(place).unwrap().clone()
}

fn stop(scene: &mut Scene, arn: TaskArn) {
    let sandbox = scene.world.sandbox().clone();
    scene.world.spawn(async move {
        let cluster = sandbox.ecs().borrow().task(&arn).unwrap().request.cluster.clone();
        let asked = sandbox.stop_task(&cluster, &arn, "past its boot limit").await;
        asked.unwrap();
    });
    scene.world.drain();
}

fn phase(scene: &Scene, job: JobId) -> Phase {
    scene.world.sandbox().github().borrow().job(job).unwrap().phase
}

#[test]
fn a_task_that_is_stopped_before_it_runs_is_replaced() {
    let mut scene = stories::scene();
    scene.queue(&["fargate-x64"]);
    scene.pass(3);
    let first = task(&scene, 0);
    assert!(first.status < TaskStatus::Running, "{}", first.status);
    stop(&mut scene, first.arn.clone());
    assert_eq!(task(&scene, 0).desired_status(), "STOPPED");
    scene.rest();
    let first = task(&scene, 0);
    assert_eq!(first.status, TaskStatus::Stopped);
    let reason = first.stop.unwrap();
    assert_eq!((reason.code, reason.reason.as_str()), ("UserInitiated", "past its boot limit"));
    assert_eq!((reason.exit_code, scene.tasks().len()), (None, 2), "another runner took the job");
}

#[test]
fn a_stop_gives_a_job_almost_two_minutes_more() {
    let mut scene = stories::scene();
    let (short, long) = (JobId(1), JobId(2));
    for (job, minutes) in [(short, 2), (long, 10)] {
        let work = Duration::from_mins(minutes);
        scene.world.queue_job(job, JobPlan { work, ..plan(&["fargate-x64"]) });
    }
    scene.pass(70);
    for place in 0..2 {
        let running = task(&scene, place);
        assert_eq!(running.status, TaskStatus::Running);
        stop(&mut scene, running.arn);
    }
    scene.rest();
    assert!(matches!(phase(&scene, short), Phase::Completed { conclusion: "success", .. }));
    assert!(matches!(phase(&scene, long), Phase::Completed { conclusion: "cancelled", .. }));
    let exits = [0, 1].map(|place| task(&scene, place).stop.unwrap());
    assert!(exits.iter().all(|stop| stop.code == "UserInitiated" && stop.exit_code == Some(0)), "{exits:?}");
}

#[test]
fn what_the_ports_report_of_tasks_and_instances() {
    let mut scene = stories::scene();
    scene.queue(&["ec2-x64"]);
    scene.pass(60);
    let running = task(&scene, 0);
    let gone = TaskArn::new("arn:aws:ecs:us-east-1:123456789012:task/ecs/gone");
    let told = async move |sandbox: Sandbox| {
        let instance = InstanceId::new("i-00000000000000001");
        let instances = sandbox.list_container_instances("mayfly_ec2", &instance).await.unwrap();
        assert_eq!(instances.as_slice(), running.container_instance.as_slice());
        let runner = running.runner().unwrap();
        let here = TaskFilter::On(instances[0].clone());
        for filter in [TaskFilter::Running, here] {
            assert_eq!(
                sandbox.list_tasks("mayfly_ec2", &filter).await.unwrap(),
                std::slice::from_ref(&running.arn),
                "{filter:?}"
            );
            assert_eq!(sandbox.list_tasks("mayfly_fargate", &filter).await.unwrap(), [], "{filter:?}");
        }
        let described = sandbox.describe_tasks("mayfly_ec2", &[gone.clone(), running.arn]).await.unwrap();
        assert_eq!(described.len(), 1, "missing tasks are left out");
        assert_eq!(
            (described[0].last_status.as_str(), described[0].runner.as_ref()),
            ("RUNNING", Some(&runner))
        );
        sandbox.stop_task("mayfly_ec2", &gone, "no error").await.unwrap();
        let unknown = sandbox.list_tasks("nowhere", &TaskFilter::Running).await.unwrap_err();
        assert!(unknown.to_string().contains("ClusterNotFoundException"), "{unknown}");
    };
    let sandbox = scene.world.sandbox().clone();
    scene.world.spawn(told(sandbox));
    scene.world.drain();
}
