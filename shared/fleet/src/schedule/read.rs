//! A schedule as it is written, in `pools.toml` and in what the functions are told of it.

use jiff::SignedDuration;
use jiff::civil::{Date, Weekday};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Schedule;
use super::window::{DAY, Window};
use crate::pools::{Fields, Problems};

/// Longest lead, in minutes: half a day.
const LONGEST_LEAD: u32 = 12 * 60;

/// The default schedule's lead, in minutes: an EC2 instance is up and has joined its cluster by then.
const LEAD: u32 = 10;

/// A window as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    days: Vec<Day>,
    from: String,
    to: String,
    #[serde(default)]
    minimum: Option<u32>,
    #[serde(default)]
    maximum: Option<u32>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl Schedule {
    /// The schedule in the form that it is read from.
    pub fn to_value(&self) -> Value {
        let clock = |minutes: u16| format!("{:02}:{:02}", minutes / 60, minutes % 60);
        let windows = self.windows.iter().map(|window| {
            let days = window.days.iter().map(|day| {
                let place = usize::try_from(day.to_monday_zero_offset()).unwrap_or_default();
                DAYS.get(place).copied().unwrap_or_default()
            });
            let mut written = json!({
                "days": days.collect::<Vec<_>>(),
                "from": clock(window.from),
                "to": clock(window.to),
            });
            let numbers = [("minimum", window.minimum), ("maximum", window.maximum)];
            if let Some(written) = written.as_object_mut() {
                let own = numbers.into_iter().filter_map(|(name, number)| Some((name, number?)));
                written.extend(own.map(|(name, number)| (name.to_owned(), number.into())));
            }
            written
        });
        json!({
            "time_zone": self.zone.iana_name().unwrap_or("Etc/UTC"),
            "lead_minutes": self.lead.as_mins(),
            "windows": windows.collect::<Vec<_>>(),
            "holidays": self.holidays,
        })
    }
}

/// The days as they are written, Monday first.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl Default for Schedule {
    /// Monday to Friday from 08:00 to 19:00, UTC.
    fn default() -> Self {
        let days =
            vec![Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday];
        Self {
            zone: TimeZone::UTC,
            lead: SignedDuration::from_mins(LEAD.into()),
            windows: vec![Window { days, from: 8 * 60, to: 19 * 60, minimum: None, maximum: None }],
            holidays: std::collections::BTreeSet::new(),
        }
    }
}

/// Reads the platform's. Numbers of windows belong to a pool's own schedule.
pub(crate) fn read_platforms(value: Value, problems: &mut Problems) -> Option<Schedule> {
    let Value::Object(entry) = value else {
        problems.note_map("schedule: takes a table of fields");
        return None;
    };
    let mut fields = Fields::of_schedule(None, entry, problems);
    let schedule = read_fields(&mut fields);
    let windows = schedule.as_ref().map_or(&[][..], |schedule| &schedule.windows);
    if windows.iter().any(|window| window.minimum.is_some() || window.maximum.is_some()) {
        fields.note("windows", "a minimum or maximum of a window belongs to a pool's own schedule");
    }
    fields.finish();
    schedule
}

/// Reads a pool's own schedule, for a pool of this maximum.
pub(crate) fn read(
    pool: &str,
    entry: Map<String, Value>,
    most: Option<u32>,
    problems: &mut Problems,
) -> Option<Schedule> {
    let mut fields = Fields::of_schedule(Some(pool), entry, problems);
    let schedule = read_fields(&mut fields);
    for window in schedule.iter().flat_map(|schedule| &schedule.windows) {
        let Some(most) = most else { break };
        if window.maximum.is_some_and(|maximum| maximum == 0 || maximum > most) {
            fields.note("windows", format!("a window's maximum takes 1 to the pool's maximum, {most}"));
        }
        let maximum = window.maximum.unwrap_or(most);
        if window.minimum.is_some_and(|minimum| minimum > maximum) {
            fields.note("windows", format!("a window's minimum is over its maximum, {maximum}"));
        }
    }
    fields.finish();
    schedule
}

fn read_fields(fields: &mut Fields<'_>) -> Option<Schedule> {
    let zone: Option<String> = fields.optional("time_zone");
    let lead: u32 = fields.optional("lead_minutes").unwrap_or(LEAD);
    let written: Option<Vec<Written>> = fields.optional("windows");
    let holidays: Vec<Date> = fields.optional("holidays").unwrap_or_default();

    let zone = zone.map_or(Some(TimeZone::UTC), |name| known_zone(&name, fields));
    if lead > LONGEST_LEAD {
        fields.note("lead_minutes", format!("takes 0 to {LONGEST_LEAD}"));
    }
    let windows = match written {
        None => Some(Schedule::default().windows),
        Some(written) => read_windows(&written, fields),
    };
    Some(Schedule {
        zone: zone?,
        lead: SignedDuration::from_mins(lead.into()),
        windows: windows?,
        holidays: holidays.into_iter().collect(),
    })
}

fn known_zone(name: &str, fields: &mut Fields<'_>) -> Option<TimeZone> {
    let zone = TimeZoneDatabase::bundled().get(name).ok();
    if zone.is_none() {
        fields
            .note("time_zone", format!("{name:?} is no IANA time zone; it takes one like \"Europe/London\""));
    }
    zone
}

/// `None` if one is wrong. Those that are right are held against each other all the same.
fn read_windows(written: &[Written], fields: &mut Fields<'_>) -> Option<Vec<Window>> {
    let windows: Vec<Option<Window>> = written.iter().map(|window| read_window(window, fields)).collect();
    for (number, one) in windows.iter().enumerate() {
        let later = windows.iter().enumerate().skip(number + 1);
        for (other_number, other) in later {
            if let (Some(one), Some(other)) = (one, other)
                && one.overlaps(other)
                && !one.agrees(other)
            {
                let (one, other) = (number + 1, other_number + 1);
                let problem = format!("windows {one} and {other} overlap, and differ in minimum or maximum");
                fields.note("windows", problem);
            }
        }
    }
    windows.into_iter().collect()
}

fn read_window(written: &Written, fields: &mut Fields<'_>) -> Option<Window> {
    if written.days.is_empty() {
        fields.note("windows", "a window names at least one day, mon to sun");
    }
    let mut minutes = |text: &str| {
        let read = minutes_of(text);
        if read.is_none() {
            fields.note("windows", format!("{text:?} is no time of the day; it takes one like \"08:00\""));
        }
        read
    };
    let (from, to) = (minutes(&written.from), minutes(&written.to));
    let (from, to) = (from?, to?);
    if from == DAY {
        fields.note("windows", "no window begins at \"24:00\"; midnight is \"00:00\" of the next day");
        return None;
    }
    if from == to {
        fields.note("windows", format!("a window from {0} to {0} is open never or always", written.from));
        return None;
    }
    let days = written.days.iter().map(|day| weekday(*day)).collect();
    let (minimum, maximum) = (written.minimum, written.maximum);
    (!written.days.is_empty()).then_some(Window { days, from, to, minimum, maximum })
}

/// `HH:MM` in minutes; `24:00` is the end of the day.
fn minutes_of(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let is_number = |text: &&str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = |text: &str| Some(text).filter(is_number)?.parse::<u16>().ok();
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let total = hours * 60 + minutes;
    (minutes < 60 && total <= DAY).then_some(total)
}

fn weekday(day: Day) -> Weekday {
    match day {
        Day::Mon => Weekday::Monday,
        Day::Tue => Weekday::Tuesday,
        Day::Wed => Weekday::Wednesday,
        Day::Thu => Weekday::Thursday,
        Day::Fri => Weekday::Friday,
        Day::Sat => Weekday::Saturday,
        Day::Sun => Weekday::Sunday,
    }
}
