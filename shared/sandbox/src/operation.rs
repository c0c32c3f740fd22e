//! The calls that the functions make, by the names that AWS and GitHub give them.

use std::fmt;

/// The services: each with its operations, in the words of its API.
macro_rules! operations {
    ($($service:ident { $($operation:ident,)+ })+) => {
        /// A call of a service.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Operation {
            $($(#[doc = concat!("`", stringify!($operation), "`")] $operation,)+)+
        }

        /// Whose call it is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Service {
            $(#[doc = stringify!($service)] $service,)+
        }

        impl Operation {
            /// Every operation.
            pub const ALL: &[Self] = &[$($(Self::$operation,)+)+];

            /// The service that it is a call of.
            pub const fn service(self) -> Service {
                match self {
                    $($(Self::$operation)|+ => Service::$service,)+
                }
            }

            /// Its name.
            pub const fn name(self) -> &'static str {
                match self {
                    $($(Self::$operation => stringify!($operation),)+)+
                }
            }
        }
    };
}

operations! {
    DynamoDb {
        BatchGetItem,
        PutItem,
        TransactWriteItems,
        UpdateItem,
        Query,
    }
    Sqs {
        SendMessage,
    }
    Ecs {
        RunTask,
        StopTask,
        ListTasks,
        DescribeTasks,
        ListContainerInstances,
    }
    AutoScaling {
        DescribeAutoScalingGroups,
        DescribeScalingActivities,
        UpdateAutoScalingGroup,
    }
    // By the ports of `fleet::ports`: GitHub's own names are paths.
    Github {
        FindRunnerGroup,
        GenerateJitConfig,
        FindRunner,
        ListRunners,
        DeleteRunner,
        ReadJob,
        ReadRun,
        ReadRunner,
        ReadRepository,
        ListRepositories,
        ListRuns,
        ListJobs,
        ListDeliveries,
        Redeliver,
    }
}

impl Operation {
    /// The operation of this name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|operation| operation.name() == name)
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
