//! What the containers of a task say of its end.

use super::exit_code::DOCKER_UNAVAILABLE;
use super::request::RUNNER_CONTAINER;
use crate::quote;

/// The container of the Docker daemon, beside the runner's in a task on EC2.
pub const DOCKERD_CONTAINER: &str = "dockerd";

/// What ECS says of one container of a stopped task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoppedContainer<'a> {
    /// Its name in the task definition; empty if ECS does not say it.
    pub name: &'a str,
    /// Its exit code, if it ran.
    pub exit_code: Option<i64>,
    /// Why it stopped, if ECS says so.
    pub reason: Option<&'a str>,
}

/// The exit code by which a task's end is read: PID 1's.
///
/// The runner is not started before the daemon is healthy. Where that ended with 77 instead, there is no
/// PID 1 to say so, and its code is taken.
pub fn exit_code_of(containers: &[StoppedContainer<'_>]) -> Option<i64> {
    let mut of_docker = None;
    for container in containers {
        match (container.name, container.exit_code) {
            (RUNNER_CONTAINER, Some(code)) => return Some(code),
            (DOCKERD_CONTAINER, Some(DOCKER_UNAVAILABLE)) => of_docker = container.exit_code,
            _ => {}
        }
    }
    of_docker
}

/// Why a task stopped, from its own reason and those of its containers. ECS may say no more of the task
/// than that it failed to start, and why of the container (aws/amazon-ecs-agent#514, aws/amazon-ecs-agent#1187).
pub fn reason_of(task: &str, containers: &[StoppedContainer<'_>]) -> String {
    let told = containers.iter().filter_map(|it| Some((it.name, it.reason?.trim())));
    let told = told.filter(|(_, reason)| !reason.is_empty() && !task.contains(reason));
    let told = told.map(|(name, reason)| format!("{name}: {}", quote::sentence(reason)));
    let of_task = Some(task.to_owned()).filter(|task| !task.is_empty());
    of_task.into_iter().chain(told).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_reasons<'a>(containers: &[(&'a str, Option<&'a str>)]) -> Vec<StoppedContainer<'a>> {
        containers.iter().map(|&(name, reason)| StoppedContainer { name, exit_code: None, reason }).collect()
    }

    #[test]
    fn a_container_may_say_why_where_its_task_does_not() {
        const FAILED: &str = "Task failed to start";
        const NO_IMAGE: &str = "CannotPullContainerError: manifest unknown";
        let long = "x".repeat(10_000);
        for (task, containers, expected) in [
            (FAILED, vec![("runner", Some(NO_IMAGE))], format!("{FAILED}; runner: {NO_IMAGE}")),
            (NO_IMAGE, vec![("runner", Some(NO_IMAGE))], NO_IMAGE.to_owned()),
            ("", vec![("dockerd", None), ("runner", Some(NO_IMAGE))], format!("runner: {NO_IMAGE}")),
            (FAILED, vec![("runner", Some(" ")), ("logs", None)], FAILED.to_owned()),
            ("", vec![], String::new()),
        ] {
            assert_eq!(reason_of(task, &with_reasons(&containers)), expected, "{task}");
        }
        assert!(
            reason_of(FAILED, &with_reasons(&[("runner", Some(&*long))])).len() < 500,
            "one word of it is enough"
        );
    }

    #[test]
    fn the_daemons_code_counts_where_there_was_no_runner() {
        let (runner, dockerd) = (RUNNER_CONTAINER, DOCKERD_CONTAINER);
        for (containers, code, why) in [
            (vec![(runner, Some(0))], Some(0), "Fargate: the runner alone"),
            (vec![(dockerd, Some(137)), (runner, Some(75))], Some(75), "the daemon ends after the runner"),
            (vec![(dockerd, Some(77)), (runner, Some(0))], Some(0), "a daemon that ended in mid-job"),
            (vec![(dockerd, Some(77)), (runner, None)], Some(77), "Docker cannot run there"),
            (vec![(dockerd, Some(0)), (runner, None)], None, "stopped before it was healthy"),
            (vec![("logs", Some(77)), (runner, None)], None, "another container"),
            (vec![], None, "ECS says nothing of any"),
        ] {
            let stopped = containers.iter().map(|&(name, exit_code)| StoppedContainer {
                name,
                exit_code,
                reason: None,
            });
            assert_eq!(exit_code_of(&stopped.collect::<Vec<_>>()), code, "{why}");
        }
    }
}
