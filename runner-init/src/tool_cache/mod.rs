//! The tool cache, restored before the first question: what every job of the pool may read, and none
//! may write.
//!
//! Everything is read into a folder beside it first. From there whole versions are moved into place, so that a
//! job finds a version whole or not at all.

mod archive;
mod bounds;
mod markers;
mod place;
mod tree;

use std::io;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use self::bounds::{Bounds, Progress};
pub use self::markers::Markers;

/// Where the tool cache comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolCacheSource {
    /// A tar, with or without zstd, at a path or an `https://` URL.
    Archive {
        /// Where it is.
        place: String,
        /// The SHA-256 that it has to have.
        sha256: [u8; 32],
    },
    /// A folder, or a link to one, that is laid out as the tool cache is.
    Tree(PathBuf),
}

/// Why there is no tool cache. The job runs without it, only slower.
#[derive(Debug, thiserror::Error)]
pub enum NotRestored {
    /// It could not be read or written, or it is over a bound.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It could not be fetched.
    #[error("{0}")]
    Fetch(Box<ureq::Error>),
    /// It is not what it should be, and is not used.
    #[error("its SHA-256 is another one, so it is not used")]
    OtherDigest,
    /// It was read when there was no time left.
    #[error("it is not there in time")]
    OutOfTime,
    /// A fault of this program.
    #[error("PID 1 panicked")]
    Panicked,
}

/// A restore under way, on a thread of its own. A source may keep a read waiting for ever, so nobody waits for
/// the thread: it is left alone, and ends with the process.
#[derive(Debug)]
pub(crate) struct Restore(Arc<Progress>);

impl Restore {
    /// Starts it. `ended` is dropped at its end, which whoever holds the other end sees.
    pub(crate) fn start(source: ToolCacheSource, folder: PathBuf, ended: UnixStream) -> Self {
        let progress = Arc::new(Progress::default());
        let of_thread = Arc::clone(&progress);
        std::thread::spawn(move || {
            restore_and_tell(&source, &folder, &of_thread);
            drop(ended);
        });
        Self(progress)
    }

    /// Gives it up, unless it is done but for the moves: nothing more of it gets into the tool cache.
    pub(crate) fn give_up(&self) {
        if self.0.give_up() {
            tracing::warn!(error = %NotRestored::OutOfTime, "tool cache not restored");
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the real time that a real restore takes")]
fn restore_and_tell(source: &ToolCacheSource, folder: &Path, progress: &Arc<Progress>) {
    let began = Instant::now();
    let restored = catch_unwind(AssertUnwindSafe(|| restore(source, folder, progress)));
    match restored.unwrap_or(Err(NotRestored::Panicked)) {
        Ok(Restored { versions, bytes }) => {
            let seconds = began.elapsed().as_secs_f64();
            tracing::info!(versions, bytes, seconds, "tool cache restored");
        }
        // Who gave it up has told so.
        Err(_) if progress.is_given_up() => {}
        Err(error) => tracing::warn!(%error, "tool cache not restored"),
    }
}

/// What was restored.
struct Restored {
    versions: usize,
    /// Those that were written on the way, also for what is deleted again.
    bytes: u64,
}

fn restore(
    source: &ToolCacheSource,
    folder: &Path,
    progress: &Arc<Progress>,
) -> Result<Restored, NotRestored> {
    std::fs::create_dir_all(folder)?;
    let bounds = Bounds::new(folder, Arc::clone(progress))?;
    // Beside the versions, so that a move is a rename; for nobody else until then.
    let staging = tempfile::Builder::new().prefix(".restoring-").tempdir_in(folder)?;
    let read = staging.path().join("read");
    std::fs::create_dir(&read)?;
    match source {
        ToolCacheSource::Archive { place, sha256 } => {
            archive::unpack(&archive::copy(place, sha256, staging.path(), &bounds)?, &read, &bounds)?;
        }
        ToolCacheSource::Tree(tree) => tree::copy(tree, &read, &bounds)?,
    }
    if !progress.move_into_place() {
        return Err(NotRestored::OutOfTime);
    }
    Ok(Restored { versions: place::place(&read, folder)?, bytes: bounds.written() })
}
