//! `mayfly demo`: plays the sample events, follows each job's story to its end, and compares it with the file
//! beside the event.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use anyhow::Result;
use fleet::launch::exit_code::JOB_DONE;
use fleet::ledger::JobState;
use fleet::{JobId, PoolMap};
use platform::ORGANISATION;
use sandbox::{Line, Subject};
use secrecy::SecretString;

use crate::delivered::{Delivered, StartedTask};
use crate::delivery_file::{DeliveryFile, files};
use crate::replay::Replay;
use crate::report;
use crate::sidecar::{ExpectedTask, RunnerEnd, Sidecar};
use crate::terminal::wrapped;

/// The deliveries of one job, or one delivery that concerns no job.
struct Story {
    sources: Vec<DeliveryFile>,
}

/// Plays every story of a folder. Returns one line for each thing that did not end as it should.
pub fn run(
    folder: &Path,
    pools: &PoolMap,
    secret: &SecretString,
    out: &mut impl Write,
) -> Result<Vec<String>> {
    let stories = stories(folder)?;
    let mut replay = Replay::new(ORGANISATION, pools, secret);
    let mut all = Vec::new();
    let mut wrong = Vec::new();
    for story in &stories {
        let told = replay.lines().len();
        let mut delivered = Vec::new();
        for source in &story.sources {
            delivered.push(replay.deliver(source)?);
        }
        if !replay.rest() {
            wrong.push(format!("{}: the platform does not come to rest", story.name()));
        }
        replay.credit(&mut delivered);
        let lines = replay.lines();
        tell(story, &delivered, lines.get(told..).unwrap_or_default(), out)?;
        for (source, delivered) in story.sources.iter().zip(&delivered) {
            let problems = check(source, delivered, &replay);
            wrong.extend(problems.into_iter().map(|problem| format!("{}: {problem}", source.name)));
        }
        wrong.extend(replay.leftovers().into_iter().map(|left| format!("after {}: {left}", story.name())));
        all.extend(delivered);
    }
    writeln!(out, "{}\n\n{}", report::deliveries(&all), report::books(&replay.books(), replay.now()))?;
    Ok(wrong)
}

impl Story {
    fn name(&self) -> &str {
        self.sources.first().map_or("", |source| &source.name)
    }
}

/// The stories of a folder: files about the same job form one story.
fn stories(folder: &Path) -> Result<Vec<Story>> {
    let mut stories: Vec<Story> = Vec::new();
    let mut by_job: BTreeMap<u64, usize> = BTreeMap::new();
    for file in files(folder)? {
        let source = DeliveryFile::read(&file)?;
        let job = source.payload.pointer("/workflow_job/id").and_then(serde_json::Value::as_u64);
        let known = job.and_then(|job| by_job.get(&job)).copied();
        if let Some(story) = known.and_then(|place| stories.get_mut(place)) {
            story.sources.push(source);
        } else {
            if let Some(job) = job {
                by_job.insert(job, stories.len());
            }
            stories.push(Story { sources: vec![source] });
        }
    }
    Ok(stories)
}

fn tell(story: &Story, delivered: &[Delivered], lines: &[Line], out: &mut impl Write) -> Result<()> {
    for (source, delivered) in story.sources.iter().zip(delivered) {
        let tells = source.sidecar.as_ref().map_or("", |sidecar| &sidecar.tells);
        writeln!(out, "{}", wrapped(&format!("{}: {tells}", source.name)))?;
        writeln!(out, "{}", wrapped(&format!("  answered {} {}", delivered.status, delivered.message)))?;
    }
    for line in lines.iter().filter(|line| !matches!(line.subject, Subject::Delivery(_))) {
        writeln!(out, "{}", wrapped(&format!("  {}", report::happened(line))))?;
    }
    writeln!(out)?;
    Ok(())
}

/// What differs from the sidecar.
fn check(source: &DeliveryFile, delivered: &Delivered, replay: &Replay) -> Vec<String> {
    let Some(sidecar) = &source.sidecar else { return vec!["has no TOML file beside it".to_owned()] };
    let answered = check_answer(sidecar, delivered);
    let started = check_tasks(sidecar.task.as_ref(), &delivered.tasks);
    let ended = check_end(sidecar, delivered, replay);
    [answered, started, ended].into_iter().flatten().collect()
}

fn check_answer(sidecar: &Sidecar, delivered: &Delivered) -> Option<String> {
    let Some(expected) = &sidecar.answer else {
        return Some("the file beside it has no [answer] to hold it against".to_owned());
    };
    let says = expected.says.as_ref().is_none_or(|words| delivered.message.contains(words));
    let fits = expected.status == delivered.status && expected.pool == delivered.pool && says;
    (!fits).then(|| {
        let of_pool = |pool: Option<&String>| {
            pool.map_or_else(|| "without a pool".to_owned(), |pool| format!("with the pool {pool}"))
        };
        let says = expected.says.as_ref().map(|words| format!(", and the words \"{words}\""));
        format!(
            "was answered {} {}, \"{}\"; {BESIDE} {} {}{}",
            delivered.status,
            of_pool(delivered.pool.as_ref()),
            delivered.message,
            expected.status,
            of_pool(expected.pool.as_ref()),
            says.unwrap_or_default()
        )
    })
}

/// The words before an expectation.
const BESIDE: &str = "the file beside it says";

fn check_tasks(expected: Option<&ExpectedTask>, started: &[StartedTask]) -> Option<String> {
    let fits = match (expected, started) {
        (None, []) => true,
        (Some(expected), [task]) => {
            task.architecture == expected.architecture && task.capacity_provider == expected.capacity
        }
        _ => false,
    };
    (!fits).then(|| {
        let found: Vec<String> = started.iter().map(report::task).collect();
        let found = if found.is_empty() { "no task".to_owned() } else { found.join(" and ") };
        let expected = expected.map_or_else(
            || "none".to_owned(),
            |task| format!("one task, {} on {}", task.architecture, task.capacity),
        );
        format!("started {found}; {BESIDE} {expected}")
    })
}

fn check_end(sidecar: &Sidecar, delivered: &Delivered, replay: &Replay) -> Option<String> {
    let job = delivered.job.and_then(|job: JobId| replay.job_state(job));
    let exit = delivered.tasks.first().and_then(|task| replay.exit_code(&task.arn));
    let runner = exit.map(|code| if code == JOB_DONE { RunnerEnd::Busy } else { RunnerEnd::Released });
    let expected = &sidecar.end;
    let fits = job == expected.job && runner == expected.runner;
    let end = |job, runner| format!("{}, and {}", end_of_job(job), end_of_runner(runner));
    (!fits)
        .then(|| format!("at its end {}; {BESIDE} {}", end(job, runner), end(expected.job, expected.runner)))
}

fn end_of_job(state: Option<JobState>) -> &'static str {
    match state {
        None => "no job is written down",
        Some(JobState::Waiting) => "the job waits for an approval",
        Some(JobState::Queued) => "the job is queued",
        Some(JobState::Unserved) => "the job is unserved",
        Some(JobState::InProgress) => "the job is in progress",
        Some(JobState::Completed) => "the job is completed",
    }
}

fn end_of_runner(end: Option<RunnerEnd>) -> &'static str {
    match end {
        None => "it has no runner that ended",
        Some(RunnerEnd::Busy) => "its runner ran a job",
        Some(RunnerEnd::Released) => "its runner left without a job",
    }
}
