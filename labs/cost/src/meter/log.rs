//! The functions' log, of which the bytes are counted.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sandbox::FunctionName;
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;

/// The log. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct CountedLog(Arc<Mutex<LinesWritten>>);

#[derive(Debug, Default)]
struct LinesWritten {
    /// Whose line is written.
    by: Option<FunctionName>,
    bytes: BTreeMap<FunctionName, f64>,
}

impl CountedLog {
    /// What takes the lines, as a function's own log does on Lambda, at the level that the template leaves.
    pub(crate) fn lines(&self) -> impl Subscriber + Send + Sync + 'static {
        let log = self.clone();
        aws::boot::log(LevelFilter::INFO, move || log.clone())
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
