//! The functions' log, whose bytes are counted.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws::boot::CostLines;
use sandbox::FunctionName;
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;

/// What CloudWatch counts for an event besides its message (`PutLogEvents`).
const BYTES_OF_AN_EVENT: usize = 26;

/// The log. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct CountedLog(Arc<Mutex<LinesWritten>>);

#[derive(Debug, Default)]
struct LinesWritten {
    /// Whose line is written.
    by: Option<FunctionName>,
    bytes: BTreeMap<FunctionName, f64>,
    /// Which functions have cost lines that are not sent yet.
    puts: BTreeSet<FunctionName>,
}

impl CountedLog {
    /// Takes the lines, like a function's own log on Lambda, at the template's level.
    pub(crate) fn lines(&self) -> impl Subscriber + Send + Sync + 'static {
        let log = self.clone();
        let costs = self.clone();
        let lines = aws::boot::log(LevelFilter::INFO, move || log.clone());
        lines.with(CostLines::to(move |line| costs.cost(&line)))
    }

    /// A line with what a runner cost: it is collected like the others, and costs its bytes and those of an event.
    fn cost(&self, line: &str) {
        let mut written = self.written();
        if let Some(function) = written.by {
            let bytes = u32::try_from(line.len() + BYTES_OF_AN_EVENT).unwrap_or(u32::MAX);
            *written.bytes.entry(function).or_default() += f64::from(bytes);
            written.puts.insert(function);
        }
    }

    /// Whether this function's ending event has cost lines to send.
    pub(super) fn takes_put(&self, function: FunctionName) -> bool {
        self.written().puts.remove(&function)
    }

    /// Does something of this function's.
    pub(super) fn of<T>(&self, function: FunctionName, act: impl FnOnce() -> T) -> T {
        self.written().by = Some(function);
        let done = act();
        self.written().by = None;
        done
    }

    /// Whose step it is.
    pub(super) fn by(&self) -> Option<FunctionName> {
        self.written().by
    }

    /// Bytes of each function's lines.
    pub(super) fn bytes(&self) -> BTreeMap<FunctionName, f64> {
        self.written().bytes.clone()
    }

    fn written(&self) -> MutexGuard<'_, LinesWritten> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for CountedLog {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let mut written = self.written();
        if let Some(function) = written.by {
            *written.bytes.entry(function).or_default() +=
                f64::from(u32::try_from(buffer.len()).unwrap_or(u32::MAX));
        }
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
