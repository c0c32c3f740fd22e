//! One table a shape.

use std::time::Duration;

use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{CellAlignment, Table};
use jiff::SignedDuration;

use crate::figures::{Figures, Spread};
use crate::observed::Tries;
use crate::shapes::{Shape, ShapeResult};

/// A load's columns.
const LOAD: [&str; 17] = [
    "load",
    "last RunTask s",
    "last JIT config s",
    "queued to config s: p50",
    "p95",
    "max",
    "waiting task-hours",
    "registrar calls a task",
    "events to ledger s: p50",
    "p99",
    "stops p99",
    "ledger refused / tried",
    "budget refused / tried",
    "RunTask throttled",
    "longest tick s",
    "timed out",
    "jobs lost / tasks too many / launched late",
];

/// The columns of the scheduler's ticks.
const TICK: [&str; 5] = ["runners that start", "tick s", "ECS calls", "DynamoDB calls", "wall s"];

/// The runs of a shape; below, what limits each of them, and how long it took here.
pub fn report(shape: Shape, outcomes: &[ShapeResult]) -> String {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN);
    if shape == Shape::Scheduler {
        table.set_header(TICK);
    } else {
        table.set_header(LOAD);
    }
    for outcome in outcomes {
        match outcome {
            ShapeResult::Load(figures) => table.add_row(row(figures)),
            ShapeResult::Tick(runners, tick, wall) => table.add_row([
                runners.to_string(),
                seconds(tick.took),
                tick.ecs_calls.to_string(),
                tick.ledger_calls.to_string(),
                seconds(*wall),
            ]),
        };
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let below = outcomes.iter().filter_map(|outcome| match outcome {
        ShapeResult::Load(figures) => Some(line(figures)),
        ShapeResult::Tick(..) => None,
    });
    let lines: Vec<String> = std::iter::once(table.to_string()).chain(below).collect();
    lines.join("\n")
}

fn row(it: &Figures) -> [String; 17] {
    let of = |spread: &Spread, percent| seconds_or_dash(spread.percentile(percent));
    [
        it.name.clone(),
        seconds_or_dash(it.last_run_task),
        seconds_or_dash(it.last_config),
        of(&it.to_config, 50),
        of(&it.to_config, 95),
        seconds_or_dash(it.to_config.longest()),
        format!("{:.2}", it.waited.as_secs_f64() / 3600.0),
        share(it.questions, it.tasks),
        fine(it.webhooks.percentile(50)),
        fine(it.webhooks.percentile(99)),
        fine(it.stops.percentile(99)),
        tries(it.ledger),
        tries(it.budget),
        it.strain.throttled.to_string(),
        it.longest_tick.map_or_else(none, seconds),
        it.timed_out.to_string(),
        format!("{} / {} / {}", it.lost, it.tasks_too_many, it.unlaunched),
    ]
}

/// What does not fit in the table.
fn line(it: &Figures) -> String {
    let refused =
        (it.refused_by_github > 0).then(|| format!("GitHub refused {} calls", it.refused_by_github));
    let unwritten = (it.unwritten > 0).then(|| format!("{} events never came into the ledger", it.unwritten));
    let (jobs, tasks, most) = (it.jobs, it.tasks, it.strain.most_provisioning);
    let told = [
        Some(format!("{}: binds: {}", it.name, it.binds)),
        refused,
        unwritten,
        Some(format!("{jobs} jobs, {tasks} tasks, at most {most} in PROVISIONING")),
        Some(format!("{} s on this machine", seconds(it.wall))),
    ];
    told.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

fn none() -> String {
    "–".to_owned()
}

/// Whole seconds.
fn seconds_or_dash(length: Option<SignedDuration>) -> String {
    length.map_or_else(none, |it| format!("{:.0}", it.as_secs_f64()))
}

/// Seconds to the millisecond.
fn fine(length: Option<SignedDuration>) -> String {
    length.map_or_else(none, |it| format!("{:.3}", it.as_secs_f64()))
}

fn seconds(length: Duration) -> String {
    format!("{:.1}", length.as_secs_f64())
}

#[allow(clippy::cast_precision_loss, reason = "at most some hundred thousands")]
fn share(of: u64, all: usize) -> String {
    if all == 0 { none() } else { format!("{:.2}", of as f64 / all as f64) }
}

fn tries(it: Tries) -> String {
    #[allow(clippy::cast_precision_loss, reason = "at most some hundred thousands")]
    let percent = if it.tried == 0 { 0.0 } else { it.refused as f64 * 100.0 / it.tried as f64 };
    format!("{} / {} ({percent:.1} %)", it.refused, it.tried)
}
