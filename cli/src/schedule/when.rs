//! The times of a week in few words.

use fleet::schedule::Bounds;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::spans::WeekSpan;
use super::week::CalendarDay;

/// When these bounds hold: a line for the days on which they hold at the same times.
pub(super) fn when(
    bounds: Bounds,
    spans: &[WeekSpan<Bounds>],
    days: &[CalendarDay],
    zone: &TimeZone,
) -> Vec<String> {
    let mut groups: Vec<(String, Vec<usize>)> = Vec::new();
    for (number, day) in days.iter().enumerate() {
        let held = spans.iter().filter(|span| span.value == bounds);
        let times: Vec<String> = held
            .filter_map(|span| span.within(day.from, day.to))
            .map(|part| clock(part, *day, zone))
            .collect();
        if times.is_empty() {
            continue;
        }
        let times = times.join(", ");
        match groups.iter_mut().find(|(same, _)| *same == times) {
            Some((_, days)) => days.push(number),
            None => groups.push((times, vec![number])),
        }
    }
    groups.iter().map(|(times, numbers)| format!("{} {times}", names(numbers, days))).collect()
}

fn clock((from, to): (Timestamp, Timestamp), day: CalendarDay, zone: &TimeZone) -> String {
    if (from, to) == (day.from, day.to) {
        return "all day".to_owned();
    }
    let show = |at: Timestamp| zone.to_datetime(at).strftime("%H:%M").to_string();
    format!("{}–{}", show(from), if to == day.to { "24:00".to_owned() } else { show(to) })
}

/// `Mon–Fri`, `Sat, Sun`: three days in a row are written as one.
fn names(numbers: &[usize], days: &[CalendarDay]) -> String {
    let name = |number: &usize| days.get(*number).map_or_else(String::new, |day| day.label());
    let rows = numbers.chunk_by(|one, next| one + 1 == *next);
    let rows = rows.flat_map(|row| match row {
        [first, _, .., last] => vec![format!("{}–{}", name(first), name(last))],
        few => few.iter().map(name).collect(),
    });
    rows.collect::<Vec<_>>().join(", ")
}
