//! Container instances: the EC2 instances that tasks are placed on.

use std::collections::{BTreeMap, BTreeSet};

use fleet::{ContainerInstanceArn, InstanceId, TaskArn};

use super::Task;

/// An EC2 instance as its cluster knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerInstance {
    /// Its ARN.
    pub arn: ContainerInstanceArn,
    /// The EC2 instance.
    pub instance: InstanceId,
    /// Its cluster.
    pub cluster: String,
    /// The capacity provider that it belongs to.
    pub capacity_provider: String,
    /// Whether it gets no more tasks, because it is about to go.
    pub draining: bool,
    tasks: BTreeSet<TaskArn>,
}

/// The instances of every cluster.
///
/// There is always another one where the others are full, as with managed scaling and no limit; one
/// that is empty stays.
#[derive(Debug, Default)]
pub(super) struct Instances {
    known: BTreeMap<ContainerInstanceArn, ContainerInstance>,
    made: u64,
}

impl Instances {
    /// Places a task on the first instance of its capacity provider that has room, of `room` tasks an
    /// instance, or on a new one.
    pub(super) fn place(&mut self, task: &mut Task, room: u32) {
        if task.container_instance.is_some() {
            return;
        }
        let (cluster, provider) = (&task.request.cluster, task.capacity_provider());
        let fits = |it: &&ContainerInstance| {
            let its_own = it.cluster == *cluster && it.capacity_provider == provider;
            its_own && !it.draining && it.tasks.len() < room as usize
        };
        let free = self.known.values().find(fits).map(|it| it.arn.clone());
        let arn = free.unwrap_or_else(|| self.add(cluster, provider));
        if let Some(instance) = self.known.get_mut(&arn) {
            instance.tasks.insert(task.arn.clone());
            task.container_instance = Some(arn);
        }
    }

    fn add(&mut self, cluster: &str, capacity_provider: &str) -> ContainerInstanceArn {
        self.made += 1;
        let arn =
            format!("arn:aws:ecs:us-east-1:123456789012:container-instance/{cluster}/{:032x}", self.made);
        let arn = ContainerInstanceArn::new(arn);
        let instance = ContainerInstance {
            arn: arn.clone(),
            instance: InstanceId::new(format!("i-{:017x}", self.made)),
            cluster: cluster.to_owned(),
            capacity_provider: capacity_provider.to_owned(),
            draining: false,
            tasks: BTreeSet::new(),
        };
        self.known.insert(arn.clone(), instance);
        arn
    }

    /// A task has stopped, and its place is free.
    pub(super) fn make_room(&mut self, task: &Task) {
        let instance = task.container_instance.as_ref().and_then(|arn| self.known.get_mut(arn));
        if let Some(instance) = instance {
            instance.tasks.remove(&task.arn);
        }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &ContainerInstance> {
        self.known.values()
    }

    /// Drains an instance. `false` if there is none, or if it drains already.
    pub(super) fn drain(&mut self, instance: &InstanceId) -> bool {
        let found = self.known.values_mut().find(|it| it.instance == *instance && !it.draining);
        found.map(|it| it.draining = true).is_some()
    }

    /// Takes an instance away, and gives the tasks that were still on it.
    pub(super) fn remove(&mut self, instance: &InstanceId) -> BTreeSet<TaskArn> {
        let arn = self.known.values().find(|it| it.instance == *instance).map(|it| it.arn.clone());
        arn.and_then(|arn| self.known.remove(&arn)).map(|it| it.tasks).unwrap_or_default()
    }
}
