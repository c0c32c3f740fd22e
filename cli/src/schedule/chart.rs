//! A week of minimums as bars, two hours each.

use fleet::pools::Pool;
use fleet::schedule::Bounds;
use jiff::{SignedDuration, Timestamp};

use super::spans::WeekSpan;
use super::week::CalendarDay;

/// The part of a day that one character shows.
const CELL: SignedDuration = SignedDuration::from_hours(2);

/// Bars by height, the full one last.
const BARS: [char; 9] = ['·', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A chart of pools in one time zone: a line for each pool's minimum, and one for its maximum if that
/// changes. A bar's height is relative to the pool's highest maximum, and a cell shows the highest number in
/// it.
pub(super) fn chart(days: &[CalendarDay], pools: &[(&Pool, Vec<WeekSpan<Bounds>>)]) -> String {
    let width =
        pools.iter().map(|(pool, _)| pool.name.as_str().len()).max().unwrap_or(0).max("maximum".len());
    let mut lines = Vec::new();
    let header = days.iter().map(|day| format!("{:<1$}", heading(*day), cells(*day).count()));
    lines.push(line(width, "", header));
    for (pool, spans) in pools {
        let most = spans.iter().map(|span| span.value.maximum).max().unwrap_or(0);
        let mut draw = |title: &str, of: fn(Bounds) -> u32| {
            let bars = days.iter().map(|day| {
                cells(*day).map(|(from, to)| bar(highest(spans, from, to, of), most)).collect::<String>()
            });
            lines.push(line(width, title, bars));
        };
        draw(pool.name.as_str(), |bounds| bounds.minimum);
        if spans.iter().any(|span| span.value.maximum != most) {
            draw("maximum", |bounds| bounds.maximum);
        }
    }
    lines.join("\n")
}

fn heading(day: CalendarDay) -> String {
    let mark = if day.is_plain() { "" } else { "!" };
    format!("{}{mark}", day.date.strftime("%a %d"))
}

fn line(width: usize, title: &str, days: impl Iterator<Item = String>) -> String {
    let days: Vec<String> = days.collect();
    format!("{title:>width$} │{}│", days.join("│"))
}

/// Cells count from the start of the day: one that begins before the clock jumps is as long as the others.
fn cells(day: CalendarDay) -> impl Iterator<Item = (Timestamp, Timestamp)> {
    let starts = std::iter::successors(Some(day.from), |from| from.checked_add(CELL).ok());
    starts.take_while(move |from| *from < day.to).map(move |from| (from, day.to.min(from + CELL)))
}

fn highest(spans: &[WeekSpan<Bounds>], from: Timestamp, to: Timestamp, of: fn(Bounds) -> u32) -> u32 {
    let met = spans.iter().filter(|span| span.within(from, to).is_some());
    met.map(|span| of(span.value)).max().unwrap_or(0)
}

/// Anything above zero is drawn.
fn bar(number: u32, most: u32) -> char {
    let height = (u64::from(number) * 8).div_ceil(u64::from(most.max(1))).min(8);
    usize::try_from(height).ok().and_then(|height| BARS.get(height)).copied().unwrap_or('█')
}
