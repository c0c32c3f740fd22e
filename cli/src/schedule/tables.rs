//! The week's tables.

use comfy_table::CellAlignment::Right;
use platform::prices::{Hourly, Prices};

use super::cost::Cost;
use super::week::{hours, plain};
use super::{PoolsOfZone, when};
use crate::report::with_header;

/// Each pool's minimums and maximums, and when they hold.
pub(super) fn bounds(part: &PoolsOfZone<'_>) -> String {
    let mut table = with_header(&["pool", "minimum", "maximum", "hours", "when"]);
    for (pool, spans) in &part.pools {
        let mut seen = Vec::new();
        for span in spans {
            if seen.contains(&span.value) {
                continue;
            }
            let same = spans.iter().filter(|other| other.value == span.value);
            let lasts: f64 = same.map(|other| hours(other.length())).sum();
            let name = if seen.is_empty() { pool.name.as_str() } else { "" };
            table.add_row([
                name,
                &span.value.minimum.to_string(),
                &span.value.maximum.to_string(),
                &plain(lasts),
                &when::when(span.value, spans, &part.days, part.zone).join("\n"),
            ]);
            seen.push(span.value);
        }
    }
    table.column_iter_mut().skip(1).take(3).for_each(|column| column.set_cell_alignment(Right));
    table.to_string()
}

/// What the minimums cost while no job needs them, and which prices this uses.
pub(super) fn costs(costs: &[Cost<'_>], prices: &Prices) -> String {
    let mut table = with_header(&["pool", "task-hours", "instance-hours", "price of an hour", "$ a week"]);
    for cost in costs {
        let price = match &cost.hourly {
            Hourly::Task(price) => format!("{price:.4} a task"),
            Hourly::Instance(of, price) => format!("{price:.4} a {of}"),
            Hourly::Unknown(entry) => format!("no price: {entry} is missing"),
        };
        table.add_row([
            cost.pool.name.to_string(),
            plain(cost.task_hours),
            cost.instance_hours.map_or("–".to_owned(), plain),
            price,
            cost.dollars().map_or("none".to_owned(), |dollars| format!("{dollars:.2}")),
        ]);
    }
    let known: Vec<f64> = costs.iter().filter_map(Cost::dollars).collect();
    let unknown = costs.len() - known.len();
    table.add_row([
        "together".to_owned(),
        plain(costs.iter().map(|cost| cost.task_hours).sum()),
        plain(costs.iter().filter_map(|cost| cost.instance_hours).sum()),
        match unknown {
            0 => String::new(),
            1 => "without the pool that has none".to_owned(),
            some => format!("without the {some} pools that have none"),
        },
        format!("{:.2}", known.iter().sum::<f64>()),
    ]);
    let numbers = table.column_iter_mut().enumerate().filter(|(place, _)| [1, 2, 4].contains(place));
    numbers.for_each(|(_, column)| column.set_cell_alignment(Right));
    format!(
        "What it costs to keep the minimums waiting, by the prices of {} on {}, without disk, traffic and NAT:\n{table}",
        prices.region, prices.date
    )
}
