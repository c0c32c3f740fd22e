//! What a replay must result in, so that it can be a check in CI.

use std::fmt;
use std::str::FromStr;

use crate::delivered::Delivered;
use crate::delivery_file::DeliveryFile;

/// What every delivery of a replay must result in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Its event goes on the queue: 202.
    Accepted,
    /// The same, and the answer names the pool that serves the job.
    Served,
    /// It is answered with this status.
    Status(i64),
}

impl FromStr for Expected {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let status = || text.parse().ok().filter(|status| (100..600).contains(status)).map(Self::Status);
        match text {
            "accepted" => Ok(Self::Accepted),
            "served" => Ok(Self::Served),
            _ => status().ok_or_else(|| "it is accepted, served, or a status such as 202".to_owned()),
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted => f.write_str("accepted"),
            Self::Served => f.write_str("served by a pool"),
            Self::Status(status) => write!(f, "answered {status}"),
        }
    }
}

impl Expected {
    fn holds(self, delivered: &Delivered) -> bool {
        match self {
            Self::Accepted => delivered.is_accepted(),
            Self::Served => delivered.is_accepted() && delivered.pool.is_some(),
            Self::Status(status) => delivered.status == status,
        }
    }
}

/// One line for each unexpected answer. Without an expectation, a refusal (400 and above) is unexpected,
/// unless the TOML file beside the payload expects exactly that status.
pub fn problems(
    expected: Option<Expected>,
    sources: &[DeliveryFile],
    delivered: &[Delivered],
) -> Vec<String> {
    let problem = |(source, delivered): (&DeliveryFile, &Delivered)| {
        let Delivered { name, status, message, .. } = delivered;
        if let Some(expected) = expected {
            let wrong = !expected.holds(delivered);
            return wrong.then(|| format!("{name} is not {expected}: {status} {message}"));
        }
        let foreseen = source.sidecar.as_ref().and_then(|sidecar| sidecar.answer.as_ref());
        let refused = *status >= 400 && foreseen.is_none_or(|answer| answer.status != *status);
        refused.then(|| format!("{name} is refused: {status} {message}"))
    };
    sources.iter().zip(delivered).filter_map(problem).collect()
}
