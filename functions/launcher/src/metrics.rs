//! The metrics of the function: each name once, as `CloudWatch` has it.
//!
//! They are few, because each name with each of its dimensions' values costs money. They go
//! nowhere until a recorder is installed.

use metrics::{Unit, describe_counter};

/// Messages that could not be read; each counts every time that it comes.
pub const MESSAGES_UNREADABLE: &str = "MessagesUnreadable";

/// Events, or codes in them, that Mayfly does not know; by [`KIND`].
pub const UNKNOWN_EVENTS: &str = "UnknownEvents";

/// The dimension of what is not known: [`DETAIL_TYPE`] or [`STOP_CODE`]. The log has the word itself.
pub const KIND: &str = "Kind";

/// An event of AWS of another kind.
pub const DETAIL_TYPE: &str = "DetailType";

/// A task's stop with a code that is new.
pub const STOP_CODE: &str = "StopCode";

/// Tells the recorder the units and what the metrics mean, those of launches too; once, after it is
/// installed.
pub fn describe() {
    launch::metrics::describe();
    describe_counter!(MESSAGES_UNREADABLE, Unit::Count, "Messages that could not be read");
    describe_counter!(UNKNOWN_EVENTS, Unit::Count, "Events and codes that Mayfly does not know");
}
