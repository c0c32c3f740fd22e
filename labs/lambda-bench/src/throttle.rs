//! The share of the CPU that Lambda gives a function.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// The memory in MB that comes with one whole CPU.
/// (Source: AWS, "Configure Lambda function memory".)
const MEMORY_OF_ONE_CPU: u64 = 1_769;

/// The length of the kernel's accounting, in microseconds.
const PERIOD: u64 = 20_000;

/// What the names of all groups begin with.
const PREFIX: &str = "mayfly-bench-";

/// A control group with one process in it. It is removed when this is dropped, after the process.
#[derive(Debug)]
pub(crate) struct Throttle(PathBuf);

impl Throttle {
    /// Limits a process to the CPU that Lambda gives with this memory, in MB. Needs root.
    pub(crate) fn apply(pid: u32, memory: u32) -> Result<Self> {
        let root = Path::new("/sys/fs/cgroup");
        let quota = u64::from(memory) * PERIOD / MEMORY_OF_ONE_CPU;
        let is_unified = root.join("cgroup.controllers").exists();
        let groups = if is_unified { root.to_owned() } else { root.join("cpu") };
        remove_empty(&groups);
        let group = Self(groups.join(format!("{PREFIX}{pid}")));
        fs::create_dir(&group.0).with_context(|| format!("{}: not made", group.0.display()))?;
        if is_unified {
            group.write("cpu.max", &format!("{quota} {PERIOD}"))?;
        } else {
            group.write("cpu.cfs_period_us", &PERIOD.to_string())?;
            group.write("cpu.cfs_quota_us", &quota.to_string())?;
        }
        group.write("cgroup.procs", &pid.to_string())?;
        Ok(group)
    }

    fn write(&self, file: &str, value: &str) -> Result<()> {
        let path = self.0.join(file);
        fs::write(&path, value).with_context(|| format!("{}: {value} not written", path.display()))
    }
}

impl Drop for Throttle {
    fn drop(&mut self) {
        // A process that has not quite ended keeps its group: the next one removes it.
        let _ = fs::remove_dir(&self.0);
    }
}

/// Removes the groups of processes that have ended. The kernel keeps those in which one runs.
fn remove_empty(groups: &Path) {
    let ours = fs::read_dir(groups).into_iter().flatten().flatten();
    let ours = ours.filter(|it| it.file_name().to_string_lossy().starts_with(PREFIX));
    ours.for_each(|group| drop(fs::remove_dir(group.path())));
}
