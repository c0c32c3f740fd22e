//! Which metrics are `CloudWatch`'s. All of them are lines of the log; `CloudWatch` makes a metric of what a line in its
//! embedded metric format names under `_aws` ("Specification: Embedded metric format"), and asks $0.30 a month for each name
//! with each value of its dimensions, by the hour in which it has values. So a line names only what an alarm watches, and only
//! where it is not zero; and it names no dimension. The fields by which it is split stay in the line, for queries of the log.

use std::collections::BTreeSet;
use std::io;

use fleet::metric::Metric;
use serde_json::{Value, json};

/// The names of the metrics that an alarm watches.
pub fn watched(table: &[Metric]) -> impl Iterator<Item = &'static str> {
    table.iter().filter(|metric| metric.needs_alarm).map(|metric| metric.name)
}

/// These lines, as the functions write them. `lines` are those of `metrics_cloudwatch_embedded`, which names every metric with
/// all of its labels. An error if one is no JSON.
pub fn published(lines: &[u8], watched: &BTreeSet<&'static str>) -> io::Result<Vec<u8>> {
    let mut written = Vec::with_capacity(lines.len());
    for line in lines.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        serde_json::to_writer(&mut written, &narrowed(serde_json::from_slice(line)?, watched))?;
        written.push(b'\n');
    }
    Ok(written)
}

/// One of the lines.
fn narrowed(mut line: Value, watched: &BTreeSet<&'static str>) -> Value {
    let named = line.pointer("/_aws/CloudWatchMetrics/0/Metrics").and_then(Value::as_array);
    let kept = named.into_iter().flatten().filter(|metric| {
        let name = metric["Name"].as_str().unwrap_or_default();
        watched.contains(name) && line.get(name).and_then(Value::as_f64) != Some(0.0)
    });
    let kept: Vec<Value> = kept.cloned().collect();
    if kept.is_empty() {
        if let Some(line) = line.as_object_mut() {
            line.remove("_aws");
        }
    } else if let Some(described) = line.pointer_mut("/_aws/CloudWatchMetrics/0") {
        described["Dimensions"] = json!([[]]);
        described["Metrics"] = Value::Array(kept);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line of `metrics_cloudwatch_embedded`, with these metrics and their values, split by the pool.
    fn line(metrics: &[(&str, Value)]) -> Value {
        let names: Vec<Value> =
            metrics.iter().map(|(name, _)| json!({"Name": name, "Unit": "Count"})).collect();
        let described = json!({"Namespace": "Mayfly", "Dimensions": [["Pool"]], "Metrics": names});
        let mut line = json!({"_aws": {"Timestamp": 1, "CloudWatchMetrics": [described]}, "Pool": "ec2-x64"});
        metrics.iter().for_each(|(name, value)| line[name] = value.clone());
        line
    }

    #[test]
    fn cloudwatch_gets_what_is_watched_and_not_zero_and_the_log_gets_all() {
        let watched = BTreeSet::from(["BreakersOpened", "OldestUnservedSeconds"]);
        for (metrics, expected, why) in [
            (vec![("RunnersLaunched", json!(3))], None, "nobody watches it"),
            (vec![("BreakersOpened", json!(1))], Some(vec!["BreakersOpened"]), "an alarm does"),
            (
                vec![("RunnersLaunched", json!(3)), ("BreakersOpened", json!(1))],
                Some(vec!["BreakersOpened"]),
                "both in one line",
            ),
            (vec![("OldestUnservedSeconds", json!(0.0))], None, "a gauge at zero"),
            (vec![("OldestUnservedSeconds", json!(7.5))], Some(vec!["OldestUnservedSeconds"]), "a gauge"),
            (vec![("BreakersOpened", json!([0.0, 2.0]))], Some(vec!["BreakersOpened"]), "several values"),
        ] {
            let found = narrowed(line(&metrics), &watched);
            let described = found.pointer("/_aws/CloudWatchMetrics/0");
            let names = described.map(|it| {
                let names = it["Metrics"].as_array().unwrap().iter();
                names.map(|metric| metric["Name"].as_str().unwrap()).collect::<Vec<_>>()
            });
            assert_eq!(names, expected, "{why}");
            assert_eq!(found.get("_aws").is_some(), expected.is_some(), "{why}");
            assert!(described.is_none_or(|it| it["Dimensions"] == json!([[]])), "{why}");
            assert_eq!(found["Pool"], "ec2-x64", "{why}");
            assert!(metrics.iter().all(|(name, value)| found[name] == *value), "{why}");
        }
    }

    #[test]
    fn each_line_stays_one() {
        let lines = format!(
            "{}\n{}\n",
            line(&[("RunnersLaunched", json!(1))]),
            line(&[("BreakersOpened", json!(1))])
        );
        let found = published(lines.as_bytes(), &BTreeSet::from(["BreakersOpened"])).unwrap();
        let found = String::from_utf8(found).unwrap();
        assert_eq!(found.lines().map(|line| line.contains("_aws")).collect::<Vec<_>>(), [false, true]);
        assert!(found.ends_with('\n'));
    }
}
