//! Tables for people.

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table};
use fleet::ledger::Book;
use jiff::Timestamp;
use sandbox::{Line, Subject};

use crate::delivered::{Delivered, StartedTask};
use crate::terminal;

/// The results of the deliveries.
pub fn deliveries(delivered: &[Delivered]) -> String {
    let mut table = with_header(&["file", "event", "answer", "pool", "task"]);
    keep_whole(&mut table, &[0, 1, 3]);
    for row in delivered {
        let answer = format!("{} {}", row.status, row.message);
        let tasks: Vec<String> = row.tasks.iter().map(task).collect();
        let pool = row.pool.as_deref().unwrap_or("–");
        let tasks = if tasks.is_empty() { "–".to_owned() } else { tasks.join("\n") };
        table.add_row([row.name.as_str(), short(&row.event), &answer, pool, &tasks]);
    }
    table.to_string()
}

/// The books as they are now.
pub fn books(books: &[Book], now: Timestamp) -> String {
    let mut table =
        with_header(&["book", "queued", "supply", "idle", "live", "minimum", "maximum", "deficit"]);
    table.column_iter_mut().skip(1).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    for book in books {
        let Book { queued, supply, idle, live, minimum, maximum, .. } = *book;
        let totals = [queued, supply, idle, live, minimum, maximum, book.deficit(now)];
        table.add_row([book.pool.to_string()].into_iter().chain(totals.map(|total| total.to_string())));
    }
    table.to_string()
}

/// Something that happened to a job or a runner, in one line that begins with the time in UTC.
pub fn happened(line: &Line) -> String {
    let at = line.at.strftime("%H:%M:%S");
    let of = match &line.subject {
        Subject::Delivery(delivery) => format!("delivery {delivery}"),
        Subject::Job(job) => format!("job {job}"),
        Subject::Runner(runner) => format!("runner {runner}"),
        Subject::Fault(fault) => format!("fault {fault}"),
    };
    format!("{at}  {of} {}", line.text)
}

/// A task in a few words.
pub fn task(task: &StartedTask) -> String {
    let id = task.arn.as_str().rsplit('/').next().unwrap_or_default();
    let id = id.trim_start_matches('0');
    format!("task {id}, {} on {}", task.architecture, task.capacity_provider)
}

/// Rows of numbers, each with a name in front; the first row is the header.
pub fn numbers(rows: &[Vec<String>]) -> String {
    let mut rows = rows.iter();
    let header: Vec<&str> = rows.next().into_iter().flatten().map(String::as_str).collect();
    let mut table = with_header(&header);
    table.add_rows(rows);
    table.column_iter_mut().skip(1).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    table.to_string()
}

/// An event for a narrow column: a job event's action, or any other event's whole name.
fn short(event: &str) -> &str {
    event.strip_prefix("workflow_job ").unwrap_or(event)
}

/// Keeps the words of these columns whole: they are names to copy.
fn keep_whole(table: &mut Table, columns: &[usize]) {
    for column in columns {
        if let Some(column) = table.column_mut(*column) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
}

/// A table with these columns, as wide as the screen allows.
pub(crate) fn with_header(columns: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_header(columns);
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(terminal::columns());
    table
}
