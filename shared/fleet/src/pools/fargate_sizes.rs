//! The task sizes that Fargate takes (ECS: "Task CPU and memory", Linux).

const GIB: u32 = 1024;

/// Ephemeral disk that Fargate gives a task, in GiB.
pub(super) const DISK_GIB: std::ops::RangeInclusive<u32> = 21..=200;

/// Says what is wrong with a size for Fargate, and with which field of it, if anything is. Memory
/// that is not known is not checked.
pub(super) fn problem(cpu_units: u32, memory_mib: Option<u32>) -> Option<(&'static str, String)> {
    let (least, most, step) = match cpu_units {
        256 => {
            let wrong = memory_mib.is_some_and(|memory| ![512, GIB, 2 * GIB].contains(&memory));
            return wrong.then(|| says(cpu_units, "512, 1024 or 2048"));
        }
        512 => (GIB, 4 * GIB, GIB),
        1024 => (2 * GIB, 8 * GIB, GIB),
        2048 => (4 * GIB, 16 * GIB, GIB),
        4096 => (8 * GIB, 30 * GIB, GIB),
        8192 => (16 * GIB, 60 * GIB, 4 * GIB),
        16384 => (32 * GIB, 120 * GIB, 8 * GIB),
        _ => {
            let rule = "Fargate takes 256, 512, 1024, 2048, 4096, 8192 or 16384 CPU units";
            return Some(("cpu_units", rule.to_owned()));
        }
    };
    let fits = |memory: u32| (least..=most).contains(&memory) && (memory - least).is_multiple_of(step);
    let wrong = memory_mib.is_some_and(|memory| !fits(memory));
    wrong.then(|| says(cpu_units, &format!("{least} to {most} in steps of {step}")))
}

fn says(cpu_units: u32, rule: &str) -> (&'static str, String) {
    ("memory_mib", format!("Fargate takes {rule} MiB with {cpu_units} CPU units"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_fargate() {
        for (cpu, memory, fits) in [
            (4096, 16 * GIB, true),
            (4096, 30 * GIB, true),
            (4096, 31 * GIB, false),
            (4096, 15_000, false),
            (256, 2 * GIB, true),
            (256, 3 * GIB, false),
            (8192, 20 * GIB, true),
            (8192, 17 * GIB, false),
            (16384, 120 * GIB, true),
            (3000, 8 * GIB, false),
        ] {
            assert_eq!(problem(cpu, Some(memory)).is_none(), fits, "{cpu} CPU units with {memory} MiB");
        }
    }
}
