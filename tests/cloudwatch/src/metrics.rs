//! Metrics, as `CloudWatch` has them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

/// What makes a metric another one, and costs money once more.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MetricKey {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its dimensions, each with its value.
    pub dimensions: BTreeMap<String, String>,
}

#[derive(Debug, Clone)]
struct Datapoint {
    at: Timestamp,
    value: f64,
    unit: Option<String>,
}

/// How the values of a period become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Statistic {
    /// They add up.
    Sum,
    /// The largest one.
    Maximum,
}

/// All metrics.
#[derive(Debug, Clone, Default)]
pub struct Metrics(BTreeMap<MetricKey, Vec<Datapoint>>);

impl Metrics {
    /// Takes a line of a log, and makes metrics of what it names as such.
    pub fn take(&mut self, line: &str, at: Timestamp) {
        let line: Value = serde_json::from_str(line).unwrap();
        for described in line["_aws"]["CloudWatchMetrics"].as_array().into_iter().flatten() {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            for set in described["Dimensions"].as_array().unwrap() {
                let names = set.as_array().unwrap().iter().map(text);
                let dimensions: BTreeMap<_, _> =
                    names.map(|name| (name.clone(), text(&line[name]))).collect();
                for metric in described["Metrics"].as_array().unwrap() {
                    let name = text(&metric["Name"]);
                    let values = match &line[&name] {
                        Value::Array(values) => values.clone(),
                        value => vec![value.clone()],
                    };
                    let unit = metric["Unit"].as_str().map(str::to_owned);
                    let namespace = text(&described["Namespace"]);
                    let points = self.0.entry(MetricKey { namespace, name, dimensions: dimensions.clone() });
                    points.or_default().extend(values.iter().map(|value| Datapoint {
                        at,
                        value: value.as_f64().unwrap(),
                        unit: unit.clone(),
                    }));
                }
            }
        }
    }

    /// Puts a value, as `PutMetricData` does.
    pub fn put(&mut self, key: MetricKey, at: Timestamp, value: f64, unit: &str) {
        let unit = Some(unit.to_owned());
        self.0.entry(key).or_default().push(Datapoint { at, value, unit });
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The metrics, each with the hours in which it has values: it is paid by the hour.
    pub fn hours(&self) -> impl Iterator<Item = (&MetricKey, usize)> {
        self.0.iter().map(|(key, points)| {
            let mut hours: Vec<i64> =
                points.iter().map(|point| point.at.as_second().div_euclid(3600)).collect();
            hours.dedup();
            (key, hours.len())
        })
    }

    /// A statistic of a time; of values in this unit, where one is named. `None` where there are none.
    pub fn statistic(
        &self,
        key: &MetricKey,
        statistic: Statistic,
        unit: Option<&str>,
        (from, to): (Timestamp, Timestamp),
    ) -> Option<f64> {
        let points = self.0.get(key)?.iter();
        let points = points.filter(|it| it.at >= from && it.at < to);
        let points = points.filter(|it| unit.is_none_or(|unit| it.unit.as_deref() == Some(unit)));
        let values = points.map(|point| point.value);
        match statistic {
            Statistic::Sum => values.reduce(|sum, value| sum + value),
            Statistic::Maximum => values.reduce(f64::max),
        }
    }
}
