//! What is logged and counted while something is done.

use std::io;
use std::sync::{Arc, Mutex};

use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use serde_json::Value;
use tracing::Level;

/// Log lines and metrics.
#[derive(Debug)]
pub struct Recording {
    /// The log as it was written.
    pub log: String,
    /// Each line's JSON.
    pub lines: Vec<Value>,
    /// Each metric as `Name{Dimension=Value}`, with what it came to; by name.
    pub metrics: Vec<(String, DebugValue)>,
}

#[derive(Debug, Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl io::Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Records what `act` logs and counts.
pub fn record<T>(act: impl FnOnce() -> T) -> (T, Recording) {
    let buffer = Buffer::default();
    let writer = buffer.clone();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_max_level(Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let result =
        metrics::with_local_recorder(&recorder, || tracing::subscriber::with_default(subscriber, act));
    let log = String::from_utf8(buffer.0.lock().unwrap().clone()).unwrap();
    let lines = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let counted = snapshotter.snapshot().into_vec().into_iter();
    let mut metrics: Vec<_> = counted.map(|(key, _, _, value)| (named(key.key()), value)).collect();
    metrics.sort_by(|one, other| one.0.cmp(&other.0));
    (result, Recording { log, lines, metrics })
}

fn named(key: &metrics::Key) -> String {
    let labels: Vec<String> =
        key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
    if labels.is_empty() { key.name().to_owned() } else { format!("{}{{{}}}", key.name(), labels.join(",")) }
}

impl Recording {
    /// What a counter came to; 0 if it was never counted.
    pub fn count(&self, metric: &str) -> u64 {
        match self.metrics.iter().find(|(name, _)| name == metric) {
            Some((_, DebugValue::Counter(count))) => *count,
            Some((_, other)) => panic!("{metric} is not a counter: {other:?}"),
            None => 0,
        }
    }

    /// What a gauge was set to last.
    pub fn gauge(&self, metric: &str) -> f64 {
        match self.metrics.iter().find(|(name, _)| name == metric) {
            Some((_, DebugValue::Gauge(value))) => value.0,
            other => panic!("{metric} is not a gauge: {other:?}"),
        }
    }

    /// The values that a histogram took.
    pub fn values(&self, metric: &str) -> Vec<f64> {
        match self.metrics.iter().find(|(name, _)| name == metric) {
            Some((_, DebugValue::Histogram(values))) => values.iter().map(|value| value.0).collect(),
            other => panic!("{metric} is not a histogram: {other:?}"),
        }
    }

    /// The fields of the lines that say this.
    pub fn lines(&self, message: &str) -> Vec<&Value> {
        self.lines.iter().filter(|line| line["fields"]["message"] == message).collect()
    }
}
