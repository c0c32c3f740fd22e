//! Costs as a table, as CSV and as JSON.

use std::fmt::Write as _;

use comfy_table::CellAlignment::Right;
use platform::prices::{Prices, SELF_HOSTED_MINUTE};
use serde_json::{Value, json};

use super::{CostReport, Row};
use crate::report::with_header;

/// The table, with what it is made from.
pub fn table(found: &CostReport, by: &str, prices: &Prices) -> String {
    let mut table = with_header(&[by, "jobs", "minutes", "$ working", "$ idle", "$ together", "$ at GitHub"]);
    for row in found.rows.iter().chain([&found.together]) {
        table.add_row([
            row.name.clone(),
            row.jobs.to_string(),
            row.minutes.to_string(),
            format!("{:.2}", row.working),
            format!("{:.2}", row.idle),
            format!("{:.2}", row.total()),
            format!("{:.2}", row.hosted),
        ]);
    }
    table.column_iter_mut().skip(1).for_each(|column| column.set_cell_alignment(Right));
    let mut text = format!("{table}\n");
    text += "Idle is what runners cost beside their jobs: to start, to wait, and without one. Each pool's is shared out by \
             what jobs have worked in it.\n";
    let _ = writeln!(
        text,
        "GitHub's column is the same minutes on its nearest runner, by the prices of {}. For minutes on runners of your own it \
         asks ${SELF_HOSTED_MINUTE:.3} each.",
        prices.date
    );
    for (pool, runners) in &found.without_price {
        let _ = writeln!(
            text,
            "{pool} has no price: its {runners} runners are in no amount. Write task_hour_dollars into [pools.{pool}] of the map."
        );
    }
    for pool in &found.without_size {
        let _ = writeln!(text, "{pool} is not in the map: GitHub's column lacks its jobs.");
    }
    text
}

/// CSV (RFC 4180), with full amounts.
pub fn csv(found: &CostReport, by: &str) -> String {
    let mut text = format!("{by},jobs,minutes,working,idle,charge,together,github\r\n");
    for row in &found.rows {
        let Row { jobs, minutes, working, idle, charge, hosted, .. } = row;
        let name = quoted(&row.name);
        let together = row.total();
        let _ = write!(
            text,
            "{name},{jobs},{minutes},{working:.6},{idle:.6},{charge:.6},{together:.6},{hosted:.6}\r\n"
        );
    }
    text
}

/// A text in quotes. Spreadsheets take one that begins with these signs for a formula, and whoever may push a branch names it.
fn quoted(text: &str) -> String {
    let before = if text.starts_with(['=', '+', '-', '@']) { "'" } else { "" };
    format!("\"{before}{}\"", text.replace('"', "\"\""))
}

/// JSON, with full amounts.
pub fn json(found: &CostReport, by: &str, prices: &Prices) -> Value {
    let row = |row: &Row| {
        json!({
            by: row.name, "jobs": row.jobs, "minutes": row.minutes, "working": row.working, "idle": row.idle,
            "charge": row.charge, "together": row.total(), "github": row.hosted,
        })
    };
    json!({
        "by": by,
        "rows": found.rows.iter().map(row).collect::<Vec<_>>(),
        "together": found.together.total(),
        "without_price": found.without_price,
        "not_in_map": found.without_size,
        "prices": {"region": prices.region, "date": prices.date},
    })
}
