//! Launching a runner: the request, and what a failure or a stop means.

mod containers;
pub mod exit_code;
mod failure;
mod placement;
mod reason;
mod request;
mod stop;
mod task_times;

/// Most launchers that run at once (`MaximumConcurrency` of the queue in `template.yaml`).
pub const LAUNCHERS: usize = 5;

pub use self::containers::{DOCKERD_CONTAINER, StoppedContainer, exit_code_of, reason_of};
pub use self::failure::{FailureClass, LaunchFailure};
pub use self::placement::{Place, Placement, Placements, stack_of};
pub use self::reason::is_out_of_memory;
pub use self::request::{
    AwsvpcConfiguration, CapacityProviderStrategyItem, ContainerOverride, KeyValuePair, NetworkConfiguration,
    REGISTRAR_URL_VARIABLE, RUNNER_CONTAINER, RunTaskRequest, TICKET_VARIABLE, Tag, TaskOverride,
};
pub use self::stop::{
    Ending, RUN_THIRDS_ALLOWED, SeenStop, StopClass, is_known_stop_code, is_known_stop_reason,
};
pub use self::task_times::TaskTimes;
