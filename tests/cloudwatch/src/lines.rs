//! The lines that metrics are on Lambda: a line for each set of labels.

use std::collections::{BTreeMap, BTreeSet};

use aws::boot::metric_lines;
use fleet::metric::{Metric, Unit};
use metrics_util::debugging::{DebugValue, Snapshot};
use serde_json::{Map, Value, json};

/// The namespace, of a stack of the usual name (`template.yaml`).
pub const NAMESPACE: &str = "Mayfly/mayfly";

/// A time, as long as it is for the next two centuries.
const TIMESTAMP: u64 = 1_791_190_800_000;

/// These lines, as the functions write them: only what an alarm watches is a metric of `CloudWatch`'s.
pub fn written(split: &[String], table: &[Metric]) -> Vec<String> {
    let watched: BTreeSet<&str> = metric_lines::watched(table).collect();
    let written = metric_lines::published(split.join("\n").as_bytes(), &watched).unwrap();
    String::from_utf8(written).unwrap().lines().map(str::to_owned).collect()
}

/// The lines of these metrics, as `metrics_cloudwatch_embedded` writes them, with each metric split by all of its labels: of counters those that
/// count something, of gauges all that were ever set.
pub fn split(snapshot: Snapshot, tables: &[Metric]) -> Vec<String> {
    let mut documents: BTreeMap<Vec<(String, String)>, BTreeMap<String, Value>> = BTreeMap::new();
    for (key, _, _, value) in snapshot.into_vec() {
        let value = match value {
            DebugValue::Counter(0) => continue,
            DebugValue::Counter(count) => json!(count),
            DebugValue::Gauge(value) => json!(value.into_inner()),
            DebugValue::Histogram(values) if values.is_empty() => continue,
            DebugValue::Histogram(values) => values.into_iter().map(|it| json!(it.into_inner())).collect(),
        };
        let labels = key.key().labels().map(|it| (it.key().to_owned(), it.value().to_owned())).collect();
        documents.entry(labels).or_default().insert(key.key().name().to_owned(), value);
    }
    documents.into_iter().map(|(labels, values)| line(labels, values, tables)).collect()
}

fn line(labels: Vec<(String, String)>, values: BTreeMap<String, Value>, tables: &[Metric]) -> String {
    let metric = |name: &String| {
        let unit = match tables.iter().find(|it| it.name == name)?.unit {
            Unit::Count => "Count",
            Unit::Milliseconds => "Milliseconds",
        };
        Some(json!({"Name": name, "Unit": unit}))
    };
    let metrics: Vec<Value> =
        values.keys().map(|name| metric(name).unwrap_or_else(|| json!({"Name": name}))).collect();
    let dimensions: Vec<&String> = labels.iter().map(|(name, _)| name).collect();
    let described = json!([{"Namespace": NAMESPACE, "Dimensions": [dimensions], "Metrics": metrics}]);
    let mut document = Map::new();
    document.insert("_aws".to_owned(), json!({"Timestamp": TIMESTAMP, "CloudWatchMetrics": described}));
    document.extend(labels.into_iter().map(|(name, value)| (name, json!(value))));
    document.extend(values);
    Value::Object(document).to_string()
}

#[cfg(test)]
mod tests {
    use metrics::{Recorder as _, counter, gauge, histogram};
    use metrics_util::debugging::DebuggingRecorder;

    use super::*;

    const TABLE: &[Metric] = &[
        Metric::counter("Things", "Things"),
        Metric::gauge("Rooms", "Rooms"),
        Metric::milliseconds("Wait", "Wait").by(&["Pool"]),
    ];

    /// What happens in two events of an instance.
    fn happen(event: u32) {
        if event == 0 {
            gauge!("Rooms").set(7.5);
            counter!("Things").increment(3);
            histogram!("Wait", "Pool" => "ec2-x64").record(12.25);
            histogram!("Wait", "Pool" => "ec2-x64").record(1200.0);
        }
        counter!("Things", "Pool" => "ec2-x64").increment(0);
    }

    #[test]
    fn they_are_as_long_as_those_that_the_functions_write() {
        let theirs = metrics_cloudwatch_embedded::Builder::new();
        let theirs = theirs.cloudwatch_namespace(NAMESPACE).with_timestamp(TIMESTAMP).init().unwrap();
        let ours = DebuggingRecorder::new();
        ours.describe_counter("Things".into(), None, "".into());
        metrics::describe_counter!("Things", metrics::Unit::Count, "");
        metrics::describe_gauge!("Rooms", metrics::Unit::Count, "");
        metrics::describe_histogram!("Wait", metrics::Unit::Milliseconds, "");
        let snapshotter = ours.snapshotter();
        for (event, lines_expected) in [(0, 2), (1, 1)] {
            let mut written = Vec::new();
            happen(event);
            theirs.flush(&mut written).unwrap();
            metrics::with_local_recorder(&ours, || happen(event));
            let lines = split(snapshotter.snapshot(), TABLE);
            let written = String::from_utf8(written).unwrap();
            assert_eq!((lines.len(), written.lines().count()), (lines_expected, lines_expected), "{written}");
            let lengths = |lines: &mut dyn Iterator<Item = &str>| lines.map(str::len).collect::<Vec<_>>();
            let (ours, theirs) =
                (lengths(&mut lines.iter().map(String::as_str)), lengths(&mut written.lines()));
            assert_eq!(ours, theirs, "{lines:?}\n{written}");
        }
    }
}
