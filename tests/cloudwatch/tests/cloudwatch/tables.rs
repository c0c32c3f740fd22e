//! The tables of metrics: each crate's is whole, and no name stands twice.

use std::collections::BTreeSet;
use std::path::Path;

use cloudwatch::TABLES;
use regex::Regex;

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
