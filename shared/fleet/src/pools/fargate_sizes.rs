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
    use std::ops::RangeInclusive;

    use super::*;

    /// Every size of the table in ECS's developer guide ("Task CPU and memory", Linux), and no other.
    #[test]
    fn sizes_are_those_of_fargate() {
        let gib = |range: RangeInclusive<u32>, step| range.step_by(step).map(|size| size * GIB).collect();
        let table: [(u32, Vec<u32>); 7] = [
            (256, vec![512, GIB, 2 * GIB]),
            (512, vec![GIB, 2 * GIB, 3 * GIB, 4 * GIB]),
            (1024, gib(2..=8, 1)),
            (2048, gib(4..=16, 1)),
            (4096, gib(8..=30, 1)),
            (8192, gib(16..=60, 4)),
            (16384, gib(32..=120, 8)),
        ];
        for (cpu, sizes) in table {
            assert_eq!(problem(cpu, None), None, "{cpu} CPU units, and memory that could not be read");
            for memory in (0..=128 * GIB).step_by(256).chain([1, 15_000, u32::MAX]) {
                let found = problem(cpu, Some(memory));
                assert_eq!(found.is_none(), sizes.contains(&memory), "{cpu} CPU units with {memory} MiB");
                assert!(found.is_none_or(|(field, _)| field == "memory_mib"), "{cpu} CPU units");
            }
        }
        for cpu in [0, 1, 128, 255, 511, 513, 768, 1000, 1536, 3000, 3072, 6144, 12288, 32768, u32::MAX] {
            let field = problem(cpu, Some(8 * GIB)).map(|(field, _)| field);
            assert_eq!(field, Some("cpu_units"), "{cpu} CPU units");
        }
    }

    #[test]
    fn a_wrong_size_is_told_with_those_that_there_are() {
        for (cpu, says) in [
            (256, "Fargate takes 512, 1024 or 2048 MiB with 256 CPU units"),
            (512, "Fargate takes 1024 to 4096 in steps of 1024 MiB with 512 CPU units"),
            (1024, "Fargate takes 2048 to 8192 in steps of 1024 MiB with 1024 CPU units"),
            (2048, "Fargate takes 4096 to 16384 in steps of 1024 MiB with 2048 CPU units"),
            (8192, "Fargate takes 16384 to 61440 in steps of 4096 MiB with 8192 CPU units"),
        ] {
            assert_eq!(problem(cpu, Some(7)), Some(("memory_mib", says.to_owned())));
        }
    }
}
