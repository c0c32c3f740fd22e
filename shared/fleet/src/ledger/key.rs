//! The keys of the ledger's items.

use std::fmt;
use std::str::FromStr;

use super::Meter;
use crate::ids::{InvalidId, JobId, PoolName, RunnerId};

/// An item's key. It displays as the table's partition key, and is parsed from it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    /// A pool's book.
    Book(PoolName),
    /// A job.
    Job(JobId),
    /// A runner.
    Runner(RunnerId),
    /// Until when GitHub asks us to wait; there is one such item.
    Budget,
    /// How much was used of what all functions share.
    Meter(Meter),
    /// How far GitHub's list of webhook deliveries was read; there is one such item.
    Deliveries,
    /// What the reconciler suspects; there is one such item.
    Suspicions,
    /// Which repositories were searched for jobs that no webhook reported; there is one such item.
    Sweep,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Book(pool) => write!(f, "pool#{pool}"),
            Self::Job(job) => write!(f, "job#{job}"),
            Self::Runner(runner) => write!(f, "runner#{runner}"),
            Self::Budget => f.write_str("budget#jit"),
            Self::Meter(meter) => write!(f, "meter#{meter}"),
            Self::Deliveries => f.write_str("cursor#deliveries"),
            Self::Suspicions => f.write_str("cursor#suspicions"),
            Self::Sweep => f.write_str("cursor#sweep"),
        }
    }
}

impl FromStr for Key {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        match text.split_once('#') {
            Some(("pool", name)) => PoolName::new(name).map(Self::Book),
            Some(("job", id)) => id.parse().map(|id| Self::Job(JobId(id))).map_err(|_| no_key(text)),
            Some(("runner", id)) => RunnerId::parse(id).map(Self::Runner),
            Some(("budget", "jit")) => Ok(Self::Budget),
            Some(("meter", meter)) => meter.parse().map(Self::Meter).map_err(|_| no_key(text)),
            Some(("cursor", "deliveries")) => Ok(Self::Deliveries),
            Some(("cursor", "suspicions")) => Ok(Self::Suspicions),
            Some(("cursor", "sweep")) => Ok(Self::Sweep),
            _ => Err(no_key(text)),
        }
    }
}

fn no_key(text: &str) -> InvalidId {
    InvalidId::new(
        "key",
        text,
        "pool#, job#, runner# or meter# and the id of one, budget#jit, cursor#deliveries, cursor#suspicions or cursor#sweep",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_parsed_from_what_they_display_as() {
        for (key, text) in [
            (Key::Book(PoolName::new("ec2-x64").unwrap()), "pool#ec2-x64"),
            (Key::Job(JobId(u64::MAX)), "job#18446744073709551615"),
            (Key::Runner(RunnerId::from_random(0)), "runner#00000000000000000000"),
            (Key::Budget, "budget#jit"),
            (Key::Meter(Meter::RunTasks), "meter#run-tasks"),
            (Key::Meter(Meter::Registrations(29_853_180)), "meter#registrations#29853180"),
            (Key::Deliveries, "cursor#deliveries"),
            (Key::Suspicions, "cursor#suspicions"),
            (Key::Sweep, "cursor#sweep"),
        ] {
            assert_eq!(key.to_string(), text);
            assert_eq!(text.parse(), Ok(key));
        }
    }

    #[test]
    fn a_text_that_is_not_a_key_says_so() {
        for (text, why) in [
            ("", "nothing"),
            ("job", "no id"),
            ("job#", "an empty id"),
            ("job#seven", "no number"),
            ("runner#7", "not an id of ours"),
            ("pool#Ec2", "not the name of a pool"),
            ("budget#7", "not a budget of ours"),
            ("meter#7", "not a meter of ours"),
            ("cursor#7", "not a cursor of ours"),
            ("task#7", "not a kind that the ledger has"),
        ] {
            assert!(text.parse::<Key>().is_err(), "{why}");
        }
    }
}
