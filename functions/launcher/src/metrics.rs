//! The metrics of the function: each name once.
//!
//! They are lines of the log, and `CloudWatch`'s where an alarm watches them. They go nowhere until a recorder is
//! installed.

use fleet::metric::Metric;

/// Messages that could not be read, counted at each delivery.
pub const MESSAGES_UNREADABLE: Metric =
    Metric::counter("MessagesUnreadable", "Messages that could not be read");

/// Events, or codes in them, that Mayfly does not know; by [`KIND`].
pub const UNKNOWN_EVENTS: Metric =
    Metric::counter("UnknownEvents", "Events and codes that Mayfly does not know").by(&[KIND]);

/// The field of what is not known: [`DETAIL_TYPE`] or [`STOP_CODE`]. The log has the word itself.
pub const KIND: &str = "Kind";

/// An AWS event of another kind.
pub const DETAIL_TYPE: &str = "DetailType";

/// A task's stop with a new code.
pub const STOP_CODE: &str = "StopCode";

/// All of them.
pub const METRICS: &[Metric] = &[MESSAGES_UNREADABLE, UNKNOWN_EVENTS];
