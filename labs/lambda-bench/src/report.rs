//! The table of what was measured.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use comfy_table::Table;
use comfy_table::presets::ASCII_MARKDOWN;
use flate2::Compression;
use flate2::write::DeflateEncoder;

use crate::measure::Sample;
use crate::subject::BenchSubject;

/// One function's figures: the median of each over the rounds.
#[derive(Debug, Clone)]
pub struct FunctionRow {
    /// The function.
    pub name: &'static str,
    /// Milliseconds of the init phase.
    pub init: f64,
    /// Milliseconds of the init phase and the first event.
    pub init_and_first: f64,
    /// Milliseconds that half of the warm events take at most.
    pub warm_p50: f64,
    /// Milliseconds that 99 of 100 warm events take at most.
    pub warm_p99: f64,
    /// Milliseconds of CPU of a warm event.
    pub cpu: f64,
    /// Reads of the Parameter Store at its start.
    pub reads: u64,
    /// MiB of resident memory after the first answer.
    pub resident: f64,
    /// Millions of bytes of the binary.
    pub size: f64,
    /// Millions of bytes that are deployed.
    pub zipped: f64,
}

impl FunctionRow {
    pub(crate) fn new(subject: &BenchSubject, samples: &[Sample], zip: u32) -> Result<Self> {
        let over = |figure: &dyn Fn(&Sample) -> f64| at(0.5, samples.iter().map(figure).collect());
        let warm = |part: f64| move |it: &Sample| at(part, it.warm.iter().copied().map(ms).collect());
        let (size, zipped) = sizes(&subject.binary, zip)?;
        Ok(Self {
            name: subject.kind.name(),
            init: over(&|it| ms(it.init)),
            init_and_first: over(&|it| ms(it.init_and_first)),
            warm_p50: over(&warm(0.5)),
            warm_p99: over(&warm(0.99)),
            reads: samples.iter().map(|it| it.reads).max().unwrap_or_default(),
            cpu: over(&|it| ms(it.cpu)),
            resident: over(&|it| f64::from(u32::try_from(it.resident).unwrap_or(u32::MAX)) / 1024.0),
            size,
            zipped,
        })
    }
}

/// The rows as a table in Markdown.
pub fn table(rows: &[FunctionRow]) -> String {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN).set_header([
        "function",
        "init ms",
        "init + first ms",
        "warm p50 ms",
        "p99 ms",
        "CPU ms an event",
        "RSS MiB",
        "MB",
        "zipped MB",
        "SSM reads",
    ]);
    for row in rows {
        let figures = [row.init, row.init_and_first, row.warm_p50, row.warm_p99, row.cpu, row.resident];
        let figures = figures.into_iter().chain([row.size, row.zipped]).map(|it| format!("{it:.2}"));
        let reads = std::iter::once(row.reads.to_string());
        table.add_row(std::iter::once(row.name.to_owned()).chain(figures).chain(reads));
    }
    table.to_string()
}

fn ms(length: Duration) -> f64 {
    length.as_secs_f64() * 1000.0
}

/// The value that this share of the values does not exceed.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a place among at most some thousands"
)]
fn at(part: f64, mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let place = (values.len() as f64 * part).ceil() as usize;
    values.get(place.saturating_sub(1)).copied().unwrap_or_default()
}

/// The sizes of a binary and of its zipped package, in millions of bytes.
#[allow(clippy::cast_precision_loss, reason = "a file's size")]
fn sizes(binary: &Path, zip: u32) -> Result<(f64, f64)> {
    let bytes = fs::read(binary)?;
    let mut zip = DeflateEncoder::new(Vec::new(), Compression::new(zip));
    zip.write_all(&bytes)?;
    Ok((bytes.len() as f64 / 1e6, zip.finish()?.len() as f64 / 1e6))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_one_of_the_values() {
        for (part, values, found) in [
            (0.5, vec![3.0, 1.0, 2.0], 2.0),
            (0.5, vec![4.0, 1.0, 2.0, 3.0], 2.0),
            (0.99, (1..=100).map(f64::from).collect(), 99.0),
            (0.99, vec![1.0, 2.0], 2.0),
            (0.5, vec![], 0.0),
        ] {
            assert!((at(part, values.clone()) - found).abs() < f64::EPSILON, "{part} of {values:?}");
        }
    }
}
