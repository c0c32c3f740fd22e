//! Whether tasks fit on an instance, as ECS places them.

use fleet::pools::{About, Finding, OnInstances};

use super::instance_types::InstanceType;

/// What the ECS agent keeps from tasks, in MiB: `ECS_RESERVED_MEMORY` of `images/host`.
pub(super) const RESERVED_MIB: u32 = 256;

/// What the hypervisor and the kernel have of the installed memory, in thousandths: 17 at least and 53 at most,
/// as a fleet of many types found (pytorch/ci-infra#910). AWS's example has 25 ("Reserving Amazon ECS Linux
/// container instance memory").
const KERNELS: [u32; 2] = [17, 53];

/// CPU units of a vCPU.
const UNITS: u32 = 1024;

/// What one runner takes, and how many are to fit.
#[derive(Debug, Clone, Copy)]
pub(super) struct FitRequest {
    runners: u32,
    cpu_units: u32,
    memory_mib: u32,
}

/// What an instance has for tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Room {
    /// No CPU is kept from tasks.
    pub(super) cpu_units: u32,
    /// MiB at the least and at the most: what an instance registers is known when it has.
    pub(super) memory_mib: [u32; 2],
    /// Network interfaces beside the instance's own. A task has one: no stack switches on `awsvpcTrunking`.
    pub(super) interfaces: u32,
}

impl Room {
    pub(super) fn of(instance: InstanceType) -> Self {
        let [most, least] = KERNELS.map(|kernels| {
            let left = u64::from(instance.memory_mib) * u64::from(1000 - kernels) / 1000;
            u32::try_from(left).unwrap_or(u32::MAX).saturating_sub(RESERVED_MIB)
        });
        Self {
            cpu_units: instance.vcpus.saturating_mul(UNITS),
            memory_mib: [least, most],
            interfaces: instance.interfaces.saturating_sub(1),
        }
    }

    /// How many of these runners fit for sure.
    fn holds(&self, asked: FitRequest) -> u32 {
        let [memory, _] = self.memory_mib;
        (self.cpu_units / asked.cpu_units).min(memory / asked.memory_mib).min(self.interfaces)
    }
}

impl FitRequest {
    /// `None` if a number is missing or zero, which is reported elsewhere.
    pub(super) fn of(pool: &OnInstances<'_>) -> Option<Self> {
        let some = |number: Option<u32>| number.filter(|number| *number > 0);
        Some(Self {
            runners: some(pool.runners_per_instance)?,
            cpu_units: some(pool.cpu_units)?,
            memory_mib: some(pool.memory_mib)?,
        })
    }

    /// What speaks against this many on an instance of this type, which is one of the pool's.
    pub(super) fn compared(self, name: &str, room: &Room, place: usize) -> Option<Finding> {
        let [cpu, memory] = [self.cpu_units, self.memory_mib].map(|each| self.runners.saturating_mul(each));
        let [least, most] = room.memory_mib;
        let needs = [
            (cpu > room.cpu_units).then(|| format!("{cpu} CPU units, and it has {}", room.cpu_units)),
            (memory > most).then(|| format!("{memory} MiB, and it has {least} to {most} for tasks")),
            (self.runners > room.interfaces).then(|| {
                format!("{} network interfaces, and it has {} for tasks", self.runners, room.interfaces)
            }),
        ];
        let needs: Vec<String> = needs.into_iter().flatten().collect();
        let (runners, fit) = (self.runners, room.holds(self));
        let one_of =
            if runners == 1 { "one runner takes".to_owned() } else { format!("{runners} runners take") };
        if needs.is_empty() {
            let message = format!(
                "on {name} {one_of} {memory} MiB, and it has {least} to {most} for tasks; {} for each runner fit for sure",
                least / runners
            );
            return (memory > least).then_some(Finding { about: About::Runners, is_certain: false, message });
        }
        let way_out = match fit {
            0 => "not even one fits for sure: take a larger type, or smaller runners".to_owned(),
            1 => "1 fits for sure".to_owned(),
            fit => format!("{fit} fit for sure"),
        };
        let about = if fit == 0 { About::Type(place) } else { About::Runners };
        let message = format!("on {name} {one_of} {}; {way_out}", needs.join("; "));
        Some(Finding { about, is_certain: true, message })
    }
}
