//! A schedule in text, as `pools.toml` and the functions' map have it.

use jiff::SignedDuration;
use jiff::civil::{Date, Weekday};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use serde_json::{Map, Value, json};

use super::Schedule;
use super::window::{DAY, Window};
use crate::pools::{DAYS, Fields, PathStep, Problems};
use crate::quote;

/// Longest lead, in minutes: half a day.
const LONGEST_LEAD: u32 = 12 * 60;

/// What the table is called.
const TABLE: &str = "schedule";

/// The default schedule's lead, in minutes: an EC2 instance is up and has joined its cluster by then.
const LEAD: u32 = 10;

impl Schedule {
    /// The schedule in the form that it is read from.
    pub fn to_value(&self) -> Value {
        let clock = |minutes: u16| format!("{:02}:{:02}", minutes / 60, minutes % 60);
        let windows = self.windows.iter().map(|window| {
            let word = |day: &Weekday| DAYS.iter().find(|(_, it)| it == day).map(|(word, _)| *word);
            let days = window.days.iter().filter_map(word);
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
    let way = vec!["schedule".into()];
    let Value::Object(entry) = value else {
        problems.note(&way, "takes a table of fields");
        return None;
    };
    let mut fields = Fields::new(TABLE, way, entry, problems);
    let schedule = read_fields(&mut fields);
    let windows = schedule.as_ref().map_or(&[][..], |schedule| &schedule.windows);
    let has_numbers = |window: &Window| window.minimum.is_some() || window.maximum.is_some();
    for (place, _) in windows.iter().enumerate().filter(|(_, window)| has_numbers(window)) {
        fields.note_item(
            "windows",
            place,
            "a minimum or maximum of a window belongs to a pool's own schedule",
        );
    }
    fields.finish();
    schedule
}

/// Reads a pool's own schedule, which stands there, for a pool of this maximum.
pub(crate) fn read(
    way: Vec<PathStep>,
    entry: Map<String, Value>,
    most: Option<u32>,
    problems: &mut Problems,
) -> Option<Schedule> {
    let mut fields = Fields::new(TABLE, way, entry, problems);
    let schedule = read_fields(&mut fields);
    for (place, window) in schedule.iter().flat_map(|schedule| schedule.windows.iter().enumerate()) {
        let Some(most) = most else { break };
        if window.maximum.is_some_and(|maximum| maximum == 0 || maximum > most) {
            let problem = format!("its maximum takes 1 to the pool's maximum, {most}");
            fields.note_item("windows", place, problem);
        }
        let maximum = window.maximum.unwrap_or(most);
        if window.minimum.is_some_and(|minimum| minimum > maximum) {
            fields.note_item("windows", place, format!("its minimum is over its maximum, {maximum}"));
        }
    }
    fields.finish();
    schedule
}

fn read_fields(fields: &mut Fields<'_>) -> Option<Schedule> {
    let zone: Option<String> = fields.optional("time_zone");
    let lead: u32 = fields.optional("lead_minutes").unwrap_or(LEAD);
    let written: Option<Vec<Map<String, Value>>> = fields.optional("windows");
    let holidays: Vec<Date> = fields.optional("holidays").unwrap_or_default();

    let zone = zone.map_or(Some(TimeZone::UTC), |name| known_zone(&name, fields));
    if lead > LONGEST_LEAD {
        fields.note("lead_minutes", format!("takes 0 to {LONGEST_LEAD}"));
    }
    let windows = match written {
        None => Some(Schedule::default().windows),
        Some(written) => read_windows(written, fields),
    };
    Some(Schedule {
        zone: zone?,
        lead: SignedDuration::from_mins(lead.into()),
        windows: windows?,
        holidays: holidays.into_iter().collect(),
    })
}

fn known_zone(name: &str, fields: &mut Fields<'_>) -> Option<TimeZone> {
    // `Etc/Unknown` stands for no zone at all.
    let zone = TimeZoneDatabase::bundled().get(name).ok().filter(|zone| !zone.is_unknown());
    if zone.is_none() {
        let quoted = quote::quoted(name);
        fields
            .note("time_zone", format!("{quoted} is no IANA time zone; it takes one like \"Europe/London\""));
    }
    zone
}

/// `None` if one is wrong. Those that are right are held against each other all the same.
fn read_windows(written: Vec<Map<String, Value>>, fields: &mut Fields<'_>) -> Option<Vec<Window>> {
    let windows: Vec<Option<Window>> = written
        .into_iter()
        .enumerate()
        .map(|(place, entry)| read_window(fields.of_item("window", ("windows", place), entry)))
        .collect();
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

fn read_window(mut fields: Fields<'_>) -> Option<Window> {
    let days: Option<Vec<Weekday>> = fields.required("days");
    let from = time_of_day("from", &mut fields);
    let to = time_of_day("to", &mut fields);
    let (minimum, maximum) = (fields.optional("minimum"), fields.optional("maximum"));
    if days.as_ref().is_some_and(Vec::is_empty) {
        fields.note("days", "names at least one day, \"mon\" to \"sun\"");
    }
    if from == Some(DAY) {
        fields.note("from", "no window begins at \"24:00\"; midnight is \"00:00\" of the next day");
    } else if from.is_some() && from == to {
        fields.note("to", "is the same time as `from`: the window would be open never or always");
    }
    fields.finish();
    let (days, from, to) = (days?, from?, to?);
    let is_right = !days.is_empty() && from != DAY && from != to;
    is_right.then_some(Window { days, from, to, minimum, maximum })
}

/// Minutes after midnight.
fn time_of_day(field: &'static str, fields: &mut Fields<'_>) -> Option<u16> {
    let text: String = fields.required(field)?;
    let minutes = minutes_of(&text);
    if minutes.is_none() {
        let quoted = quote::quoted(&text);
        fields.note(field, format!("{quoted} is not a time of the day; it takes one like \"08:00\""));
    }
    minutes
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
