//! Times and lengths, as a sentence says them.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// A time of day in UTC, `10:03:05`; with its date where that is not the day of `now`.
pub fn clock(at: Timestamp, now: Timestamp) -> String {
    let (at, now) = (TimeZone::UTC.to_datetime(at), TimeZone::UTC.to_datetime(now));
    let format = if at.date() == now.date() { "%H:%M:%S" } else { "%Y-%m-%d %H:%M:%S" };
    at.strftime(format).to_string()
}

/// A length: `450 ms`, `40 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`. What is below nothing is nothing.
pub fn length(length: SignedDuration) -> String {
    let milliseconds = length.as_millis().max(0);
    let seconds = milliseconds / 1000;
    let of = |whole: i128, unit: &str, rest: i128, small: &str| match rest {
        0 => format!("{whole} {unit}"),
        rest => format!("{whole} {unit} {rest} {small}"),
    };
    match seconds {
        0 if milliseconds > 0 => format!("{milliseconds} ms"),
        0..60 => format!("{seconds} s"),
        60..3600 => of(seconds / 60, "min", seconds % 60, "s"),
        3600..86_400 => of(seconds / 3600, "h", seconds % 3600 / 60, "min"),
        _ => of(seconds / 86_400, "d", seconds % 86_400 / 3600, "h"),
    }
}
