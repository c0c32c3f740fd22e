//! `CloudWatch` beside the sandbox: it takes the lines that the functions write, makes metrics of those in its embedded metric
//! format, and says in which state the template's alarms are.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a test that cannot go on fails"
)]

pub mod alarm;
pub mod lines;
pub mod metrics;
pub mod observed;
pub mod stack;

use fleet::metric::Metric;

/// The file of each crate's metrics, with its table.
pub const TABLES: [(&str, &[Metric]); 7] = [
    ("functions/webhook/src/metrics.rs", webhook::metrics::METRICS),
    ("functions/launcher/src/metrics.rs", launcher::metrics::METRICS),
    ("functions/registrar/src/metrics.rs", registrar::metrics::METRICS),
    ("functions/scheduler/src/metrics.rs", scheduler::metrics::METRICS),
    ("functions/reconciler/src/metrics.rs", reconciler::metrics::METRICS),
    ("shared/control/src/metrics.rs", control::metrics::METRICS),
    ("shared/github/src/app/metrics.rs", github::app::metrics::METRICS),
];

/// Every metric of every table.
pub fn table() -> Vec<Metric> {
    TABLES.iter().flat_map(|(_, table)| table.iter().copied()).collect()
}
