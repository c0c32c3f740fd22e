//! Where the time of a job went, from GitHub's queue to its first step.

use jiff::{Timestamp, Unit};
use serde::Serialize;

use super::on_its_way::coming;
use super::picture::Picture;
use super::why::{began_at, queued_at};
use crate::ids::JobId;
use crate::ledger::{JobState, Runner, StartTimes};

/// A part of the time. Each begins where the one before ends, so that all of them are the whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stage {
    /// What it was.
    pub name: &'static str,
    /// The stages before it whose ends nobody knows: they are in this one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<&'static str>,
    /// Who says when it ended.
    pub by: &'static str,
    /// When it began.
    pub from: Timestamp,
    /// When it ended.
    pub to: Timestamp,
    /// How long it was, in milliseconds.
    pub milliseconds: i64,
}

/// Where the time of a job went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Waterfall {
    /// The job.
    pub job: JobId,
    /// When it was queued.
    pub queued_at: Timestamp,
    /// When its first step began, or when it began, where GitHub was not read; now, if it still waits.
    pub until: Timestamp,
    /// The whole of it, in milliseconds: the sum of the stages.
    pub milliseconds: i64,
    /// Whether the job has begun.
    pub has_begun: bool,
    /// The stages, in their order.
    pub stages: Vec<Stage>,
    /// What is not known, and why.
    pub notes: Vec<String>,
}

/// The stage that is not over.
pub const SO_FAR: &str = "so far";

/// A point at which a stage ends.
struct Point {
    name: &'static str,
    by: &'static str,
    at: Option<Timestamp>,
}

/// Where the time went; `None` of a job of which nobody knows when it was queued.
///
/// Clocks differ, and GitHub's tell whole seconds: a point that lies before the one before it is taken for as late.
pub fn waterfall(picture: &Picture) -> Option<Waterfall> {
    let queued_at = to_milliseconds(queued_at(picture)?);
    let began = began_at(picture).map(to_milliseconds);
    let first_step = picture.github.read().and_then(|job| job.first_step_at).map(to_milliseconds);
    let ended = ended_at(picture);
    let is_over = began.is_some() || ended.is_some();
    let until = first_step.or(began).or(ended).unwrap_or(picture.now);
    let until = to_milliseconds(until).max(queued_at);
    let runner = picture.its_runner().or_else(|| {
        let job = picture.job.read().filter(|job| job.state == JobState::Queued && !is_over)?;
        coming(picture, job, job.pool.as_ref()?)
    });

    let mut notes = notes(picture, runner, queued_at);
    let mut points = points_of_job(picture);
    points.extend(runner.map(|runner| points_of_runner(picture, runner)).unwrap_or_default());
    let by = if picture.github.read().is_some() { "GitHub" } else { "ledger" };
    match began {
        Some(_) => {
            points.push(Point { name: "job begun", by, at: began });
            points.push(Point { name: "first step", by, at: first_step });
        }
        None if is_over => points.push(Point { name: "ended without a runner", by, at: Some(until) }),
        None => points.push(Point { name: SO_FAR, by: "now", at: Some(until) }),
    }
    let stages = stages(points, queued_at, until, &mut notes);
    let milliseconds = until.as_millisecond() - queued_at.as_millisecond();
    Some(Waterfall {
        job: picture.id,
        queued_at,
        until,
        milliseconds,
        has_begun: began.is_some(),
        stages,
        notes,
    })
}

fn ended_at(picture: &Picture) -> Option<Timestamp> {
    let ledger = picture.job.read().filter(|job| job.state == JobState::Completed);
    picture.github.read().and_then(|job| job.completed_at).or(ledger.map(|job| job.changed_at))
}

fn points_of_job(picture: &Picture) -> Vec<Point> {
    let job = picture.job.read();
    vec![
        Point { name: "delivered and accepted", by: "queue", at: job.and_then(|job| job.times.accepted_at) },
        Point { name: "in the ledger", by: "ledger", at: job.map(|job| job.seen_at) },
    ]
}

/// The points of the start of the runner that took the job. ECS's own word counts, where it still has the task.
fn points_of_runner(picture: &Picture, runner: &Runner) -> Vec<Point> {
    let mut times: StartTimes = runner.times;
    if let Some(seen) = picture.task_times(runner) {
        times.note_task(&seen, runner.reserved_at);
    }
    let at = |after: Option<i64>| runner.moment(after);
    vec![
        Point { name: "reserved", by: "ledger", at: Some(runner.reserved_at) },
        Point { name: "RunTask", by: "ECS", at: at(times.created) },
        Point { name: "PROVISIONING", by: "ECS", at: at(times.pull_started) },
        Point { name: "pulling", by: "ECS", at: at(times.pull_stopped) },
        Point { name: "starting", by: "ECS", at: at(times.started) },
        Point { name: "PID 1 begun", by: "PID 1", at: at(times.booted) },
        Point { name: "asked", by: "ledger", at: at(times.asked) },
        Point { name: "registered", by: "ledger", at: at(times.registered) },
        Point { name: "listening", by: "ledger", at: at(times.listened) },
    ]
}

/// The stages between points, without gaps. A stage whose end nobody knows goes into the next; one that came to
/// its end before the job was queued took none of its time; one that was reported only after the end says nothing.
fn stages(points: Vec<Point>, queued_at: Timestamp, until: Timestamp, notes: &mut Vec<String>) -> Vec<Stage> {
    let (mut stages, mut with, mut from): (Vec<Stage>, Vec<&'static str>, _) =
        (Vec::new(), Vec::new(), queued_at);
    let last = points.iter().rposition(|point| point.at.is_some());
    for (place, Point { name, by, at }) in points.into_iter().enumerate() {
        let Some(at) = at.map(to_milliseconds) else {
            with.push(name);
            continue;
        };
        let is_last = Some(place) == last;
        if at <= queued_at && !is_last {
            continue;
        }
        if at > until && !is_last {
            with.push(name);
            notes.push(format!("{name}: heard of only after the end"));
            continue;
        }
        let to = if is_last { until } else { at.max(from) };
        let milliseconds = to.as_millisecond() - from.as_millisecond();
        let mut with = std::mem::take(&mut with);
        if name == SO_FAR {
            // It is at the first of those, and the others come after it.
            with.truncate(1);
        }
        stages.push(Stage { name, with, by, from, to, milliseconds });
        from = to;
    }
    if !with.is_empty() {
        notes.push(format!("not known: {}", with.join(", ")));
    }
    stages
}

fn notes(picture: &Picture, runner: Option<&Runner>, queued_at: Timestamp) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(why) = picture.github.unread() {
        notes.push(format!(
            "GitHub was not read, so that the times of the job are the ledger's: {}",
            super::masked(why)
        ));
    }
    match runner {
        None => notes.push(
            "no runner of ours has taken the job or is on its way for it, as far as is known".to_owned(),
        ),
        Some(_) if picture.its_runner().is_none() => {
            notes.push(
                "of the runner that is furthest on its way: GitHub decides which one takes the job"
                    .to_owned(),
            );
        }
        Some(runner) if runner.reserved_at <= queued_at => {
            notes.push("the runner was there, or on its way, before the job was queued".to_owned());
        }
        Some(runner) if runner.times.created.is_none() && picture.task(runner).is_none() => {
            notes.push(
                "ECS's times are known while it has the task, and once its stop was heard of".to_owned(),
            );
        }
        Some(_) => {}
    }
    notes
}

/// A time in whole milliseconds: so the stages add up.
fn to_milliseconds(at: Timestamp) -> Timestamp {
    at.round(jiff::TimestampRound::new().smallest(Unit::Millisecond).mode(jiff::RoundMode::Floor))
        .unwrap_or(at)
}
