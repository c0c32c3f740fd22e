//! The tables of metrics: each crate's is whole, and no name stands twice.

use std::collections::BTreeSet;
use std::path::Path;

use fleet::metric::Metric;
use regex::Regex;

/// The file of each crate's metrics, with its table.
const TABLES: [(&str, &[Metric]); 7] = [
    ("functions/webhook/src/metrics.rs", webhook::metrics::METRICS),
    ("functions/launcher/src/metrics.rs", launcher::metrics::METRICS),
    ("functions/registrar/src/metrics.rs", registrar::metrics::METRICS),
    ("functions/scheduler/src/metrics.rs", scheduler::metrics::METRICS),
    ("functions/reconciler/src/metrics.rs", reconciler::metrics::METRICS),
    ("shared/control/src/metrics.rs", control::metrics::METRICS),
    ("shared/github/src/app/metrics.rs", github::app::metrics::METRICS),
];

/// A metric that is not in its table is counted, and not described.
#[test]
fn every_metric_of_a_crate_is_in_its_table() {
    let made = Regex::new(r#"Metric::(?:counter|gauge|observed|milliseconds)\(\s*"(\w+)""#).unwrap();
    for (file, table) in TABLES {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let source = std::fs::read_to_string(root.join(file)).unwrap();
        let written: BTreeSet<&str> = made.captures_iter(&source).map(|it| it.extract::<1>().1[0]).collect();
        assert!(!written.is_empty(), "{file}");
        assert_eq!(written, table.iter().map(|metric| metric.name).collect(), "{file}");
    }
}

#[test]
fn a_name_is_one_metric_and_says_what_it_means() {
    let mut names = BTreeSet::new();
    for metric in TABLES.iter().flat_map(|(_, table)| table.iter()) {
        assert!(names.insert(metric.name), "{} stands twice", metric.name);
        assert!(!metric.means.is_empty(), "{}", metric.name);
    }
}
