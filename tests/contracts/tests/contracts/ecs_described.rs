//! Descriptions of tasks in the shape that botocore has of them, with all that ECS puts in: what of them is read, and the
//! waterfall that follows.

use aws::tasks::Tasks;
use contracts::{botocore, canned, emulators, template};
use fleet::launch::TaskTimes;
use fleet::ledger::{Job, JobState, JobTimes, Runner};
use fleet::pools::DEFAULT_POOLS;
use fleet::ports::{DescribeTasks as _, TaskDescription};
use fleet::status::{Lookup, Picture, waterfall};
use fleet::{JobId, PoolMap, PoolName, RunnerId, TaskArn};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use wire::ecs::Exchange;

const DESCRIBED: &str = include_str!("../../ecs/described.json");

fn at(milliseconds: i64) -> Option<Timestamp> {
    Timestamp::from_millisecond(1_791_190_800_000 + milliseconds).ok()
}

#[tokio::test]
async fn a_description_tells_its_times_and_nothing_of_its_overrides_and_tags() {
    let asked: Vec<TaskArn> = [1, 2]
        .map(|n| TaskArn::new(format!("arn:aws:ecs:us-east-1:123456789012:task/mayfly_fargate/{n:032}")))
        .into();
    let exchange = Exchange {
        operation: "DescribeTasks".to_owned(),
        request: json!({"cluster": "mayfly_fargate", "tasks": asked}),
        status: 200,
        answer: serde_json::from_str(DESCRIBED).unwrap(),
    };
    assert_eq!(botocore::check(&[exchange]), Ok(()), "it has botocore's shape");

    let url = canned::serve(200, "application/x-amz-json-1.1", DESCRIBED.to_owned());
    let described =
        Tasks::new(&emulators::config(&url)).describe_tasks("mayfly_fargate", &asked).await.unwrap();
    let times = TaskTimes {
        created_at: at(2_500),
        pull_started_at: at(11_034),
        pull_stopped_at: at(30_716),
        started_at: at(33_249),
        stopped_at: None,
    };
    assert_eq!(described[0].times, times);
    assert_eq!(described[1].times, TaskTimes { created_at: at(2_500), ..TaskTimes::default() });
    let read = format!("{described:?}");
    for absent in ["the-ticket", "MAYFLY_TICKET", "somebody else's tag"] {
        assert!(!read.contains(absent), "{absent} was read");
    }

    let pool = PoolName::new("fargate-x64").unwrap();
    let id = RunnerId::parse("00000000000000000001").unwrap();
    let mut runner = Runner::reserved(id.clone(), pool.clone(), pool.clone(), at(2_000).unwrap());
    (runner.times.booted, runner.times.asked, runner.times.registered) =
        (Some(31_500), Some(33_000), Some(33_600));
    let times = JobTimes { created_at: at(0), accepted_at: at(900), begun_at: at(40_000) };
    let job = contracts::ledger::job(7);
    let mut picture = Picture::of(JobId(7), PoolMap::from_toml(DEFAULT_POOLS).unwrap(), at(50_000).unwrap());
    let (state, seen_at) = (JobState::InProgress, at(1_200).unwrap());
    picture.job =
        Lookup::Read(Job { state, pool: Some(pool), runner: Some(id.clone()), seen_at, times, ..job });
    picture.runners = [(id, runner)].into();
    let tasks = described.into_iter().map(|task| (task.runner.clone().unwrap(), task));
    picture.tasks = Lookup::Read(tasks.collect());
    let waterfall = waterfall(&picture).unwrap();
    let stages: Vec<_> = waterfall.stages.iter().map(|stage| (stage.name, stage.milliseconds)).collect();
    assert_eq!(
        stages,
        [
            ("delivered and accepted", 900),
            ("in the ledger", 300),
            ("reserved", 800),
            ("RunTask", 500),
            ("PROVISIONING", 8_534),
            ("pulling", 19_682),
            ("starting", 2_533),
            ("PID 1 begun", 251),
            ("asked", 1_500),
            ("registered", 600),
            ("job begun", 4_400),
        ]
    );
    assert_eq!(stages.iter().map(|(_, milliseconds)| milliseconds).sum::<i64>(), 40_000);
    assert_eq!(waterfall.milliseconds, 40_000);
}

/// What ECS has answered to AWS's own authors: the outputs of `aws ecs describe-tasks` in the AWS CLI's examples
/// (<https://docs.aws.amazon.com/cli/latest/reference/ecs/describe-tasks.html#examples>), as its package has them.
fn recorded() -> Vec<Value> {
    let packages = template::root().join(".tools/awscli/lib");
    let python = packages.read_dir().expect("`make .tools/awscli/.installed` installs the AWS CLI").next();
    let examples = "site-packages/awscli/examples/ecs/describe-tasks.rst";
    let page = std::fs::read_to_string(python.unwrap().unwrap().path().join(examples)).unwrap();
    let output = |part: &str| {
        let indented = part.lines().skip_while(|line| line.is_empty());
        let lines: Vec<&str> = indented.take_while(|line| line.starts_with(' ')).collect();
        serde_json::from_str(&lines.join("\n")).unwrap()
    };
    page.replace("\r\n", "\n").split("Output::\n").skip(1).map(output).collect()
}

/// The CLI prints the times of the wire, which are seconds as a number.
fn as_on_the_wire(mut answer: Value) -> Value {
    for task in answer["tasks"].as_array_mut().unwrap() {
        for (name, value) in task.as_object_mut().unwrap() {
            if name.ends_with("At") {
                let at: Timestamp = value.as_str().unwrap().parse().unwrap();
                *value = json!(at.as_duration().as_secs_f64());
            }
        }
    }
    answer
}

/// The stages of a job that begins five seconds after this task's containers.
fn stages_of(task: TaskDescription) -> Vec<(&'static str, i64)> {
    let (created, started) = (task.times.created_at.unwrap(), task.times.started_at.unwrap());
    let (reserved, begun) = (created - SignedDuration::from_secs(1), started + SignedDuration::from_secs(5));
    let pool = PoolName::new("fargate-x64").unwrap();
    let id = RunnerId::parse("00000000000000000001").unwrap();
    let runner = Runner::reserved(id.clone(), pool.clone(), pool.clone(), reserved);
    let times = JobTimes { created_at: Some(reserved), accepted_at: Some(reserved), begun_at: Some(begun) };
    let job = contracts::ledger::job(7);
    let mut picture = Picture::of(JobId(7), PoolMap::from_toml(DEFAULT_POOLS).unwrap(), begun);
    picture.job = Lookup::Read(Job {
        state: JobState::InProgress,
        pool: Some(pool),
        runner: Some(id.clone()),
        seen_at: reserved,
        times,
        ..job
    });
    picture.runners = [(id.clone(), runner)].into();
    picture.tasks = Lookup::Read([(id, task)].into());
    let waterfall = waterfall(&picture).unwrap();
    let stages: Vec<_> = waterfall.stages.iter().map(|stage| (stage.name, stage.milliseconds)).collect();
    let sum: i64 = stages.iter().map(|(_, milliseconds)| milliseconds).sum();
    assert_eq!(i128::from(sum), begun.duration_since(reserved).as_millis(), "no millisecond is missing");
    stages
}

#[tokio::test]
async fn descriptions_that_ecs_has_given_make_a_waterfall_without_a_gap() {
    let mut found = Vec::new();
    for answer in recorded() {
        let answer = as_on_the_wire(answer);
        let arns = answer["tasks"].as_array().unwrap().iter().map(|task| task["taskArn"].as_str().unwrap());
        let arns: Vec<TaskArn> = arns.map(TaskArn::new).collect();
        let url = canned::serve(200, "application/x-amz-json-1.1", answer.to_string());
        let tasks = Tasks::new(&emulators::config(&url));
        found.extend(tasks.describe_tasks("MyCluster", &arns).await.unwrap());
    }
    let of_ecs = |task: TaskDescription| {
        let stages = stages_of(task);
        ["PROVISIONING", "pulling", "starting"]
            .map(|name| stages.iter().find(|(it, _)| *it == name).unwrap().1)
    };
    let stages: Vec<_> = found.into_iter().map(of_ecs).collect();
    let (ec2, fargate) = ([1_553, 5_559, 1_152], [[22_439, 3_878, 1_543], [24_385, 3_640, 1_075]]);
    assert_eq!(stages, [ec2, fargate[0], fargate[1]]);
}
