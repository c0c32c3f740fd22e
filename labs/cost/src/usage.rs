//! The usage that AWS charges for.

use std::collections::BTreeMap;
use std::ops::{Add, Mul, Sub};

use sandbox::{FunctionName, Operation};

/// The function or service that used it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum UsedBy {
    /// A function, with what calls it and what it calls.
    Function(FunctionName),
    /// The ledger's table, used by all of them.
    Table,
}

impl UsedBy {
    /// Its name in a table.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Function(function) => name(function),
            Self::Table => "the table",
        }
    }
}

/// A function's name, as its folder has it.
pub(crate) const fn name(function: FunctionName) -> &'static str {
    match function {
        FunctionName::Webhook => "webhook",
        FunctionName::Launcher => "launcher",
        FunctionName::Registrar => "registrar",
        FunctionName::Scheduler => "scheduler",
        FunctionName::Reconciler => "reconciler",
    }
}

/// What each of them used.
pub type Used = BTreeMap<UsedBy, Usage>;

/// Printed beside the bill, to show where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tally {
    /// Calls of an operation.
    Call(Operation),
    /// Units written to the table, of items of this kind.
    Write(String),
    /// Units written to the index, of items of this kind.
    IndexWrite(String),
}

/// How much of each, by function.
pub type Tallies = BTreeMap<(Tally, FunctionName), f64>;

/// What was counted.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Counts {
    /// What costs.
    pub used: Used,
    /// What is only printed.
    pub tallies: Tallies,
}

impl Counts {
    /// What these have more than the others.
    #[must_use]
    pub fn beyond(&self, others: &Self) -> Self {
        let mut more = self.clone();
        for (part, usage) in &others.used {
            let of = more.used.entry(*part).or_default();
            *of = *of - *usage;
        }
        for (tally, count) in &others.tallies {
            *more.tallies.entry(tally.clone()).or_default() -= count;
        }
        more
    }

    /// The same, this many times over.
    #[must_use]
    pub fn times(mut self, times: f64) -> Self {
        self.used.values_mut().for_each(|usage| *usage = *usage * times);
        self.tallies.values_mut().for_each(|count| *count *= times);
        self
    }
}

macro_rules! usage {
    ($($(#[$doc:meta])+ $field:ident,)+) => {
        /// Amounts: of a stretch of time, or of this many jobs.
        #[derive(Debug, Clone, Copy, Default, PartialEq)]
        pub struct Usage {
            $($(#[$doc])+ pub $field: f64,)+
        }

        impl Add for Usage {
            type Output = Self;
            fn add(self, other: Self) -> Self {
                Self { $($field: self.$field + other.$field,)+ }
            }
        }

        impl Sub for Usage {
            type Output = Self;
            fn sub(self, other: Self) -> Self {
                Self { $($field: self.$field - other.$field,)+ }
            }
        }

        impl Mul<f64> for Usage {
            type Output = Self;
            fn mul(self, times: f64) -> Self {
                Self { $($field: self.$field * times,)+ }
            }
        }
    };
}

usage! {
    /// Invocations.
    invocations,
    /// Instances that were started for them.
    starts,
    /// Billed seconds, including cold starts.
    seconds,
    /// The part of them spent waiting for calls, or asleep.
    waited,
    /// Calls of EventBridge's rule.
    ticks,
    /// Requests of the queue.
    queue_requests,
    /// Units read of the ledger.
    reads,
    /// Units written to the ledger's table.
    writes,
    /// Units written to its index.
    index_writes,
    /// Bytes of the function's log lines.
    line_bytes,
    /// Bytes of its metrics, which are lines of the log too.
    metric_bytes,
    /// Bytes of Lambda's lines.
    platform_bytes,
    /// Requests of the Parameter Store.
    parameter_reads,
    /// Requests of KMS.
    decrypts,
    /// Bytes in the ledger for a month.
    stored_byte_months,
}

impl Usage {
    /// Bytes of the log.
    pub fn log_bytes(&self) -> f64 {
        self.line_bytes + self.metric_bytes + self.platform_bytes
    }
}
