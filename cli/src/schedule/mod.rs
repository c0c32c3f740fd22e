//! A week of a pool map's schedule: which minimums and maximums hold when, and what the minimums cost.

mod chart;
mod cost;
mod json;
mod spans;
mod tables;
mod week;
mod when;

use anyhow::Result;
use fleet::PoolMap;
use fleet::pools::Pool;
use fleet::schedule::{Bounds, Hours};
use jiff::tz::TimeZone;
use platform::prices::Prices;

use self::cost::Cost;
use self::spans::WeekSpan;
pub use self::week::Week;
use self::week::{CalendarDay, hours, plain};

/// What a chart shows.
const LEGEND: &str = "Minimums, a character for two hours; a full one is the pool's maximum:";

/// Pools in one time zone, with the week as it is there.
struct PoolsOfZone<'a> {
    zone: &'a TimeZone,
    days: Vec<CalendarDay>,
    pools: Vec<(&'a Pool, Vec<WeekSpan<Bounds>>)>,
}

/// The week in tables and charts.
pub fn report(pools: &PoolMap, week: Week, prices: &Prices) -> Result<String> {
    let parts = parts(pools, week)?;
    let shown = parts.iter().map(|part| {
        let chart = chart::chart(&part.days, &part.pools);
        format!("{}\n\n{}\n\n{LEGEND}\n\n{chart}", heading(week, part), tables::bounds(part))
    });
    let costs = costs(pools, &parts, prices);
    Ok(shown.chain([tables::costs(&costs, prices)]).collect::<Vec<_>>().join("\n\n"))
}

/// The same for programs: each pool's spans of bounds, in order, and the cost of its minimum. `map` is the
/// map's origin.
pub fn json(pools: &PoolMap, map: &str, week: Week, prices: &Prices) -> Result<serde_json::Value> {
    let parts = parts(pools, week)?;
    Ok(json::json(map, week, &parts, &costs(pools, &parts, prices), prices))
}

/// The pools by their time zones.
fn parts(pools: &PoolMap, week: Week) -> Result<Vec<PoolsOfZone<'_>>> {
    let mut zones: Vec<&TimeZone> = Vec::new();
    for pool in pools.iter() {
        let zone = pools.hours(pool).schedule.zone();
        if !zones.contains(&zone) {
            zones.push(zone);
        }
    }
    zones.into_iter().map(|zone| PoolsOfZone::of(pools, zone, week)).collect()
}

fn costs<'a>(pools: &PoolMap, parts: &[PoolsOfZone<'a>], prices: &Prices) -> Vec<Cost<'a>> {
    let each = parts.iter().flat_map(|part| &part.pools);
    each.map(|(pool, spans)| Cost::of(pools, pool, spans, prices)).collect()
}

impl<'a> PoolsOfZone<'a> {
    fn of(pools: &'a PoolMap, zone: &'a TimeZone, week: Week) -> Result<Self> {
        let days = week.days(zone)?;
        let here = pools.iter().map(|pool| (pool, pools.hours(pool)));
        let here = here.filter(|(_, hours)| hours.schedule.zone() == zone);
        let pools = here.map(|(pool, hours)| (pool, held(hours, &days))).collect();
        Ok(Self { zone, days, pools })
    }
}

fn held(hours: Hours<'_>, days: &[CalendarDay]) -> Vec<WeekSpan<Bounds>> {
    match (days.first(), days.last()) {
        (Some(first), Some(last)) => spans::bounds(hours, first.from, last.to),
        _ => Vec::new(),
    }
}

/// The week, its zone, its hours there, and the days on which the clock shifts.
fn heading(week: Week, part: &PoolsOfZone<'_>) -> String {
    let zone = part.zone.iana_name().unwrap_or("UTC");
    let whole: f64 = part.days.iter().map(|day| hours(day.length())).sum();
    let dates = match (part.days.first(), part.days.last()) {
        (Some(first), Some(last)) => format!(", {} to {}", first.date, last.date),
        _ => String::new(),
    };
    let mut lines = vec![format!("{week} in {zone}{dates}: {} hours", plain(whole))];
    lines.extend(part.days.iter().filter_map(|day| day.shift(part.zone)));
    lines.join("\n")
}
