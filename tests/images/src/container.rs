//! `images/container.toml`: what Dockerfiles, task definitions and PID 1 have to say alike.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use serde::Deserialize;

/// The table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ContainerTable {
    /// Who a job runs as.
    pub user: ContainerUser,
    /// Folders, by the volume's name.
    pub folder: BTreeMap<String, Folder>,
    /// What the image sets and PID 1 passes on.
    pub environment: BTreeMap<String, String>,
    /// What PID 1 sets.
    pub environment_of_pid1: BTreeMap<String, String>,
    /// Docker's place.
    pub docker: Docker,
    /// Capabilities, in ECS's spelling.
    pub capabilities: Capabilities,
    /// Limits.
    pub limits: ContainerLimits,
}

/// Who a job runs as.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContainerUser {
    /// Its name.
    pub name: String,
    /// Its user id.
    pub uid: u32,
    /// Its group id.
    pub gid: u32,
    /// Its home.
    pub home: String,
}

/// A folder that is a volume on EC2.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Folder {
    /// Where it is, in every container that has it.
    pub path: String,
    /// `uid:gid`, where the runner's image has it.
    pub owner: Option<String>,
    /// Its mode, as four digits.
    pub mode: Option<String>,
    /// Who has it.
    pub containers: Vec<String>,
}

/// Docker's place.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Docker {
    /// The socket, in both containers.
    pub socket: String,
    /// A link to it in the runner's image.
    pub usual_socket: String,
    /// The program that says whether it is up.
    pub health_check: String,
}

/// Capabilities.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capabilities {
    /// All that the runner's container has.
    pub runner: Vec<String>,
    /// What the daemon's has beyond the default.
    pub dockerd: Vec<String>,
    /// What Docker gives to who asks for nothing.
    pub default: Vec<String>,
}

/// Limits.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ContainerLimits {
    /// Open files.
    pub nofile: u64,
    /// `/dev/shm` on EC2.
    pub shared_memory_mib: u64,
    /// Seconds from SIGTERM to SIGKILL.
    pub stop_timeout: u64,
}

impl ContainerTable {
    /// Reads it.
    pub fn read() -> Result<Self> {
        let file = crate::root().join("images/container.toml");
        let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        toml::from_str(&text).with_context(|| file.display().to_string())
    }
}
