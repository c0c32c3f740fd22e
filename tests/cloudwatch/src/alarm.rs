//! Alarms, as `CloudWatch` evaluates them (CloudWatch, "Using Amazon CloudWatch alarms": evaluation, and how missing data
//! are treated).

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::metrics::{MetricKey, Metrics, Statistic};

/// Periods before the evaluated ones in which `CloudWatch` looks for values where some are missing. It does not say how
/// many; the examples of its guide have two.
const PERIODS_BEFORE: u32 = 2;

/// How far an alarm is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlarmState {
    /// All is well.
    Ok,
    /// It fires.
    Alarm,
    /// Nobody knows.
    InsufficientData,
}

/// How a period without values counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum MissingData {
    /// As one within the threshold.
    NotBreaching,
    /// As one beyond it.
    Breaching,
    /// The state stays.
    Ignore,
    /// Not at all: without any value, nobody knows.
    Missing,
}

/// How a value is compared with the threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Comparison {
    /// Beyond it.
    GreaterThanThreshold,
    /// At it, or beyond.
    GreaterThanOrEqualToThreshold,
}

/// An alarm of a template; an unknown property is an error, because it may mean that the alarm fires at other times.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct Alarm {
    /// What it says.
    pub alarm_description: String,
    namespace: String,
    /// The metric's name.
    pub metric_name: String,
    #[serde(default)]
    dimensions: Vec<Dimension>,
    statistic: Statistic,
    unit: Option<String>,
    #[serde(deserialize_with = "number")]
    period: i64,
    #[serde(deserialize_with = "number")]
    evaluation_periods: u32,
    #[serde(default, rename = "DatapointsToAlarm", deserialize_with = "number_or_none")]
    datapoints: Option<u32>,
    #[serde(deserialize_with = "number")]
    threshold: f64,
    comparison_operator: Comparison,
    treat_missing_data: MissingData,
    /// Who hears when it fires.
    pub alarm_actions: Value,
    /// Who hears when it is over.
    #[serde(rename = "OKActions")]
    pub ok_actions: Value,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Dimension {
    name: String,
    value: String,
}

/// A number, which a template's mapping has as a text.
fn number<'de, D: Deserializer<'de>, T: std::str::FromStr>(deserializer: D) -> Result<T, D::Error> {
    let text = match Value::deserialize(deserializer)? {
        Value::String(text) => text,
        value => value.to_string(),
    };
    text.parse().map_err(|_| serde::de::Error::custom(format!("{text} is no number")))
}

fn number_or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    number(deserializer).map(Some)
}

impl Alarm {
    /// The metric that it watches.
    pub fn key(&self) -> MetricKey {
        let dimensions: BTreeMap<_, _> =
            self.dimensions.iter().map(|it| (it.name.clone(), it.value.clone())).collect();
        MetricKey { namespace: self.namespace.clone(), name: self.metric_name.clone(), dimensions }
    }

    /// Its state at the end of each period of a time.
    pub fn states(&self, metrics: &Metrics, from: Timestamp, to: Timestamp) -> Vec<(Timestamp, AlarmState)> {
        let (mut states, mut state) = (Vec::new(), AlarmState::InsufficientData);
        let begin = from.as_second().div_euclid(self.period) * self.period;
        for end in (begin + self.period..=to.as_second()).step_by(usize::try_from(self.period).unwrap()) {
            let end = Timestamp::from_second(end).unwrap();
            state = self.evaluated(&self.breaches(metrics, end), state);
            states.push((end, state));
        }
        states
    }

    /// Whether each period up to this time was beyond the threshold, the oldest first; `None` of one without values.
    fn breaches(&self, metrics: &Metrics, end: Timestamp) -> Vec<Option<bool>> {
        let (key, period) = (self.key(), SignedDuration::from_secs(self.period));
        let periods = i32::try_from(self.evaluation_periods + PERIODS_BEFORE).unwrap();
        let values = (1..=periods).rev().map(|back| {
            let from = end - period * back;
            metrics.statistic(&key, self.statistic, self.unit.as_deref(), (from, from + period))
        });
        let is_beyond = |value: f64| match self.comparison_operator {
            Comparison::GreaterThanThreshold => value > self.threshold,
            Comparison::GreaterThanOrEqualToThreshold => value >= self.threshold,
        };
        values.map(|value| value.map(is_beyond)).collect()
    }

    /// The state that follows. Where values are missing, older ones of the same range count in their place; only if
    /// those are too few, the missing ones are treated as the alarm says.
    fn evaluated(&self, breaches: &[Option<bool>], before: AlarmState) -> AlarmState {
        let wanted = usize::try_from(self.evaluation_periods).unwrap();
        let to_alarm = usize::try_from(self.datapoints.unwrap_or(self.evaluation_periods)).unwrap();
        let real: Vec<bool> = breaches.iter().rev().filter_map(|breach| *breach).take(wanted).collect();
        let missing = wanted - real.len();
        let beyond = real.iter().filter(|breach| **breach).count();
        let is_all_beyond = beyond == real.len();
        match self.treat_missing_data {
            _ if beyond >= to_alarm => AlarmState::Alarm,
            _ if missing == 0 => AlarmState::Ok,
            MissingData::Breaching if beyond + missing >= to_alarm => AlarmState::Alarm,
            MissingData::Missing if real.is_empty() => AlarmState::InsufficientData,
            MissingData::Missing if is_all_beyond => AlarmState::Alarm,
            MissingData::Ignore if is_all_beyond => before,
            _ => AlarmState::Ok,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn alarm(to_alarm: u32, missing: &str) -> Alarm {
        serde_json::from_value(json!({
            "AlarmDescription": "", "Namespace": "N", "MetricName": "M", "Statistic": "Sum", "Period": "300",
            "EvaluationPeriods": 3, "DatapointsToAlarm": to_alarm, "Threshold": "1",
            "ComparisonOperator": "GreaterThanOrEqualToThreshold", "TreatMissingData": missing,
            "AlarmActions": [], "OKActions": [],
        }))
        .unwrap()
    }

    /// The two tables of CloudWatch's guide, "Configuring how CloudWatch alarms treat missing data": the points of the range,
    /// with 0 within the threshold, X beyond it and - missing.
    #[test]
    fn missing_data_are_treated_as_in_the_examples_of_the_guide() {
        use AlarmState::{Alarm as A, InsufficientData as I, Ok as O};
        let kept = A;
        for (to_alarm, points, missing, ignore, breaching, not_breaching) in [
            (3, "0-X-X", O, O, O, O),
            (3, "0----", O, O, O, O),
            (3, "-----", I, kept, A, O),
            (3, "0XX-X", A, A, A, A),
            (3, "--X--", A, kept, A, O),
            (2, "0-X-X", A, A, A, A),
            (2, "00X0X", A, A, A, A),
            (2, "0-X--", O, O, A, O),
            (2, "----0", O, O, A, O),
            (2, "---X-", A, kept, A, O),
        ] {
            let breaches: Vec<Option<bool>> =
                points.chars().map(|it| (it != '-').then_some(it == 'X')).collect();
            let found = ["missing", "ignore", "breaching", "notBreaching"]
                .map(|treated| alarm(to_alarm, treated).evaluated(&breaches, kept));
            assert_eq!(found, [missing, ignore, breaching, not_breaching], "{to_alarm} of 3: {points}");
        }
    }
}
