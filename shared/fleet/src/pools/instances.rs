//! What an EC2 pool asks of its instances. Who knows the types of instances says whether they have it: the
//! functions do not, and carry no table of them.

use super::Architecture;

/// What a pool asks of each of its instances, as far as it could be read.
#[derive(Debug, Clone, Copy)]
pub struct OnInstances<'a> {
    /// The instruction set of its tasks.
    pub architecture: Option<Architecture>,
    /// The types of which its group launches instances.
    pub instance_types: &'a [String],
    /// Runners that are to fit on one instance.
    pub runners_per_instance: Option<u32>,
    /// CPU units of one of them.
    pub cpu_units: Option<u32>,
    /// MiB of one of them.
    pub memory_mib: Option<u32>,
}

/// Something that was found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// With what.
    pub about: About,
    /// Whether the map is wrong. Otherwise it may be.
    pub is_certain: bool,
    /// What is wrong, and the way out.
    pub message: String,
}

/// What something was found out about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// This one of the instance types.
    Type(usize),
    /// How many runners are to fit.
    Runners,
}

/// Looks at what a pool asks of its instances.
pub type InstanceCheck<'a> = &'a dyn Fn(&OnInstances<'_>) -> Vec<Finding>;

/// Looks at nothing.
pub(super) const NOBODY: InstanceCheck<'static> = &|_| Vec::new();
