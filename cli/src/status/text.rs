//! The answer as lines for a person.

use std::fmt::Write as _;

use fleet::status::{SO_FAR, Stage, Waterfall, clock, length, masked};
use jiff::SignedDuration;

use super::diagnosis::Diagnosis;
use crate::terminal::wrapped;

/// Characters of the longest bar.
const BAR: i64 = 30;

/// The sentence, what happens next, and the evidence.
pub fn why(seen: &Diagnosis) -> String {
    let mut text =
        format!("{}\n{}\n", said(&seen.why.sentence()), said(&format!("next: {}", seen.why.next())));
    for line in &seen.why.evidence {
        let _ = writeln!(text, "{}", said(&format!("  {line}")));
    }
    let _ = writeln!(text, "  times are UTC; now {}", clock(seen.why.now, seen.why.now));
    text
}

/// The sentence, and a line for each stage.
pub fn trace(seen: &Diagnosis) -> String {
    let mut text = format!("{}\n", said(&seen.why.sentence()));
    match &seen.waterfall {
        Some(waterfall) => text += &of_waterfall(waterfall),
        None => text += "nobody knows when the job was queued: there is nothing to measure from\n",
    }
    text
}

fn of_waterfall(waterfall: &Waterfall) -> String {
    let names: Vec<String> = waterfall.stages.iter().map(name).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    let until = if waterfall.has_begun { "to its first step" } else { "so far" };
    let whole = length(SignedDuration::from_millis(waterfall.milliseconds));
    let mut text =
        format!("queued at {} UTC, {whole} {until}\n", clock(waterfall.queued_at, waterfall.until));
    for (name, stage) in names.iter().zip(&waterfall.stages) {
        let share = stage.milliseconds.saturating_mul(BAR).checked_div(waterfall.milliseconds).unwrap_or(0);
        let bar = "#".repeat(usize::try_from(share).unwrap_or(0));
        let _ = writeln!(text, "  {name:width$}  {:>12}  {:8}  {bar}", seconds(stage.milliseconds), stage.by);
    }
    let _ = writeln!(text, "  {:width$}  {:>12}", "all", seconds(waterfall.milliseconds));
    for note in &waterfall.notes {
        let _ = writeln!(text, "{}", said(&format!("  {note}")));
    }
    text
}

/// The name of a stage, with the stages that it contains.
pub(super) fn name(stage: &Stage) -> String {
    let parts: Vec<&str> = stage.with.iter().copied().chain([stage.name]).collect();
    parts.join(if stage.name == SO_FAR { ", " } else { " + " })
}

/// Milliseconds as seconds with three decimals, so that a reader can add them up.
pub(super) fn seconds(milliseconds: i64) -> String {
    format!("{}.{:03} s", milliseconds / 1000, milliseconds % 1000)
}

fn said(line: &str) -> String {
    wrapped(&masked(line))
}
