//! What was seen, a line each.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::picture::{Lookup, Picture};
use super::{clock, masked};
use crate::ledger::{Book, Job, Runner};
use crate::quote;

/// Runners that get a line each.
const RUNNERS: usize = 5;

pub(super) fn evidence(picture: &Picture) -> Vec<String> {
    let mut lines = vec![of_github(picture), of_ledger(picture)];
    lines.extend(picture.books.values().map(|book| of_book(book, picture.now)));
    lines.extend(of_runners(picture));
    if let Some(why) = picture.tasks.unread() {
        lines.push(format!("ECS: not read: {}", quote::sentence(&masked(why))));
    }
    lines
}

fn of_github(picture: &Picture) -> String {
    let job = match &picture.github {
        Lookup::Read(job) => job,
        Lookup::Absent => return "GitHub: no such job".to_owned(),
        Lookup::Unread(why) => return format!("GitHub: not read: {}", quote::sentence(&masked(why))),
    };
    let status = serde_json::to_value(job.status).ok();
    let status = status.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
    let mut line = format!("GitHub: {status}");
    for (what, at) in [
        ("created", job.created_at),
        ("began", job.started_at.filter(|_| job.runner.is_some())),
        ("ended", job.completed_at),
    ] {
        line += &at.map(|at| format!(", {what} {}", clock(at, picture.now))).unwrap_or_default();
    }
    format!("{line}; asks for {}", job.labels)
}

fn of_ledger(picture: &Picture) -> String {
    let now = picture.now;
    let job: &Job = match &picture.job {
        Lookup::Read(job) => job,
        Lookup::Absent => return format!("ledger: job {} is not in it", picture.id),
        Lookup::Unread(why) => return format!("ledger: not read: {}", quote::sentence(&masked(why))),
    };
    let pool = job.pool.as_ref().map(|pool| format!(" in {pool}")).unwrap_or_default();
    let mut line = format!("ledger: {:?}{pool} since {}", job.state, clock(job.changed_at, now));
    for (what, at) in [
        ("accepted", job.times.accepted_at),
        ("written down", Some(job.seen_at)),
        ("heard of again", job.heard_at),
        ("read at GitHub", job.read_at),
    ] {
        line += &at.map(|at| format!(", {what} {}", clock(at, now))).unwrap_or_default();
    }
    line
}

fn of_book(book: &Book, now: Timestamp) -> String {
    let Book { pool, queued, supply, idle, live, maximum, minimum, .. } = book;
    let mut line = format!(
        "pool {pool}: {queued} queued, {supply} on their way or idle ({idle} idle), {live} of {maximum} live, minimum {minimum}"
    );
    if let Some(rest) = book.health.resting(now) {
        let why = quote::sentence(&masked(&rest.reason));
        let _ = write!(line, "; rests until {}: {why}", clock(rest.until, now));
    }
    line
}

/// The runner that took the job, or those that are on their way.
fn of_runners(picture: &Picture) -> Vec<String> {
    if let Some(runner) = picture.its_runner() {
        return vec![of_runner(picture, runner)];
    }
    let is_coming = |runner: &&Runner| picture.pool() == Some(&runner.pool) && runner.state.is_on_its_way();
    let mut coming: Vec<&Runner> = picture.runners.values().filter(is_coming).collect();
    coming.sort_by_key(|runner| runner.reserved_at);
    let mut lines: Vec<String> =
        coming.iter().take(RUNNERS).map(|runner| of_runner(picture, runner)).collect();
    if let Some(more) = coming.len().checked_sub(RUNNERS).filter(|more| *more > 0) {
        lines.push(format!("and {more} runners more on their way"));
    }
    lines
}

fn of_runner(picture: &Picture, runner: &Runner) -> String {
    let (id, state, capacity) = (&runner.id, runner.state, &runner.capacity);
    let since = clock(runner.reserved_at, picture.now);
    let mut line = format!("runner {id}: {state:?} on {capacity}, reserved {since}");
    if let Some(task) = picture.task(runner) {
        let id = task.task.as_str().rsplit('/').next().unwrap_or_default();
        let _ = write!(line, ", task {id} {}", quote::name(&task.last_status));
    }
    if let Some(leaves) = runner.leaves {
        let _ = write!(line, ", leaves: {leaves:?}");
    }
    if let Some(why) = &runner.put_off {
        let _ = write!(line, ", put off: {}", quote::sentence(&masked(why)));
    }
    line
}
